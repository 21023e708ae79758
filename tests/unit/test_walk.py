"""Walks through trees: in order, from anywhere, in bounded parts, and never out of them."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scale_core.domain.file_names import escaped, unescaped
from scale_core.storage import walk as walk_module
from scale_core.storage.walk import walk

TREE = ("a.txt", "a/b.txt", "a/c/d.txt", "a-b/x.txt", "a.d/y.txt", "b/z.txt", "c.txt")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for path in TREE:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


def files(root: Path, behind: str | None = None) -> list[str]:
    return [found.path for found in walk(root, behind) if found.is_file]


@pytest.mark.parametrize("part", [1, 2, 3, 100])
def test_paths_come_in_their_order_however_a_folder_is_read(
    root: Path, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_module, "PART", part)
    assert files(root) == sorted(TREE)


def test_a_walk_goes_on_behind_any_path(root: Path) -> None:
    everything = [found.path for found in walk(root)]
    for number, path in enumerate(everything):
        assert [found.path for found in walk(root, path)] == everything[number + 1 :], path
    for path in ("a/bb", "a/b.txt/x", "0", "zzz", "a/c/zz/q"):
        assert files(root, path) == [one for one in sorted(TREE) if one > path], path


def test_a_walk_goes_on_behind_a_folder_with_what_is_in_it_whatever_is_there_now(root: Path) -> None:
    for path in ("a/", "a/c/", "b/", "a-a/", "c.txt/"):
        assert files(root, path) == [one for one in sorted(TREE) if one > path], path


def test_no_link_is_followed_and_no_file_under_way_is_found(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("x")
    (root / "link").symlink_to(outside)
    (root / ".scale-parts").mkdir()
    (root / ".scale-parts" / "1.part").write_text("x")
    (root / ".scale-2.part").write_text("x")
    assert files(root) == sorted(TREE)
    assert files(root, "link/a") == []


def test_a_folder_that_vanishes_or_becomes_a_link_is_left(root: Path, tmp_path: Path) -> None:
    found = walk(root)
    assert next(found).path == "a-b"
    (root / "a-b").rename(tmp_path / "away")
    (root / "a-b").symlink_to(tmp_path / "away")
    assert [one.path for one in found if one.is_file] == [path for path in sorted(TREE) if not path.startswith("a-b")]


@pytest.mark.parametrize("is_replaced", [False, True], ids=["gone", "another one is there"])
@pytest.mark.parametrize("found", [1, 3, len(TREE) + 5])
def test_a_root_that_goes_away_is_not_taken_for_one_that_is_empty(
    root: Path, tmp_path: Path, found: int, is_replaced: bool
) -> None:
    walked = walk(root)
    for _ in range(found):
        next(walked)
    root.rename(tmp_path / "away")
    if is_replaced:
        root.mkdir()
    with pytest.raises(OSError, match=str(root)):
        list(walked)


def test_the_root_of_the_file_system_can_be_walked_through() -> None:
    assert next(walk(Path("/"))).path


def test_only_wanted_folders_are_entered(root: Path) -> None:
    entered = walk(root, enters=lambda folder: folder.name != "a")
    assert [one.path for one in entered if one.is_file] == [p for p in sorted(TREE) if not p.startswith("a/")]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary())
def test_what_is_escaped_is_plain_text_and_read_again(name: bytes) -> None:
    path = os.fsdecode(name)
    assert unescaped(escaped(path)) == path
    escaped(path).encode()
    assert not any(character < " " for character in escaped(path))
