"""Files of a tree that is read a folder at a time, each entry with what the storage says of it, in the order of their
paths' bytes.

A folder's entries are kept in parts, the least first, so that memory is bounded however many there are in one; one that
has more is read again for each part.
"""

import errno
import heapq
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from scale_core.interfaces.broker import ListedFile
from scale_core.storage.parts import is_part

PART: Final = 50_000
"""Entries of a folder that are kept at once."""


class Entry(NamedTuple):
    """A file or folder in a folder; what else is there is to be left out.

    :param key: its name; that of a folder ends with a slash, as the paths do that it is part of.
    :param size: bytes.
    :param version: a text that is another when the file is replaced.
    """

    key: str
    size: int
    version: str


Read = Callable[[str], Iterable[Entry]]
"""Gives what is in a folder: its path ends with a slash, or is empty. Nothing where it is gone; one that this user may
not read raises PermissionError."""


def listed_files(read: Read, prefix: str, after: str) -> Iterator[ListedFile]:
    """The files whose path begins with ``prefix`` and comes behind ``after``; no folder is read that has none of them.

    Files that Scale is still writing are left out. A folder that may not be read is listed with its trouble.

    :raises PermissionError: none of them can be listed, or none behind ``after`` in its folder.
    """

    def is_wanted(path: str) -> bool:
        if path.endswith("/") and prefix.startswith(path):
            return path > after or after.startswith(path)
        return path.startswith(prefix) and (path > after or (path.endswith("/") and after.startswith(path)))

    folders = [_Folder(read, prefix[: prefix.rfind("/") + 1], is_wanted)]
    while folders:
        try:
            entry = next(folders[-1].entries, None)
        except PermissionError as error:
            sealed = folders.pop().path
            if not folders or (after.startswith(sealed) and after != sealed):
                raise
            if sealed != after:  # what comes behind it is asked for when it is told already
                yield ListedFile(sealed, 0, "", os.strerror(error.errno or errno.EACCES))
            continue
        if entry is None:
            folders.pop()
            continue
        path = f"{folders[-1].path}{entry.key}"
        if path.endswith("/"):
            folders.append(_Folder(read, path, is_wanted))
        else:
            yield ListedFile(path, entry.size, entry.version)


class _Folder:
    """A folder, and what is left of it."""

    def __init__(self, read: Read, path: str, is_wanted: Callable[[str], bool]) -> None:
        self.path = path
        self.entries = _in_order(lambda: read(path), lambda entry: is_wanted(f"{path}{entry.key}"))


def _in_order(read: Callable[[], Iterable[Entry]], is_wanted: Callable[[Entry], bool]) -> Iterator[Entry]:
    behind = ""
    while True:
        wanted = (one for one in read() if one.key > behind and not is_part(one.key.rstrip("/")) and is_wanted(one))
        part = heapq.nsmallest(PART, wanted)
        yield from part
        if len(part) < PART:
            return
        behind = part[-1].key
