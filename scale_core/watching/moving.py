"""Moving whole files out of the watched directory; what a process apart needs of it imports little."""

import errno
import os
from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

FEW: Final = 20
"""Up to so many names are looked for one by one: the folder may hold many more."""

TIMES: Final = 10
"""Up to so many times as much as is looked for, all of a folder is read."""

_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

EARLIER: Final = "an earlier file of that name has to be ingested first; it waits"

STORAGE_FAILS: Final = frozenset(
    {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENOTDIR, errno.ENODEV}
)
"""What would befall the next file too."""


class Taken(NamedTuple):
    """Paths of the files that were moved; why others have to wait, by path; what stopped the rest."""

    names: list[str]
    waiting: dict[str, str]
    error: OSError | None


def take(top: str, paths: Sequence[str], folder: str) -> Taken:
    """Move files below the directory ``top`` into ``folder``, where they have no folders; after a power loss they are
    there only once it was synced. One that cannot be moved does not keep the others from it, unless it is the storage
    that fails.

    :param paths: below ``top``; no two have the same name behind their folders.
    """
    there = _there([_name(path) for path in paths], folder) if paths else set()
    taken = Taken([], {path: EARLIER for path in paths if _name(path) in there}, None)
    for path in paths:
        if path in taken.waiting:
            continue
        try:
            _move(top, path, folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            if "/" in path and error.errno in (errno.ENOTDIR, errno.ELOOP):  # its folder is gone, or is a link now
                continue
            if error.errno in STORAGE_FAILS:
                return taken._replace(error=error)
            taken.waiting[path] = f"it cannot be moved to {folder}: {error.strerror}"
        else:
            taken.names.append(path)
    return taken


def _move(top: str, path: str, folder: str) -> None:
    above, _, name = path.rpartition("/")
    if not above:
        os.rename(f"{top}/{name}", f"{folder}/{name}")  # noqa: PTH104 - for each of many files
        return
    descriptor = _opened(top, above)
    try:
        os.rename(name, f"{folder}/{name}", src_dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _opened(top: str, path: str) -> int:
    """A descriptor of a folder below ``top``; no symbolic link is followed on the way, whoever puts it there."""
    descriptor = os.open(top, _FLAGS)
    for part in path.split("/"):
        above = descriptor
        try:
            descriptor = os.open(part, _FLAGS | os.O_NOFOLLOW, dir_fd=above)
        finally:
            os.close(above)
    return descriptor


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _there(names: Sequence[str], folder: str) -> set[str]:
    """Those of ``names`` that are in ``folder``, or all that is there if that is not many times as much."""
    if len(names) > FEW:
        with os.scandir(folder) as entries:
            some = {entry.name for entry in islice(entries, len(names) * TIMES)}
            if next(entries, None) is None:
                return some
    return {name for name in names if os.path.lexists(f"{folder}/{name}")}
