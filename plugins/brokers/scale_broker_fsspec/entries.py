"""What is in a folder of a storage."""

import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from scale_broker_fsspec.folder import Folder
from scale_broker_fsspec.session import Session
from scale_broker_fsspec.transfers import renames
from scale_core.storage.listing import Entry

STEP: Final = 1000
"""Entries of a large folder that are read in one step."""

LISTED: Final = (stat.S_IFREG, stat.S_IFDIR)
"""Kinds of what is taken out of a folder."""

VERSION: Final = ("size", "mtime", "modify", "created", "LastModified", "last_modified", "ETag", "etag", "md5Hash")
"""What file systems of fsspec say of a file that is another when it is replaced."""


def entries_of(session: Session, folder: Folder, path: str) -> Iterator[Entry]:
    """The files and folders in a folder; nothing where it is gone, unless it is the workspace's own.

    :param path: with a final slash; empty: the workspace's folder.
    :raises FileNotFoundError: that is not there, in a storage that has folders.
    """
    place = folder.folder(path.rstrip("/"))
    try:
        if session.sftp is None:
            yield from _entries(session.do(session.fs.ls, place, detail=True), place)
            return
        # SFTP tells a folder bit by bit: memory is bounded, and none of the steps is long.
        rest = session.do(session.sftp.entries, place)
        while part := session.do(lambda: [*islice(rest, STEP)]):
            yield from map(_sftp_entry, (one for one in part if stat.S_IFMT(one.st_mode) in LISTED))
    except (FileNotFoundError, NotADirectoryError):
        if not path and renames(session.fs):
            raise


def _entries(found: Iterable[Mapping[str, Any]], place: str) -> Iterator[Entry]:
    for one in found:
        name = posixpath.basename(str(one["name"]).rstrip("/"))
        if one["type"] == "directory":
            yield Entry(f"{name}/", 0, "")
        elif one["type"] == "file" and str(one["name"]).strip("/") != place.strip("/"):  # some list a file as itself
            yield Entry(name, int(one["size"]), " ".join(str(one[key]) for key in VERSION if key in one))


def _sftp_entry(one: Any) -> Entry:
    """What paramiko says of a file or folder."""
    if stat.S_ISDIR(one.st_mode):
        return Entry(f"{one.filename}/", 0, "")
    return Entry(one.filename, one.st_size, f"{one.st_size} {one.st_mtime}")
