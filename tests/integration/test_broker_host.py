"""The host broker against real folders."""

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fakes.storage import read_only, sealed, small_storage
from scale_broker_host.broker import HostBroker
from scale_core.interfaces.broker import Broker, BrokerError, FileMissing, StorageFull, StorageUnavailable, StoredFile
from scale_core.storage import batch
from scale_core.storage.content import CHUNK
from scale_core.storage.files import FEW, sync_file_system
from scale_core.storage.parts import PARTS
from scale_core.testing import BrokerContract

pytestmark = pytest.mark.any_database


class TestHostBroker(BrokerContract):
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        folder = tmp_path / "workspace"
        folder.mkdir()
        return folder

    @pytest.fixture
    def broker(self, root: Path) -> HostBroker:
        return HostBroker(root)

    @pytest.fixture
    def configuration(self, root: Path) -> Mapping[str, Any]:
        return {"type": "host", "host_path": str(root)}

    @pytest.fixture
    def failing(self, tmp_path: Path) -> Iterator[Mapping[str, Broker]]:
        for name in ("full", "denied"):
            (tmp_path / name).mkdir()
        with small_storage(tmp_path / "full"), read_only(tmp_path / "denied"):
            yield {
                "full": HostBroker(tmp_path / "full"),
                "denied": HostBroker(tmp_path / "denied"),
                "gone": HostBroker(tmp_path / "gone"),
            }

    @pytest.fixture
    def outside_link(self, root: Path) -> Callable[[str, Path], None]:
        return lambda path, target: (root / path).symlink_to(target)

    @pytest.fixture
    def seal(self, root: Path) -> Iterator[Callable[[str], None]]:
        with ExitStack() as stack:
            yield lambda path: stack.enter_context(sealed(root / path))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"content")
    return path


@pytest.mark.parametrize("host_path", ["relative", "/a/../b", "", "/a\nb"])
def test_a_configuration_needs_an_absolute_path(host_path: str) -> None:
    configuration = {"type": "host", "host_path": host_path}
    assert not Draft202012Validator(HostBroker.configuration_schema).is_valid(configuration)


def test_check_makes_the_root(tmp_path: Path) -> None:
    HostBroker(tmp_path / "new" / "workspace").check()
    assert (tmp_path / "new" / "workspace").is_dir()


@pytest.mark.parametrize(
    ("below", "reason"),
    [
        ("", "File exists"),
        ("/below", "Not a directory"),
        ("/../" + "n" * 300, "File name too long"),
        ("/../../../../../../../../../../../proc/nowhere", "No such file"),
    ],
    ids=["a file", "below a file", "a long name", "where none can be made"],
)
def test_a_root_that_cannot_be_is_named_with_the_reason(source: Path, below: str, reason: str) -> None:
    root = Path(f"{source.parent}/{source.name}{below}" if ".." not in below else os.path.normpath(f"{source}{below}"))
    with pytest.raises(BrokerError, match=rf"{root} cannot be .*: {reason}.* [Nn]ame (one|another)"):
        HostBroker(root).check()


def test_a_probe_makes_nothing(tmp_path: Path, root: Path, source: Path) -> None:
    HostBroker(root).probe()
    HostBroker(tmp_path / "new" / "workspace").probe()
    with pytest.raises(BrokerError, match="source cannot be the workspace's folder"):
        HostBroker(source).probe()
    with pytest.raises(BrokerError, match="source/below cannot be"):
        HostBroker(source / "below").probe()
    assert sorted(tmp_path.iterdir()) == [source, root]
    assert list(root.iterdir()) == []


def test_check_refuses_a_root_that_cannot_be_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StorageUnavailable, match="read and write"):
        HostBroker(root).check()


def test_a_vanished_root_is_unavailable_and_never_made_anew(tmp_path: Path, source: Path) -> None:
    broker = HostBroker(tmp_path / "unmounted")
    for use in (
        lambda: broker.store(source, "x"),
        lambda: broker.stat("x"),
        lambda: broker.move("x", "y"),
        lambda: broker.delete("x"),
        broker.usage,
    ):
        with pytest.raises(StorageUnavailable, match="unmounted is not there"):
            use()
    assert not (tmp_path / "unmounted").exists()


def test_moving_in_on_one_file_system_renames(root: Path, source: Path) -> None:
    inode = source.stat().st_ino
    HostBroker(root).store(source, "a/x", move=True)
    assert (root / "a" / "x").stat().st_ino == inode


def test_moving_in_from_another_file_system_copies(root: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self == source:
            raise OSError(errno.EXDEV, "Invalid cross-device link", str(self))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    stored = HostBroker(root).store(source, "x", move=True)
    assert stored.size == 7
    assert (root / "x").read_bytes() == b"content"
    assert not source.exists()


def test_a_linked_retrieval_shares_the_file(root: Path, source: Path, tmp_path: Path) -> None:
    HostBroker(root).store(source, "x")
    HostBroker(root).retrieve("x", tmp_path / "out", link=True)
    assert (tmp_path / "out").stat().st_ino == (root / "x").stat().st_ino


def test_a_linked_retrieval_to_another_file_system_is_a_symbolic_link(
    root: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hardlink_to(_self: Path, _target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", hardlink_to)
    HostBroker(root).store(source, "x")
    HostBroker(root).retrieve("x", tmp_path / "out", link=True)
    assert (tmp_path / "out").readlink() == root / "x"


@pytest.fixture
def failing_write(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    def fail(number: int) -> None:
        def write(_target: int, _data: memoryview) -> int:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "write", write)

    yield fail
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EIO, StorageUnavailable),
        (errno.EROFS, StorageUnavailable),
        (errno.EACCES, StorageUnavailable),
        (errno.ESTALE, StorageUnavailable),
    ],
)
def test_a_failed_write_is_named_and_leaves_nothing(
    root: Path, source: Path, failing_write: Callable[[int], None], number: int, expected: type[BrokerError]
) -> None:
    (root / "x").write_bytes(b"before")
    failing_write(number)
    with pytest.raises(expected, match=r"Cannot store 'x'"):
        HostBroker(root).store(source, "x")
    assert [path.name for path in root.iterdir()] == ["x"]
    assert (root / "x").read_bytes() == b"before"
    assert source.read_bytes() == b"content"


def test_a_pipe_is_no_file_and_holds_nobody_up(root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "pipe")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileMissing):
        HostBroker(root).open("pipe")
    with pytest.raises(FileMissing, match="no regular file"):
        HostBroker(root).store(tmp_path / "pipe", "x")


def test_a_link_inside_the_workspace_is_followed(root: Path, source: Path) -> None:
    broker = HostBroker(root)
    broker.store(source, "real/x")
    (root / "link").symlink_to("real")
    assert broker.stat("link/x") == 7


def test_moving_between_two_names_of_one_file_leaves_the_new_one(root: Path) -> None:
    (root / "x").write_bytes(b"content")
    (root / "y").hardlink_to(root / "x")
    HostBroker(root).move("x", "y")
    assert [path.name for path in root.iterdir()] == ["y"]


def test_a_root_that_is_a_link_is_followed(tmp_path: Path, root: Path, source: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    HostBroker(tmp_path / "link").store(source, "x")
    assert (root / "x").read_bytes() == b"content"


def many(folder: Path, number: int) -> list[tuple[Path, str]]:
    folder.mkdir(exist_ok=True)
    for index in range(number):
        (folder / str(index)).write_bytes(str(index).encode())
    return [(folder / str(index), f"a/{index}") for index in range(number)]


@pytest.mark.parametrize("number", [3, 30])
def test_many_are_renamed_on_one_file_system(root: Path, tmp_path: Path, number: int) -> None:
    files = many(tmp_path / "many", number)
    inodes = [source.stat().st_ino for source, _path in files]
    HostBroker(root).store_many(files, move=True)
    assert [(root / path).stat().st_ino for _source, path in files] == inodes


@pytest.mark.parametrize("number", [3, 30])
@pytest.mark.parametrize("has_syncfs", [True, False])
@pytest.mark.parametrize("move", [True, False])
def test_many_are_durable_before_they_get_their_names(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, has_syncfs: bool, move: bool
) -> None:
    files = many(tmp_path / "many", number)
    steps: list[str] = []
    rename, link, fsync = os.rename, os.link, os.fsync

    def renamed(source: str, target: str) -> None:
        steps.append("name")
        rename(source, target)

    def linked(source: str, target: str, *, src_dir_fd: int) -> None:
        steps.append("name")
        link(source, target, src_dir_fd=src_dir_fd)

    def synced(descriptor: int) -> None:
        steps.append("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        fsync(descriptor)

    def synced_all(folder: Path) -> bool:
        if has_syncfs:
            steps.append("sync all")
        return has_syncfs and sync_file_system(folder)

    monkeypatch.setattr(os, "rename", renamed)
    monkeypatch.setattr(os, "link", linked)
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(batch, "sync_file_system", synced_all)
    HostBroker(root).store_many(files, move=move)
    contents = ["sync all"] if number > FEW and has_syncfs else ["sync file"] * number
    assert steps == ["sync folder", *contents, *["name"] * number, "sync folder"]


def test_a_file_that_is_written_to_meanwhile_is_stored_as_it_is_then(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = many(tmp_path / "many", 20)

    def late(folder: Path) -> bool:
        files[5][0].write_bytes(b"late")
        return sync_file_system(folder)

    monkeypatch.setattr(batch, "sync_file_system", late)
    stored = HostBroker(root).store_many(files, move=True)[5]
    assert stored == StoredFile("a/5", 4, f"sha256:{hashlib.sha256(b'late').hexdigest()}")
    assert (root / "a" / "5").read_bytes() == b"late"


def test_a_failed_sync_stores_each_alone(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = many(tmp_path / "many", 20)

    def broken(folder: Path) -> bool:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(folder))

    monkeypatch.setattr(batch, "sync_file_system", broken)
    results = HostBroker(root).store_many(files)
    assert all(isinstance(one, StoredFile) for one in results)
    assert sorted(path.name for path in (root / "a").iterdir()) == sorted(str(index) for index in range(20))


def test_many_from_another_file_system_are_copied_and_removed(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with small_storage(elsewhere):
        files = many(elsewhere, 20)
        results = HostBroker(root).store_many(files, move=True)
        assert [one.size for one in results if isinstance(one, StoredFile)] == [len(str(index)) for index in range(20)]
        assert not list(elsewhere.iterdir())
    assert sorted(path.name for path in (root / "a").iterdir()) == sorted(str(index) for index in range(20))


@pytest.mark.parametrize("size", [CHUNK - 1, CHUNK, CHUNK * 20, CHUNK * 20 + 1])
def test_large_files_are_copied_whole(root: Path, tmp_path: Path, size: int) -> None:
    content = os.urandom(1 << 16) * (size // (1 << 16) + 1)
    (tmp_path / "large").write_bytes(content[:size])
    stored = HostBroker(root).store(tmp_path / "large", "x")
    assert stored == StoredFile("x", size, f"sha256:{hashlib.sha256(content[:size]).hexdigest()}")
    assert (root / "x").read_bytes() == content[:size]


def open_below(folder: Path) -> list[str]:
    """Files below a folder that this process has open, by what the kernel calls them."""
    names = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            names.append(str(descriptor.readlink()))
    return [one for one in names if one.startswith(str(folder))]


@pytest.mark.parametrize("number", [1, 250])
@pytest.mark.parametrize("is_nameless", [True, False])
def test_copies_are_made_with_and_without_nameless_files(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, is_nameless: bool
) -> None:
    if not is_nameless:
        monkeypatch.setattr(os, "O_TMPFILE", os.O_TMPFILE | os.O_CREAT)  # no such thing: EINVAL
    files = many(tmp_path / "many", number)
    for _ in range(2):
        results = HostBroker(root).store_many(files)
        assert [one.path for one in results if isinstance(one, StoredFile)] == [path for _source, path in files]
        stored = HostBroker(root).store(files[0][0], "a/0")
        assert stored == results[0]
    assert sorted(path.name for path in (root / "a").iterdir()) == sorted(str(index) for index in range(number))
    assert open_below(tmp_path) == []


def test_a_killed_copy_leaves_nothing(root: Path, source: Path) -> None:
    killed = f"""
import os, signal
from pathlib import Path
from scale_core.storage import files
def kill(*_): os.kill(os.getpid(), signal.SIGKILL)
files.Copy.sync = kill
from scale_broker_host.broker import HostBroker
HostBroker(Path({str(root)!r})).store(Path({str(source)!r}), "x")
"""
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == -signal.SIGKILL
    assert list(root.iterdir()) == []


def test_without_nameless_files_what_a_kill_leaves_is_removed_when_it_is_old(
    root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "O_TMPFILE", os.O_TMPFILE | os.O_CREAT)  # no such thing: EINVAL
    killed = f"""
import os, signal
from pathlib import Path
from scale_core.storage import files
os.O_TMPFILE |= os.O_CREAT
def kill(*_): os.kill(os.getpid(), signal.SIGKILL)
files.Copy.sync = kill
from scale_broker_host.broker import HostBroker
HostBroker(Path({str(root)!r})).store(Path({str(source)!r}), "x")
"""
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == -signal.SIGKILL
    (left,) = (root / PARTS).iterdir()
    HostBroker(root).store(source, "x")
    assert left.exists(), "another process may be writing it"
    os.utime(left, (0, 0))
    HostBroker(root).store(source, "y")
    assert list((root / PARTS).iterdir()) == []
    assert sorted(path.name for path in root.iterdir()) == [PARTS, "x", "y"]
