"""The host broker against real folders."""

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from scale_broker_host.broker import HostBroker
from scale_core.interfaces.broker import BrokerError, FileMissing, StorageFull, StorageUnavailable
from scale_core.testing import BrokerContract


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
    def outside_link(self, root: Path) -> Callable[[str, Path], None]:
        return lambda path, target: (root / path).symlink_to(target)


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


def test_check_refuses_a_file_as_root(source: Path) -> None:
    with pytest.raises(BrokerError, match="source"):
        HostBroker(source).check()


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
