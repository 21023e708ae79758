"""The nfs broker over its protocol, and a server that forgets its client: idle, held up, or after a restart."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from fakes.nfs_server import NfsServer, helpers, started_nfs_server
from scale_broker_nfs.broker import NfsBroker
from scale_core.storage.parts import PARTS

pytestmark = pytest.mark.any_database

LEASE = 2
GRACE = 4
LARGE = 64 << 20
NUMBERS = count()


@pytest.fixture(scope="module")
def forgetful() -> Iterator[NfsServer]:
    """A server that soon forgets who says nothing."""
    with started_nfs_server(lease=LEASE) as server:
        yield server


@pytest.fixture
def graceful() -> Iterator[NfsServer]:
    """A server of one test, which opens no files for some seconds after its start."""
    with started_nfs_server(lease=LEASE, grace=GRACE) as server:
        yield server


def made(server: NfsServer) -> NfsBroker:
    """A broker of a workspace of its own."""
    folder = server.path("data") / f"workspace-{next(NUMBERS)}"
    folder.mkdir()
    return NfsBroker.from_settings(server.configuration("data", f"/{folder.name}"), server.options(timeout=60.0))


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(os.urandom(1 << 20) * (LARGE >> 20))
    return path


def use_all(broker: NfsBroker, source: Path, out: Path) -> None:
    """What a broker does, with a file ``x`` that is there."""
    assert broker.stat("x") == source.stat().st_size
    stored = broker.store(source, "a/y")
    broker.retrieve_verified("a/y", out, stored.checksum)
    out.unlink()
    broker.move("a/y", "b/z")
    assert [one.path for one in broker.list_files("", "", 10)] == ["b/z", "x"]
    with broker.open("b/z") as stream:
        assert stream.read() == source.read_bytes()
    broker.delete("b/z")
    assert [one.path for one in broker.list_files("", "", 10)] == ["x"]


def test_an_idle_client_works_on_when_its_lease_is_over(forgetful: NfsServer, tmp_path: Path) -> None:
    """What the server answers depends on when it looks for leases that are over, so that some are idle for longer."""
    source = tmp_path / "source"
    source.write_bytes(b"content")
    idle = [LEASE + quarter / 4 for quarter in range(-2, 8)]
    brokers = [made(forgetful) for _ in idle]
    for broker in brokers:
        broker.store(source, "x")

    def work(number: int) -> None:
        broker = brokers[number]
        broker.store(source, "x")
        time.sleep(idle[number])
        broker.store(source, "x")
        use_all(broker, source, tmp_path / f"{number}")

    with ThreadPoolExecutor(len(idle)) as pool:
        assert list(pool.map(work, range(len(idle)))) == [None] * len(idle)
    for broker in brokers:
        broker.close()


class HeldUp:
    """Stops the process that works for a broker at the first news of its progress, until its lease is over."""

    def __init__(self, broker: NfsBroker) -> None:
        before = set(helpers())
        broker.check()
        (self._helper,) = set(helpers()) - before
        self.is_due = True

    def __call__(self, done: int) -> None:
        if self.is_due and done:
            self.is_due = False
            os.kill(self._helper, signal.SIGSTOP)
            time.sleep(LEASE * 2.5)
            os.kill(self._helper, signal.SIGCONT)


def test_a_transfer_that_is_held_up_for_longer_than_the_lease_ends_well(
    forgetful: NfsServer, large: Path, tmp_path: Path
) -> None:
    broker = made(forgetful)
    hold_up = HeldUp(broker)
    stored = broker.with_progress(hold_up).store(large, "x")
    assert stored.size == LARGE
    assert broker.checksum("x") == stored.checksum
    hold_up.is_due = True
    broker.with_progress(hold_up).retrieve_verified("x", tmp_path / "out", stored.checksum)
    assert not list((forgetful.path("data")).glob(f"*/{PARTS}/*"))
    broker.close()


def test_a_file_that_is_open_is_read_on_when_the_lease_is_over(forgetful: NfsServer, large: Path) -> None:
    broker = made(forgetful)
    hold_up = HeldUp(broker)
    broker.store(large, "x")
    with broker.open("x") as stream, large.open("rb") as expected:
        assert stream.read(5 << 20) == expected.read(5 << 20)
        hold_up(1)
        assert stream.read() == expected.read()
    broker.close()


def test_a_server_that_restarts_between_two_calls_costs_nothing(graceful: NfsServer, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"content" * 1000)
    broker = made(graceful)
    broker.store(source, "x")
    with broker.open("x") as stream:
        graceful.kill()
        graceful.start()
        use_all(broker, source, tmp_path / "out")
        assert stream.read() == source.read_bytes()
    broker.close()
