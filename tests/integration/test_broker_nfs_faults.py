"""What the nfs broker does where the server, the network or a mount fails."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from fakes.hanging_mount import HangingMount
from fakes.nfs_server import NfsServer
from fakes.storage import LIMIT, at_last
from fakes.waiting import SECONDS
from scale_broker_nfs.broker import NfsBroker
from scale_core.interfaces.broker import BrokerError, FileMissing, StorageFull, StorageUnavailable, StoredFile
from scale_core.storage.parts import PARTS

pytestmark = pytest.mark.any_database

TIMEOUT = 1.0
"""Of brokers of a server that hangs. Others wait longer than a busy machine takes."""

PATIENT = 5.0
"""Of a broker whose server is gone: longer than a busy machine takes for a piece of a file."""

GIVEN_UP_SECONDS = 60.0
LARGE = 200 << 20

MakeBroker = Callable[..., NfsBroker]


@pytest.fixture
def make() -> Iterator[MakeBroker]:
    made: list[NfsBroker] = []

    def make(server: NfsServer, export: str, **options: Any) -> NfsBroker:
        given = server.options(**{"timeout": GIVEN_UP_SECONDS, **options})
        made.append(NfsBroker.from_settings(server.configuration(export), given))
        return made[-1]

    yield make
    for broker in made:
        broker.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"content")
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    with path.open("wb") as file:
        for _ in range(LARGE >> 20):
            file.write(os.urandom(1 << 10) * (1 << 10))
    return path


def test_a_server_that_is_killed_in_the_middle_costs_the_operation_alone(
    own_nfs_server: NfsServer, make: MakeBroker, large: Path
) -> None:
    begun = threading.Event()
    broker = make(own_nfs_server, "data", timeout=PATIENT)
    telling = broker.with_progress(lambda _done: begun.set())
    with ThreadPoolExecutor() as pool:
        storing = pool.submit(telling.store, large, "a/x", move=True)
        assert begun.wait(SECONDS)
        own_nfs_server.kill()
        with pytest.raises(StorageUnavailable):
            storing.result(SECONDS)
    assert large.stat().st_size == LARGE
    own_nfs_server.start()
    with pytest.raises(FileMissing):
        at_last(lambda: broker.stat("a/x"))
    assert at_last(lambda: broker.store(large, "a/x", move=True)).size == LARGE
    assert at_last(lambda: broker.stat("a/x")) == LARGE
    assert not large.exists()


def test_a_server_that_answers_no_more_is_given_up_and_used_again_when_it_does(
    own_nfs_server: NfsServer, make: MakeBroker, source: Path, tmp_path: Path
) -> None:
    broker = make(own_nfs_server, "data", timeout=TIMEOUT)
    at_last(lambda: broker.store(source, "x"))
    with at_last(lambda: broker.open("x")) as stream:
        for use in (
            lambda: broker.store(source, "y"),
            lambda: broker.retrieve("x", tmp_path / "out"),
            lambda: broker.stat("x"),
            lambda: broker.delete("x"),
            stream.read,
            broker.check,
        ):
            with own_nfs_server.stopped():
                started = time.monotonic()
                with pytest.raises(StorageUnavailable):
                    use()
                assert time.monotonic() - started < GIVEN_UP_SECONDS
            assert not (tmp_path / "out").exists()
    at_last(lambda: broker.store(source, "y"))
    assert at_last(lambda: broker.stat("y")) == 7


def test_of_a_file_that_was_retrieved_in_part_nothing_is_left(
    own_nfs_server: NfsServer, make: MakeBroker, large: Path, tmp_path: Path
) -> None:
    broker = make(own_nfs_server, "data", timeout=TIMEOUT)
    at_last(lambda: broker.store(large, "x"))
    with ExitStack() as stopped:

        def stop(_done: int) -> None:
            stopped.enter_context(own_nfs_server.stopped())

        with pytest.raises(StorageUnavailable):
            broker.with_progress(stop).retrieve("x", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_progress_keeps_slow_work_from_being_given_up(own_nfs_server: NfsServer, make: MakeBroker, large: Path) -> None:
    told: list[int] = []
    timeout, pauses, share = 3.0, 4, 0.3  # together longer than is waited for, but each much shorter

    def stutter(done: int) -> None:
        told.append(done)
        if len(told) <= pauses:
            with own_nfs_server.stopped():
                time.sleep(timeout * share)

    def store() -> StoredFile:
        told.clear()
        return broker.with_progress(stutter).store(large, "x")

    broker = make(own_nfs_server, "data", timeout=timeout)
    assert at_last(store).size == LARGE
    assert told == sorted(told)
    assert len(told) > pauses


def test_a_read_only_export_says_so(nfs_server: NfsServer, make: MakeBroker, source: Path) -> None:
    broker = make(nfs_server, "locked")
    for use in (broker.check, lambda: broker.store(source, "x")):
        with pytest.raises(StorageUnavailable, match="Read-only file system"):
            use()
    assert source.exists()


def test_an_export_that_this_user_may_not_write_says_so(nfs_server: NfsServer, make: MakeBroker, source: Path) -> None:
    broker = make(nfs_server, "nobody")
    for use in (broker.check, lambda: broker.store(source, "x")):
        with pytest.raises(StorageUnavailable, match="Permission denied"):
            use()


@pytest.mark.parametrize("taken", [0, LIMIT // 4, LIMIT // 2], ids=["empty", "a quarter is taken", "half is taken"])
def test_a_full_export_says_so_and_keeps_nothing_of_the_file(
    nfs_server: NfsServer, make: MakeBroker, tmp_path: Path, request: pytest.FixtureRequest, taken: int
) -> None:
    """Where a piece fits in part, the library only says that it does not know what became of it."""
    filler = nfs_server.path("small") / "filler"
    filler.write_bytes(bytes(taken))
    request.addfinalizer(filler.unlink)
    broker = make(nfs_server, "small")
    (tmp_path / "in").write_bytes(os.urandom(LIMIT * 5 // 4))
    with pytest.raises(StorageFull, match="No space left on device"):
        broker.store(tmp_path / "in", "x", move=True)
    assert (tmp_path / "in").exists()
    assert list((nfs_server.path("small") / PARTS).iterdir()) == []
    (tmp_path / "in").write_bytes(b"fits")
    assert broker.store(tmp_path / "in", "x").size == 4


def test_an_export_that_is_not_there_and_a_server_that_is_not_there_say_so(
    nfs_server: NfsServer, make: MakeBroker
) -> None:
    with pytest.raises(BrokerError, match="nowhere"):
        make(nfs_server, "nowhere").check()
    with pytest.raises(StorageUnavailable, match="Make it on the server, or name another"):
        make(nfs_server, "nowhere").probe()
    with pytest.raises(StorageUnavailable, match="refused"):
        make(nfs_server, "data", port=1).check()


def test_where_no_client_may_be_used_the_next_step_is_told(nfs_server: NfsServer, make: MakeBroker) -> None:
    with pytest.raises(StorageUnavailable, match=r"is not mounted on this machine.*\[storage\.nfs\]"):
        make(nfs_server, "data", client="off", kernel="off").check()


def test_what_a_killed_process_left_goes_when_it_is_old(nfs_server: NfsServer, make: MakeBroker, source: Path) -> None:
    parts = nfs_server.path("data") / PARTS
    parts.mkdir(exist_ok=True)
    for name in ("old.part", "new.part"):
        (parts / name).write_bytes(b"left")
    os.utime(parts / "old.part", (0, 0))
    make(nfs_server, "data").store(source, "x")
    assert [path.name for path in parts.iterdir()] == ["new.part"]
    (parts / "new.part").unlink()


def test_a_mount_that_hangs_is_given_up_and_used_again_when_it_answers(
    hanging_mount: HangingMount, nfs_server: NfsServer, make: MakeBroker, source: Path, tmp_path: Path
) -> None:
    broker = make(nfs_server, "data", timeout=TIMEOUT, mounts={"127.0.0.1:/data": str(hanging_mount.place)})
    at_last(lambda: broker.store(source, "x"))
    hanging_mount.hang()
    for use in (
        lambda: broker.store(source, "y"),
        lambda: broker.retrieve("x", tmp_path / "out", link=True),
        lambda: broker.stat("x"),
        broker.usage,
        broker.check,
    ):
        started = time.monotonic()
        with pytest.raises(StorageUnavailable, match="made no progress for 1 s"):
            use()
        assert time.monotonic() - started < GIVEN_UP_SECONDS
    hanging_mount.answer()
    assert at_last(lambda: broker.store(source, "y")).size == 7
    assert at_last(lambda: broker.stat("x")) == 7
