"""Copies with a checksum that is computed behind them."""

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scale_core.storage import content
from scale_core.storage.content import HEAD, LARGE, PIECE, Content, copy_through


@pytest.fixture
def target(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "target", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def source_of(tmp_path: Path, size: int) -> int:
    (tmp_path / "source").write_bytes(os.urandom(size))
    return os.open(tmp_path / "source", os.O_RDONLY)


@pytest.mark.parametrize("to_disk", [True, False])
@pytest.mark.parametrize("size", [0, 1, LARGE - 1, LARGE, LARGE + 1, LARGE + PIECE + 12_345])
def test_a_copy_is_whole_and_so_is_its_checksum(tmp_path: Path, target: int, size: int, to_disk: bool) -> None:
    source, told = source_of(tmp_path, size), list[int]()
    found = copy_through(source, target, told.append, to_disk=to_disk)
    os.close(source)
    data = (tmp_path / "source").read_bytes()
    assert (tmp_path / "target").read_bytes() == data
    assert found == Content(size, f"sha256:{hashlib.sha256(data).hexdigest()}", data[:HEAD])
    assert told == sorted(told)
    assert told[-1:] == ([size] if size else [])


def test_windows_go_to_the_disk_and_the_copy_waits_for_its_checksum(
    tmp_path: Path, target: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "WINDOW", PIECE)
    monkeypatch.setattr(content, "LAG", 0)
    source = source_of(tmp_path, LARGE + PIECE // 2)
    found = copy_through(source, target, to_disk=True)
    os.close(source)
    assert found.checksum == f"sha256:{hashlib.sha256((tmp_path / 'source').read_bytes()).hexdigest()}"


def test_a_copy_that_cannot_be_read_again_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "LAG", 0)  # it would wait for a checksum that never comes
    source = source_of(tmp_path, 2 * LARGE)
    blind = os.open(tmp_path / "blind", os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError, match="Bad file descriptor"):
        copy_through(source, blind, to_disk=False)
    os.close(source)
    os.close(blind)


def test_a_copy_that_cannot_be_written_leaves_no_thread_behind(tmp_path: Path) -> None:
    source = source_of(tmp_path, LARGE)
    locked = os.open(tmp_path / "locked", os.O_RDONLY | os.O_CREAT)
    with pytest.raises(OSError, match="Bad file descriptor"):
        copy_through(source, locked, to_disk=True)
    os.close(source)
    os.close(locked)
    assert [one.name for one in threading.enumerate() if one.name == "checksum"] == []
