"""The connections that the fsspec broker keeps from one call to the next, to an SFTP server."""

import gc
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from fakes.connections import connections_to
from fakes.sftp_server import SftpServer, sftp_server
from fakes.storage import at_last
from fakes.waiting import SECONDS, until_equal
from fakes.wire import Wire
from scale_broker_fsspec.broker import FsspecBroker
from scale_broker_fsspec.hosts import ask
from scale_core.interfaces.broker import FileMissing, StorageUnavailable

pytestmark = pytest.mark.any_database

NUMBERS = count(1)
TIMEOUT_SECONDS = 1.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    with sftp_server(tmp_path_factory.mktemp("sftp")) as running:
        yield running


@pytest.fixture
def wire(server: SftpServer) -> Iterator[Wire]:
    with Wire(server.url) as wire:
        yield wire


@pytest.fixture
def broker(server: SftpServer, wire: Wire) -> Iterator[FsspecBroker]:
    """One whose connections are counted at ``wire``, with the file ``x`` in its workspace."""
    broker = made(server, wire)
    yield broker
    broker.close()


def made(server: SftpServer, wire: Wire, **options: Any) -> FsspecBroker:
    """A broker that has worked."""
    configuration = server.configuration(f"/kept/{next(NUMBERS)}", wire.port)
    broker = FsspecBroker.from_settings(configuration, server.options(wire.port, **options))
    at_last(broker.check)
    at_last(lambda: put(server, broker, "x"))
    return broker


def put(server: SftpServer, broker: FsspecBroker, name: str) -> None:
    (server.root / "in").write_bytes(b"content")
    broker.store(server.root / "in", name)


def test_calls_one_after_the_other_share_a_connection(server: SftpServer, broker: FsspecBroker, tmp_path: Path) -> None:
    before = len(server.connections)
    put(server, broker, "y")
    broker.move("y", "z")
    broker.retrieve("z", tmp_path / "out")
    with broker.open("z") as stream:
        assert stream.read() == b"content"
    with pytest.raises(FileMissing):
        broker.stat("y")
    broker.with_progress(print).delete("z")
    assert len(server.connections) == before


USES: Mapping[str, Callable[[FsspecBroker, Path], Any]] = {
    "check": lambda broker, place: broker.check(),
    "stat": lambda broker, place: broker.stat("x"),
    "checksum": lambda broker, place: broker.checksum("x"),
    "retrieve": lambda broker, place: broker.retrieve("x", place / "out"),
    "open": lambda broker, place: broker.open("x").close(),
    "move": lambda broker, place: broker.move("x", "y"),
    "delete": lambda broker, place: broker.delete("x"),
    "store": lambda broker, place: broker.store(Path(__file__), "new"),
}


@pytest.mark.parametrize("use", USES)
def test_where_the_connection_has_died_a_call_connects_anew(
    server: SftpServer, broker: FsspecBroker, wire: Wire, tmp_path: Path, use: str
) -> None:
    before = len(server.connections)
    wire.cut_all()
    USES[use](broker, tmp_path)
    assert len(server.connections) == before + 1


def test_a_server_that_hangs_over_a_kept_connection_costs_one_time_out(server: SftpServer, wire: Wire) -> None:
    broker = made(server, wire, timeout_seconds=TIMEOUT_SECONDS)
    wire.break_after(0, "stall", "up")
    started = time.monotonic()
    with pytest.raises(StorageUnavailable, match="did not answer within 1 s"):
        broker.stat("x")
    assert time.monotonic() - started >= TIMEOUT_SECONDS
    wire.mend()
    broker.close()


def test_a_connection_that_nobody_uses_ends(
    server: SftpServer, wire: Wire, broker: FsspecBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.close()
    monkeypatch.setattr("scale_broker_fsspec.session.KEEP_SECONDS", 0.05)
    with broker.open("x") as stream:
        assert stream.read(1) == b"c"
        broker.stat("x")
        until_equal(lambda: connections_to(wire.port), 1)  # that of the stream is used
        assert stream.read() == b"ontent"
    until_equal(lambda: connections_to(wire.port), 0)
    assert broker.stat("x") == 7


def test_connections_end_with_the_broker_and_when_it_is_closed(server: SftpServer, wire: Wire) -> None:
    broker = made(server, wire)
    assert connections_to(wire.port) == 1
    broker.close()
    until_equal(lambda: connections_to(wire.port), 0)
    broker.check()
    assert connections_to(wire.port) == 1
    del broker
    gc.collect()
    until_equal(lambda: connections_to(wire.port), 0)


def test_threads_have_a_connection_each_and_no_more_are_made_than_calls_at_a_time(
    server: SftpServer, wire: Wire
) -> None:
    broker = made(server, wire, transfers=2)
    before = len(server.connections)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: broker.checksum("x"), range(20))) == [broker.checksum("x")] * 20
    assert len(server.connections) <= before + 1
    broker.close()


def test_a_forked_process_has_connections_of_its_own(server: SftpServer, broker: FsspecBroker) -> None:
    before = len(server.connections)
    pid = os.fork()
    if pid == 0:
        signal.alarm(int(SECONDS))
        is_good = broker.stat("x") == 7
        broker.close()
        gc.collect()
        os._exit(0 if is_good else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert len(server.connections) == before + 1
    assert broker.stat("x") == 7
    assert len(server.connections) == before + 1


def test_a_connection_over_which_a_call_broke_off_is_not_used_again(
    server: SftpServer, broker: FsspecBroker, wire: Wire, tmp_path: Path
) -> None:
    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broker.with_progress(stop).store(server.root / "in", "y")
    until_equal(lambda: connections_to(wire.port), 0)
    with pytest.raises(FileMissing):
        broker.stat("y")


def test_what_another_has_changed_is_seen_over_a_kept_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    class Remembering(MemoryFileSystem):  # type: ignore[misc]
        """Keeps what it was told of a file, as that of FTP does."""

        protocol = "remembering"

        def info(self, path: str, **_more: Any) -> Any:
            if path not in self.dircache:
                self.dircache[path] = super().info(path)
            return self.dircache[path]

        def invalidate_cache(self, path: str | None = None) -> None:
            self.dircache.clear()

    fsspec.register_implementation("remembering", Remembering, clobber=True)
    configuration = {"type": "fsspec", "protocol": "remembering", "path": "/remembered"}
    broker = FsspecBroker.from_settings(configuration, {"protocols": "remembering"})
    broker.check()
    MemoryFileSystem().pipe_file("/remembered/x", b"content")
    assert broker.stat("x") == 7
    MemoryFileSystem().pipe_file("/remembered/x", b"longer content")
    assert broker.stat("x") == 14
    broker.close()


def test_each_protocol_is_asked_in_its_own_words() -> None:
    said: list[str] = []
    ask(SimpleNamespace(ftp=SimpleNamespace(normalize=said.append)))
    ask(SimpleNamespace(ftp=SimpleNamespace(voidcmd=said.append)))
    ask(SimpleNamespace())
    assert said == [".", "NOOP"]
