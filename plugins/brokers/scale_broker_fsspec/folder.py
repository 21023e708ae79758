"""The folder of a storage that is a workspace."""

import hashlib
import posixpath
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from scale_broker_fsspec.session import Session
from scale_core.interfaces.broker import FileMissing, PathRefused
from scale_core.storage.parts import PARTS, is_left, part_name

GIVEN_UP_NS: Final = 3_000_000_000
"""From when on nobody goes on with a part of a file that was stored since: who writes does so all the time."""


class Folder:
    """Finds files below ``root`` in one session."""

    def __init__(self, session: Session, root: str) -> None:
        self._session = session
        self._root = root.rstrip("/")
        self._real_root: str | None = None
        self._made: set[str] = set()
        self._is_tidy = False

    def folder(self, path: str) -> str:
        """Where the folder at ``path`` is, whose name need not be UTF-8; empty: the workspace's own.

        :raises PathRefused: as for :meth:`locate`.
        """
        return self._inside(path) if path else self._root or "/"

    def locate(self, path: str) -> str:
        """Where ``path`` is in the storage.

        :raises PathRefused: it is no relative path, is not UTF-8, or a link there leads out of the workspace.
        """
        try:
            path.encode()
        except UnicodeEncodeError as error:
            raise PathRefused(f"{path!r} is not UTF-8; rename the file.") from error
        return self._inside(path)

    def _inside(self, path: str) -> str:
        check_path(path)
        place = f"{self._root}/{path}"
        if self._session.sftp is not None:
            self._check_links(path, place, self._session.sftp.real_path)
        return place

    def _check_links(self, path: str, place: str, resolve: Callable[[str], str]) -> None:
        """A server that knows links resolves them; one that may not resolve what is missing has no link there."""
        if self._real_root is None:
            self._real_root = self._session.do(resolve, self._root or "/").rstrip("/")
        try:
            real = self._session.do(resolve, place)
        except OSError:
            return
        if not real.startswith(f"{self._real_root}/"):
            raise PathRefused(f"{path!r} leads out of the workspace's folder through a symbolic link.")

    def info(self, path: str) -> tuple[str, int]:
        """Where the file at ``path`` is, and its size in bytes.

        :raises FileMissing: no file is there.
        """
        place = self.locate(path)
        try:
            found = self._session.do(self._session.fs.info, place)
        except FileNotFoundError as error:
            raise FileMissing(f"There is no file {path!r} in {self._root}.") from error
        if found["type"] != "file":
            raise FileMissing(f"{path!r} in {self._root} is no file, but a {found['type']}.")
        return place, int(found["size"])

    def has(self, path: str) -> bool:
        """Whether there is a file at ``path``."""
        try:
            self.info(path)
        except FileMissing:
            return False
        return True

    def writable(self, path: str) -> str:
        """Where to write ``path``; the folders above it are made.

        :raises PathRefused: a folder is there, or a file is where a folder has to be.
        """
        place = self.locate(path)
        if path.split("/", 1)[0] == PARTS:
            raise PathRefused(f"{path!r} is below {PARTS}, where files are on their way.")
        fs = self._session.fs
        if self._session.do(fs.isdir, place):
            raise PathRefused(f"{path!r} in {self._root} is a folder; a file cannot take its place.")
        self._make(posixpath.dirname(place), path)
        return place

    def part(self, path: str) -> str:
        """Where to write what is to be moved to ``path`` when it is whole."""
        parts = f"{self._root}/{PARTS}"
        self._make(parts, PARTS)
        return f"{parts}/{part_name(_sign(path) + secrets.token_hex(8))}"

    def remove_left(self, path: str, now_ns: int) -> None:
        """Remove parts that killed processes have left; once in a session.

        :param path: has just been stored: what others began to write there is left sooner.
        :param now_ns: what time it is where the storage is.
        """
        if self._is_tidy:
            return
        self._is_tidy = True
        for one in self._session.do(self._session.fs.ls, f"{self._root}/{PARTS}", detail=True):
            modified_ns, name = changed_ns(one), posixpath.basename(one["name"])
            if modified_ns is None:
                continue
            is_older = name.startswith(_sign(path)) and now_ns - modified_ns > GIVEN_UP_NS
            if is_older or is_left(name, modified_ns, now_ns):
                self.remove(one["name"])

    def remove(self, place: str) -> None:
        """Remove a file, if it is there."""
        fs: Any = self._session.fs
        try:
            self._session.do(fs.rm_file, place)
        except FileNotFoundError:
            return

    def make_root(self) -> None:
        """Make the workspace's folder, and the one for what is on its way."""
        self._make(f"{self._root}/{PARTS}", PARTS)

    def probe_root(self) -> None:
        """See whether the workspace's folder is there, or can be made.

        :raises PathRefused: it, or what is above it, is no folder.
        """
        fs, place = self._session.fs, self._root
        while place and not self._session.do(fs.exists, place):
            place = posixpath.dirname(place).rstrip("/")
        if place and not self._session.do(fs.isdir, place):
            raise PathRefused(f"{place} is no folder, and the workspace's folder is to be {self._root}; name another.")

    def _make(self, folder: str, path: str) -> None:
        """Make a folder and those above it; others may do so at the same time."""
        fs, missing = self._session.fs, []
        while folder not in ("", "/", *self._made) and not self._session.do(fs.isdir, folder):
            missing.append(folder)
            folder = posixpath.dirname(folder)
        for one in reversed(missing):
            try:
                self._session.do(fs.mkdir, one, create_parents=False)
            except OSError as error:
                if not self._session.do(fs.isdir, one):
                    if self._session.do(fs.exists, one):
                        raise PathRefused(f"{path!r} needs a folder where a file is: {one}.") from error
                    raise
        self._made |= {folder, *missing}


def _sign(path: str) -> str:
    """What the names of parts of the file at ``path`` begin with."""
    return f"{hashlib.sha256(path.encode()).hexdigest()[:16]}-"


def changed_ns(info: Mapping[str, Any]) -> int | None:
    """When a file was written to, by what a file system says about it; None: it does not say it."""
    told = info.get("mtime")
    if isinstance(told, datetime):
        told = told.timestamp()
    return int(told * 1_000_000_000) if isinstance(told, int | float) else None


def check_path(path: str) -> None:
    """:raises PathRefused: ``path`` is no path inside a workspace."""
    if any(part in {"", ".", ".."} for part in path.split("/")) or "\0" in path:
        raise PathRefused(
            f"{path!r} is no path inside a workspace: it must be relative, without empty, '.' and '..' parts."
        )
