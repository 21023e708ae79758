"""Making a folder that very many files are to come into."""

import array
import contextlib
import fcntl
import os
import secrets
from pathlib import Path
from typing import Final

GET_FLAGS: Final = 0x80086601
SET_FLAGS: Final = 0x40086602
TOP_OF_HIERARCHY: Final = 0x00020000
"""The attribute of ``chattr +T``, and the requests to get and set attributes (``linux/fs.h``)."""


def make_apart(folder: Path) -> None:
    """Make ``folder``, and its parents, unless it is there, and have ext4 choose a new place on the disk for it.

    ext4 keeps a folder's files beside it and a folder beside its parent, and before it makes a file it passes over each
    one that was deleted in that place in the last minutes. Where thousands were (a cache beside us, an earlier data
    folder) a file costs more than a short job. What is made in a folder that is marked as the top of a hierarchy gets
    a place with few folders instead; other file systems do not know the mark.

    :raises OSError: it cannot be made.
    """
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    nursery = folder.parent / f".new-{secrets.token_hex(8)}"
    nursery.mkdir()
    try:
        with contextlib.suppress(OSError):
            _mark_as_top(nursery)
        made = nursery / secrets.token_hex(8)
        made.mkdir()
        made.rename(folder)
    finally:
        nursery.rmdir()


def _mark_as_top(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flags = array.array("i", [0])
        fcntl.ioctl(descriptor, GET_FLAGS, flags)
        flags[0] |= TOP_OF_HIERARCHY
        fcntl.ioctl(descriptor, SET_FLAGS, flags)
    finally:
        os.close(descriptor)
