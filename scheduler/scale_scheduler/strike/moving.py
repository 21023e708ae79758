"""Moving whole files out of the watched directory; what a process apart needs of it imports little."""

import errno
import os
from collections.abc import Sequence
from typing import Final, NamedTuple

FEW: Final = 20
"""Up to so many names are looked for one by one: the folder may hold many more."""

EARLIER: Final = "an earlier file of that name has to be ingested first; it waits"

STORAGE_FAILS: Final = frozenset(
    {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENOTDIR, errno.ENODEV}
)
"""What would befall the next file too."""


class Taken(NamedTuple):
    """Names of the files that were moved; why others have to wait, by name; what stopped the rest."""

    names: list[str]
    waiting: dict[str, str]
    error: OSError | None


def take(top: str, names: Sequence[str], folder: str) -> Taken:
    """Move files from the directory ``top`` into ``folder``; after a power loss they are there only once it was synced.
    One that cannot be moved does not keep the others from it, unless it is the storage that fails."""
    there = _there(names, folder) if names else set()
    taken = Taken([], {name: EARLIER for name in names if name in there}, None)
    for name in names:
        if name in there:
            continue
        try:
            os.rename(f"{top}/{name}", f"{folder}/{name}")  # noqa: PTH104 - for each of many files
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno in STORAGE_FAILS:
                return taken._replace(error=error)
            taken.waiting[name] = f"it cannot be moved to {folder}: {error.strerror}"
        else:
            taken.names.append(name)
    return taken


def _there(names: Sequence[str], folder: str) -> set[str]:
    """Those of ``names`` that are in ``folder``, or all that is there if they are many."""
    if len(names) > FEW:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries}
    return {name for name in names if os.path.lexists(f"{folder}/{name}")}
