"""The fsspec broker against an SFTP server, and a storage of objects in memory."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem
from jsonschema import Draft202012Validator

from fakes.broken_wire import BrokenWireCases
from fakes.connections import connections_to
from fakes.disks import small_disk
from fakes.sftp_server import PASSWORD, SftpServer, sftp_server
from fakes.storage import read_only, small_storage
from fakes.waiting import until
from fakes.wire import Wire
from scale_broker_fsspec.broker import FsspecBroker
from scale_broker_fsspec.faults import broker_error
from scale_broker_fsspec.folder import GIVEN_UP_NS
from scale_broker_fsspec.options import FsspecOptions
from scale_core.interfaces.broker import (
    Broker,
    ContentChanged,
    FileMissing,
    PathRefused,
    StorageFull,
    StorageUnavailable,
)
from scale_core.interfaces.options import OptionError
from scale_core.specs.explain import explain
from scale_core.storage.parts import LEFT_SECONDS, PARTS
from scale_core.testing import BrokerContract

pytestmark = pytest.mark.any_database

NUMBERS = count(1)
MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    with sftp_server(tmp_path_factory.mktemp("sftp")) as running:
        yield running


@pytest.fixture
def folder() -> str:
    return f"/store/{next(NUMBERS)}"


@pytest.fixture
def broker(server: SftpServer, folder: str) -> FsspecBroker:
    return FsspecBroker.from_settings(server.configuration(folder), server.options())


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big"
    path.write_bytes(os.urandom(6 * MIB + 123))
    return path


def sha256(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


class TestOnSftp(BrokerContract):
    @pytest.fixture
    def configuration(self, server: SftpServer, folder: str) -> Mapping[str, Any]:
        return server.configuration(folder)

    @pytest.fixture
    def options(self, server: SftpServer) -> Mapping[str, Any]:
        return server.options()

    @pytest.fixture
    def broker(self, configuration: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[FsspecBroker]:
        broker = FsspecBroker.from_settings(configuration, options)
        broker.check()
        yield broker
        broker.close()

    @pytest.fixture
    def outside_link(self, server: SftpServer, folder: str) -> Callable[[str, Path], None]:
        elsewhere = server.root / "elsewhere"
        elsewhere.mkdir(exist_ok=True)

        def link(path: str, target: Path) -> None:
            # The server shows its own folder alone: what is outside is outside of the workspace.
            if target.is_dir():
                (server.root / folder[1:] / path).symlink_to("../../elsewhere")
            else:
                (elsewhere / "secret").write_bytes(target.read_bytes())
                (server.root / folder[1:] / path).symlink_to("../../elsewhere/secret")

        return link

    @pytest.fixture
    def seal(self, server: SftpServer, folder: str) -> Iterator[Callable[[str], None]]:
        with ExitStack() as stack:
            yield lambda path: stack.enter_context(server.sealed(f"{folder}/{path}"))

    @pytest.fixture
    def large_size(self) -> int:
        return 24 * MIB  # the server that tests have is slow

    @pytest.fixture
    def under_way(self, server: SftpServer) -> tuple[Callable[[], int], int]:
        before = connections_to(server.port)
        return lambda: connections_to(server.port) - before, FsspecOptions().transfers

    @pytest.fixture
    def failing(self, server: SftpServer, silent_port: int) -> Iterator[Mapping[str, Broker]]:
        def made(path: str, port: int | None = None, **options: Any) -> FsspecBroker:
            return FsspecBroker.from_settings(server.configuration(path, port), server.options(port, **options))

        for name in ("small", "locked"):
            (server.root / name).mkdir(exist_ok=True)
        with small_storage(server.root / "small"), read_only(server.root / "locked"):
            yield {
                "full": made("/small"),
                "denied": made("/locked"),
                "gone": made("/store", 1),
                "hung": made("/store", silent_port, timeout_seconds=1),
            }


class TestInMemory(BrokerContract):
    """A file system that has no renames and shows what is committed, as object stores do."""

    @pytest.fixture
    def configuration(self, folder: str) -> Mapping[str, Any]:
        return {"type": "fsspec", "protocol": "memory", "path": folder}

    @pytest.fixture
    def options(self) -> Mapping[str, Any]:
        return {"protocols": "memory"}

    @pytest.fixture
    def broker(self, configuration: Mapping[str, Any], options: Mapping[str, Any]) -> FsspecBroker:
        broker = FsspecBroker.from_settings(configuration, options)
        broker.check()
        return broker

    @pytest.mark.skip(reason="fsspec's file system in memory has one position for all readers of a file")
    def test_readers_see_whole_files_while_one_is_replaced(self) -> None:  # type: ignore[override]
        """Nothing that is for us to mend."""

    @pytest.mark.skip(reason="a process that ends takes its memory with it")
    def test_a_store_that_is_killed_at_any_moment_leaves_the_old_file_or_the_new_one(self) -> None:  # type: ignore[override]
        """Shown on SFTP."""

    @pytest.mark.skip(reason="the files are kept in memory")
    def test_memory_does_not_grow_with_files(self) -> None:  # type: ignore[override]
        """Shown on SFTP."""


def test_progress_is_told_and_what_is_retrieved_is_verified(broker: FsspecBroker, big: Path, tmp_path: Path) -> None:
    told: list[int] = []
    stored = broker.with_progress(told.append).store(big, "a/big")
    assert (told[-1], told) == (big.stat().st_size, sorted(told))
    assert len(told) > 20
    broker.retrieve_verified("a/big", tmp_path / "out", stored.checksum)
    assert sha256(tmp_path / "out") == stored.checksum == broker.checksum("a/big")
    with pytest.raises(ContentChanged, match="a/big"):
        broker.retrieve_verified("a/big", tmp_path / "other", f"sha256:{'0' * 64}")
    assert not (tmp_path / "other").exists()


class TestOverABrokenWire(BrokenWireCases):
    @pytest.fixture
    def server_url(self, server: SftpServer) -> str:
        return server.url

    @pytest.fixture
    def make(self, server: SftpServer, folder: str, wire: Wire) -> Callable[[float], Broker]:
        def make(seconds: float) -> FsspecBroker:
            options = server.options(wire.port, timeout_seconds=seconds)
            return FsspecBroker.from_settings(server.configuration(folder, wire.port), options)

        return make

    @pytest.fixture
    def stored(self, server: SftpServer, folder: str) -> Callable[[], Mapping[str, bytes]]:
        place = server.root / folder[1:]

        def stored() -> Mapping[str, bytes]:
            found = {one.relative_to(place): one for one in place.rglob("*") if one.is_file()}
            # What cannot be removed without a connection is removed an hour later.
            return {str(path): one.read_bytes() for path, one in found.items() if PARTS not in path.parts}

        return stored


@pytest.mark.parametrize(
    ("path", "seconds", "is_left"),
    [
        ("x", 2 * GIVEN_UP_NS / 1e9, False),
        ("x", 0, True),
        ("another", 2 * GIVEN_UP_NS / 1e9, True),
        ("another", 2 * LEFT_SECONDS, False),
    ],
    ids=["the file is stored again", "it may be under way", "another file", "another file, much later"],
)
def test_a_killed_store_leaves_no_file_and_what_it_leaves_is_removed_later(
    server: SftpServer, folder: str, broker: FsspecBroker, big: Path, path: str, seconds: float, is_left: bool
) -> None:
    broker.check()
    parts = server.root / folder[1:] / PARTS
    program = (
        "import sys, json, pathlib; from scale_broker_fsspec.broker import FsspecBroker;"
        "b = FsspecBroker.from_settings(json.loads(sys.argv[1]), json.loads(sys.argv[2]));"
        "b.store(pathlib.Path(sys.argv[3]), 'x', move=True)"
    )
    with Wire(server.url) as wire:
        wire.break_after(3 * MIB, "stall", "up")
        arguments = [server.configuration(folder, wire.port), server.options(wire.port)]
        texts = [json.dumps(one) for one in arguments]
        process = subprocess.Popen([sys.executable, "-c", program, *texts, str(big)])
        until(lambda: any(one.stat().st_size for one in parts.iterdir()))
        process.send_signal(signal.SIGKILL)
        process.wait()
    (left,) = parts.iterdir()
    with pytest.raises(FileMissing):
        broker.stat("x")
    os.utime(left, times=(before := time.time() - seconds, before))
    broker.store(big, path, move=True)
    assert list(parts.iterdir()) == ([left] if is_left else [])


@pytest.mark.parametrize("size", [3 * MIB, 9 * MIB])
def test_a_full_storage_says_so_and_keeps_nothing_of_the_file(server: SftpServer, tmp_path: Path, size: int) -> None:
    (tmp_path / "in").write_bytes(os.urandom(size))
    with small_disk(server.root / "full", 2048) as disk:
        broker = FsspecBroker.from_settings(server.configuration("/full"), server.options())
        with pytest.raises(StorageFull, match="No space left on device"):
            broker.store(tmp_path / "in", "x", move=True)
        assert [one for one in disk.place.rglob("*") if one.is_file()] == []
        assert (tmp_path / "in").stat().st_size == size
        broker.close()


def test_a_probe_connects_and_makes_nothing(server: SftpServer) -> None:
    (server.root / "file").write_text("x")
    there = FsspecBroker.from_settings(server.configuration("/new/folder"), server.options())
    there.probe()
    with pytest.raises(PathRefused, match="/file is no folder"):
        FsspecBroker.from_settings(server.configuration("/file/below"), server.options()).probe()
    assert not (server.root / "new").exists()
    there.check()
    there.probe()


def test_another_server_than_the_one_that_is_known_is_not_talked_to(server: SftpServer, folder: str) -> None:
    for change, said in (({"host_key": "ssh-ed25519 AAAA"}, "another key"), ({"host_key": None}, "host_key")):
        options = json.loads(json.dumps(server.options()))
        account = options["accounts"]["archive"]
        account.update(change)
        options["accounts"]["archive"] = {name: value for name, value in account.items() if value is not None}
        with pytest.raises(StorageUnavailable, match=said):
            FsspecBroker.from_settings(server.configuration(folder), options).check()


def test_a_wrong_password_is_told_without_it(server: SftpServer, folder: str) -> None:
    options = json.loads(json.dumps(server.options()).replace(PASSWORD, "wrong one"))
    with pytest.raises(StorageUnavailable, match=r"sftp://127\.0\.0\.1") as refused:
        FsspecBroker.from_settings(server.configuration(folder), options).check()
    assert "wrong one" not in str(refused.value)


@pytest.mark.parametrize("protocol", ["file", "local", "memory", "simplecache", "zip", "http", "dir", "ftp"])
def test_protocols_that_the_installation_does_not_allow_are_refused(protocol: str) -> None:
    with pytest.raises(OptionError, match=rf"{protocol}.*sftp"):
        FsspecBroker.from_settings({"type": "fsspec", "protocol": protocol, "path": "/x"}, {})


def test_hosts_and_accounts_are_those_of_the_installation() -> None:
    document = {"type": "fsspec", "protocol": "sftp", "path": "/x", "host": "one.example", "port": 2222}
    for options in ({}, {"hosts": "two.example"}, {"hosts": "one.example:22"}):
        with pytest.raises(OptionError, match=r"one\.example.*SCALE_STORAGE_FSSPEC_HOSTS"):
            FsspecBroker.from_settings(document, options)
    for hosts in ("one.example", "one.example:2222"):
        FsspecBroker.from_settings(document, {"hosts": hosts})
    with pytest.raises(OptionError, match=r"accounts\.nobody"):
        FsspecBroker.from_settings({**document, "account": "nobody"}, {"hosts": "one.example"})


@pytest.mark.parametrize(
    "option",
    [{"protocol": "ftp"}, {"hosts": 7}, {"accounts": "no json"}, {"accounts": {"x": 1}}, {"timeout_seconds": 0}],
)
def test_a_wrong_option_is_named(option: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=rf"fsspec\.{next(iter(option))}"):
        FsspecBroker.from_settings({"type": "fsspec", "protocol": "sftp", "path": "/x"}, option)


@pytest.mark.parametrize(
    ("change", "at", "said"),
    [
        ({"protocol": "simplecache::sftp"}, "/protocol", "another one behind"),
        ({"path": "relative"}, "/path", "absolute"),
        ({"path": "/a/../b"}, "/path", "'..'"),
        ({"password": "x"}, "/password", "storage.fsspec.accounts"),
        ({"host": "user:secret@host"}, "/host", "server"),
    ],
)
def test_a_wrong_configuration_is_refused(change: dict[str, Any], at: str, said: str) -> None:
    document = {"type": "fsspec", "protocol": "sftp", "path": "/x", **change}
    (error,) = Draft202012Validator(FsspecBroker.configuration_schema).iter_errors(document)
    problem = explain(error)
    assert problem.pointer == at
    assert said in problem.detail


def test_names_that_are_not_utf_8_are_listed_beside_others_and_refused(
    server: SftpServer, folder: str, broker: FsspecBroker, tmp_path: Path
) -> None:
    root = server.root / folder[1:]
    names = [b"a.txt", b"caf\xe9.txt", b"caf\xe9/in.txt", "é/x".encode()]
    for name in names:
        path = root / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name)
    assert sorted((os.fsencode(one.path), one.size) for one in broker.list_files("", "", 10)) == [
        (name, len(name)) for name in sorted(names)
    ]
    behind = broker.list_files("", os.fsdecode(names[1]), 10)
    assert [os.fsencode(one.path) for one in behind] == names[2:]
    for use in (
        lambda path: broker.retrieve(path, tmp_path / "out"),
        broker.stat,
        broker.open,
        broker.delete,
        lambda path: broker.move(path, "b.txt"),
    ):
        with pytest.raises(PathRefused, match="not UTF-8"):
            use(os.fsdecode(names[1]))
    assert broker.stat("é/x") == 4


def test_a_large_folder_is_listed_whole(server: SftpServer, folder: str, broker: FsspecBroker) -> None:
    """More than is asked for at once."""
    root = server.root / folder[1:]
    root.mkdir(parents=True)
    names = [f"{number:05}" for number in range(7000)]
    for name in names:
        (root / name).touch()
    assert [one.path for one in broker.list_files("", "", 10_000)] == names


def test_the_folder_of_parts_is_not_the_workspace_s(broker: FsspecBroker, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"content")
    with pytest.raises(PathRefused, match=PARTS):
        broker.store(tmp_path / "in", f"{PARTS}/x")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (FileNotFoundError("x"), FileMissing),
        (OSError("[Errno 28] No space left on device"), StorageFull),
        (OSError(122, "Disk quota exceeded"), StorageFull),
        (PermissionError("Permission denied"), StorageUnavailable),
        (EOFError(), StorageUnavailable),
    ],
)
def test_what_a_file_system_raises_is_told_as_what_it_means(error: Exception, kind: type) -> None:
    assert type(broker_error("Cannot store 'x'", error)) is kind


class Plain(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Has folders and files, writes at once where it is told to, and cannot rename."""

    protocol = "plain"
    opened: ClassVar[list[str]] = []

    def isdir(self, path: str) -> bool:
        return path.endswith(("/w", PARTS))

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        raise FileNotFoundError(path)

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> AbstractBufferedFile:
        self.opened.append(path)
        return AbstractBufferedFile(self, path, mode, **kwargs)


def test_a_storage_that_would_show_half_a_file_is_refused_before_it_is_written_to(tmp_path: Path) -> None:
    fsspec.register_implementation("plain", Plain, clobber=True)
    (tmp_path / "in").write_bytes(b"content")
    configuration = {"type": "fsspec", "protocol": "plain", "path": "/w"}
    broker = FsspecBroker.from_settings(configuration, {"protocols": "plain"})
    with pytest.raises(StorageUnavailable, match="half of it"):
        broker.store(tmp_path / "in", "x", move=True)
    assert [one for one in Plain.opened if PARTS not in one] == []
    assert (tmp_path / "in").exists()
