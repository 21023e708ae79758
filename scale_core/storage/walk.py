"""A walk through a tree of folders in the order of the paths' characters, which is always the same: it can go on behind
any path.

A folder's names are read in parts, the least first, so that memory is bounded however many there are in one.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scale_core.storage.parts import is_part

PART: Final = 50_000
"""Names of a folder that are kept at once; a folder that has more is read again for each part."""

_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""What says that a path leads nowhere any more; the last: to a symbolic link."""

_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a path below the root, as Python reads it (``surrogateescape``).

    :param facts: of itself, not of what it links to.
    :param trouble: why a folder cannot be read; None: it can be, or it is no folder.
    """

    path: str
    facts: os.stat_result
    trouble: str | None = None

    @property
    def name(self) -> str:
        """Its name, without folders."""
        return self.path.rpartition("/")[2]

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.facts.st_mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.facts.st_mode)


def walk(
    root: Path,
    behind: str | None = None,
    enters: Callable[[Found], bool] = lambda _: True,
    told: Callable[[], None] = lambda: None,
) -> Iterator[Found]:
    """All that is below ``root``, folders before what is in them. What vanishes meanwhile is left out, and so are files
    that Scale is still writing; no symbolic link is followed.

    :param behind: the path of what was found last; with a final slash it was a folder, whatever is there now; None:
        from the beginning.
    :param enters: whether a folder is looked into.
    :param told: is called for every entry that is read, also for those of which nothing is found yet.
    :raises OSError: ``root`` itself cannot be read; or it is gone meanwhile, or another folder is there, as where it is
        unmounted: all that is in it would be taken for vanished.
    """
    os.scandir(root).close()
    facts = root.stat()
    path = behind and behind.removesuffix("/")
    last = None if path is None else _look(root, path)
    is_folder = path != behind or (last is not None and last.is_folder)
    folders = [_Folder(root, above, told, key) for above, key in _way_to(path, is_folder=is_folder)]
    if last is not None and _is_entered(last, enters):
        folders.append(_Folder(root, f"{last.path}/", told))
    while folders:
        key = next(folders[-1].keys, None)
        if key is None:
            folders.pop()
            continue
        found = _look(root, folders[-1].path + key.rstrip("/"))
        if found is None:
            _require_same(root, facts)
            continue
        yield found
        if _is_entered(found, enters):
            folders.append(_Folder(root, f"{found.path}/", told))
    _require_same(root, facts)


def _require_same(root: Path, facts: os.stat_result) -> None:
    if not os.path.samestat(root.stat(), facts):
        raise OSError(errno.ESTALE, "another folder is there now", str(root))


def _is_entered(found: Found, enters: Callable[[Found], bool]) -> bool:
    return found.is_folder and found.trouble is None and enters(found)


class _Folder:
    """A folder of the walk, and what is left in it.

    :param path: below ``root``, with a final slash; empty: ``root`` itself.
    :param behind: what was found last, as :func:`_keys` has it; empty: nothing was.
    """

    def __init__(self, root: Path, path: str, told: Callable[[], None], behind: str = "") -> None:
        self.path = path
        self.keys = _keys(f"{root}/{path}".rstrip("/") or "/", behind, told)


def _way_to(behind: str | None, *, is_folder: bool) -> Iterator[tuple[str, str]]:
    """The folders above a path, each with what is in it on the way there.

    :param is_folder: whether the path is that of a folder.
    """
    parts = [] if behind is None else behind.split("/")
    for depth, name in enumerate(parts):
        above = "".join(f"{part}/" for part in parts[:depth])
        yield above, f"{name}/" if is_folder or depth < len(parts) - 1 else name
    if not parts:
        yield "", ""


def _keys(folder: str, behind: str, told: Callable[[], None]) -> Iterator[str]:
    """The names in a folder that come behind another one, in the order of the paths that they are part of: hence those
    of folders end with a slash. None if it is gone, or is no folder any more."""
    while True:
        try:
            part = _least(key for key in _read(folder, told) if key > behind)
        except OSError as error:
            if error.errno not in _GONE:
                raise
            return
        yield from part
        if len(part) < PART:
            return
        behind = part[-1]


def _least(keys: Iterable[str]) -> list[str]:
    """The least :data:`PART` of them, in order. Twice as many are kept before those beyond are dropped: sorting now and
    then takes half the time and memory of a heap, which has a tuple for each."""
    kept: list[str] = []
    last = ""
    for key in keys:
        if last and key > last:
            continue
        kept.append(key)
        if len(kept) == 2 * PART:
            kept.sort()
            del kept[PART:]
            last = kept[-1]
    kept.sort()
    return kept[:PART]


def _read(folder: str, told: Callable[[], None]) -> Iterator[str]:
    descriptor = os.open(folder, _FLAGS)
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                told()
                if not is_part(entry.name):
                    yield f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
    finally:
        os.close(descriptor)


def _look(root: Path, path: str) -> Found | None:
    """What is at a path; None: nothing, any more."""
    whole = f"{root}/{path}"
    facts = None
    try:
        facts = os.lstat(whole)
        if stat.S_ISDIR(facts.st_mode):
            os.close(os.open(whole, _FLAGS))
    except OSError as error:
        if error.errno in _GONE:
            return None
        if facts is None or error.errno not in (errno.EACCES, errno.EPERM):
            raise
        return Found(path, facts, error.strerror)
    return Found(path, facts)
