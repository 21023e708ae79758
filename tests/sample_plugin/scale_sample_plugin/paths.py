"""Paths inside a workspace. The database has no folders; it keeps to the rules of a file system that has them."""

import os
import sqlite3

from scale_core.interfaces.broker import PathRefused

Key = bytes
"""A path as the database keeps it: file names are bytes, and not always UTF-8."""


def key_of(path: str) -> Key:
    """The key of ``path``.

    :raises PathRefused: it is no relative path below the workspace's root.
    """
    if any(part in {"", ".", ".."} for part in path.split("/")) or "\0" in path:
        raise PathRefused(
            f"{path!r} is no path inside a workspace: it must be relative, without empty, '.' and '..' parts."
        )
    return os.fsencode(path)


def require_place(database: sqlite3.Connection, key: Key, besides: Key | None = None) -> None:
    """Check that a file can be put at ``key``, where ``besides`` is about to go away.

    :raises PathRefused: it is a folder, or a file would be its folder.
    """
    # '0' follows '/', so that these are the keys that begin with "key/".
    below = database.execute(
        "select path from file where path > ? and path < ? and path is not ?", (key + b"/", key + b"0", besides)
    ).fetchone()
    if below is not None:
        raise PathRefused(f"{os.fsdecode(key)!r} is a folder; a file cannot take its place.")
    parts = key.split(b"/")
    for length in range(1, len(parts)):
        folder = b"/".join(parts[:length])
        if folder != besides and database.execute("select 1 from file where path = ?", (folder,)).fetchone():
            raise PathRefused(f"{os.fsdecode(folder)!r} is a file; there can be no other below it.")
