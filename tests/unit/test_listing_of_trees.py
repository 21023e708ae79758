"""The order in which files of a tree are listed that is read folder by folder."""

from collections.abc import Iterator

import pytest

from scale_core.storage import listing
from scale_core.storage.listing import Entry, listed_files
from scale_core.storage.parts import PARTS

FILES = ("a-b/x", "a.txt", "a/b", "a/c/d", "a/c0", "b", "z/z/z", "\u00fc", "\U0001f600")


class Tree:
    """Folders of files, which notes what is read of it."""

    def __init__(self, *files: str) -> None:
        self.files = files
        self.read: list[str] = []

    def __call__(self, folder: str) -> Iterator[Entry]:
        self.read.append(folder)
        below = [one.removeprefix(folder) for one in self.files if one.startswith(folder)]
        for key in sorted({name.partition("/")[0] + ("/" if "/" in name else "") for name in below}, reverse=True):
            yield Entry(key, len(key), "v")

    def list(self, prefix: str = "", after: str = "") -> list[str]:
        return [one.path for one in listed_files(self, prefix, after)]


@pytest.mark.parametrize("part", [1, 2, 100])
def test_files_come_in_the_order_of_their_bytes_however_few_are_kept_of_a_folder(
    monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(listing, "PART", part)
    assert Tree(*FILES).list() == sorted(FILES, key=str.encode)


@pytest.mark.parametrize("prefix", ["", "a", "a/", "a/c", "z/z/z", "nothing", "\u00fc"])
@pytest.mark.parametrize("after", ["", "a", "a/", "a.txt", "a/b", "a/c/d", "b", "z/z", "zz", "\U0010ffff"])
def test_those_behind_a_path_and_with_a_prefix_are_listed_whatever_these_are(prefix: str, after: str) -> None:
    wanted = [one for one in sorted(FILES, key=str.encode) if one.startswith(prefix) and one > after]
    assert Tree(*FILES).list(prefix, after) == wanted


def test_no_folder_is_read_that_has_nothing_to_list() -> None:
    tree = Tree(*FILES)
    tree.list("a/", "a/c/")
    assert tree.read == ["a/", "a/c/"]
    tree.read.clear()
    tree.list("", "b")
    assert tree.read == ["", "z/", "z/z/"]


def test_files_on_their_way_to_their_names_are_left_out() -> None:
    assert Tree(f"{PARTS}/x.part", ".scale-x.part", "a/.scale-y.part", "a/b").list() == ["a/b"]
