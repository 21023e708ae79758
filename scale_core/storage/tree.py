"""A workspace that is a tree of folders below a root (reference: Workspaces)."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Self

from scale_core.interfaces.broker import (
    Broker,
    BrokerError,
    FileMissing,
    ListedFile,
    LocalPath,
    PathRefused,
    StorageMissing,
    StorageUnavailable,
    StorageUsage,
    StoredFile,
    changed,
)
from scale_core.storage.batch import Batch
from scale_core.storage.content import Told, read_through
from scale_core.storage.faults import storage_errors
from scale_core.storage.files import (
    copy_into_place,
    copy_out,
    link_out,
    open_descriptor,
    open_regular,
    rename,
    rename_into_place,
    sync_folder,
    sync_names,
)
from scale_core.storage.links import Links
from scale_core.storage.parts import Parts
from scale_core.storage.walk import Found, walk


class TreeBroker(Broker):
    """Stores the files of a workspace below a folder that this machine sees.

    Subclass it and give ``type_name``, ``configuration_schema`` and ``from_configuration``. Files are written without a
    name, synced, and named, so that a crash leaves a whole file or none. The root is never made here: where it has
    vanished, nothing is written in its stead.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._parts = Parts(root)
        self._told: Told | None = None

    def with_progress(self, told: Told) -> Self:
        """The same folder."""
        telling = copy(self)
        telling._told = told
        return telling

    @property
    def local_folder(self) -> Path:
        """The root."""
        return self._root

    def check(self) -> None:
        """The root must be a folder that can be read and written."""
        with storage_errors("use the workspace's folder", self._root):
            self._real_root()
        if not os.access(self._root, os.R_OK | os.W_OK | os.X_OK):
            raise StorageUnavailable(f"{self._root} must be a folder that this user can read and write.")

    def store(self, source: Path, path: str, *, move: bool = False) -> StoredFile:
        """Rename ``source`` where it may be moved inside one file system, else copy it; then it is durable."""
        with storage_errors(f"store {path!r}", self._root), open_regular(source) as descriptor:
            target = self._writable(path)
            content = rename_into_place(source, descriptor, target, self._told) if move else None
            copied = content is None
            if content is None:
                content = copy_into_place(descriptor, target, self._parts, self._told)
            sync_folder(target.parent)
            if move and copied:
                source.unlink(missing_ok=True)
        return StoredFile(path, content.size, content.checksum, content.head)

    def store_many(
        self, files: Sequence[tuple[Path, str]], *, move: bool = False, replace: bool = True
    ) -> list[StoredFile | BrokerError]:
        """Like :meth:`store`, with one sync for all."""

        def folder(path: str) -> Path:
            return self._writable(path).parent

        def store(source: Path, path: str) -> StoredFile:
            return self.store(source, path, move=move)

        return Batch(folder, store, self._parts, self._told, move=move, replace=replace).store(files)

    def link_many(self, files: Sequence[tuple[LocalPath, str]]) -> list[StoredFile | BrokerError]:
        """Hard links inside one file system."""
        return Links(lambda path: self._writable(path).parent).make(files)

    def sync_links(self, paths: Sequence[str]) -> None:
        """One sync for many."""
        above: dict[str, list[str]] = defaultdict(list)
        for path in paths:
            folder, _, name = path.rpartition("/")
            above[folder].append(name)
        with storage_errors("sync the workspace", self._root):
            sync_names({self._locate(f"{folder}/-".lstrip("/")).parent: names for folder, names in above.items()})

    def is_linked(self, source: Path, path: str) -> bool:
        """Whether both names have one inode."""
        with storage_errors(f"look at {path!r}", self._root):
            try:
                return os.path.samestat(os.lstat(source), os.lstat(self._locate(path)))
            except FileNotFoundError:
                return False

    def retrieve(self, path: str, destination: Path, *, link: bool = False) -> None:
        """Link where that is wanted: a hard link inside one file system, else a symbolic one. Otherwise copy."""
        with storage_errors(f"retrieve {path!r}", self._root):
            found = self._readable(path)
            if link:
                link_out(found, destination)
                return
            with open_regular(found) as source:
                copy_out(source, destination, self._told)

    def retrieve_verified(self, path: str, destination: Path, checksum: str, *, link: bool = False) -> None:
        """The checksum is computed while it is copied."""
        if link:
            self.retrieve(path, destination, link=True)
            return
        with storage_errors(f"retrieve {path!r}", self._root), open_regular(self._readable(path)) as source:
            found = copy_out(source, destination, self._told, checksum)
        if found is not None:
            raise changed(path, checksum, found)

    def move(self, path: str, new_path: str) -> None:
        """Rename inside the root; whoever reads the file meanwhile is not disturbed."""
        with storage_errors(f"move {path!r} to {new_path!r}", self._root):
            old, new = self._locate(path), self._locate(new_path)
            if old == new or not os.path.lexists(old):
                self._readable(new_path if new.exists() else path)
                return
            self._readable(path)
            rename(old, self._writable(new_path))
            for folder in {old.parent, new.parent}:
                sync_folder(folder)

    def delete(self, path: str) -> None:
        """Remove the file; the folders above it stay."""
        with storage_errors(f"delete {path!r}", self._root):
            target = self._locate(path)
            if not os.path.lexists(target):
                return
            if target.is_dir() and not target.is_symlink():
                raise PathRefused(f"{path!r} in {self._root} is a folder; only files can be deleted.")
            target.unlink(missing_ok=True)
            sync_folder(target.parent)

    def stat(self, path: str) -> int:
        """Size in bytes."""
        with storage_errors(f"look at {path!r}", self._root):
            return self._readable(path).stat().st_size

    def checksum(self, path: str) -> str:
        """Read the whole file, a piece at a time."""
        with storage_errors(f"read {path!r}", self._root), open_regular(self._readable(path)) as source:
            return read_through(source, told=self._told).checksum

    def open(self, path: str) -> BinaryIO:
        """An ordinary buffered file."""
        with storage_errors(f"open {path!r}", self._root):
            return os.fdopen(open_descriptor(self._readable(path)), "rb")

    def version(self, stream: BinaryIO) -> str:
        """Its inode, size and time of change."""
        with storage_errors("look at an open file", self._root):
            return _version(os.fstat(stream.fileno()))

    def list_files(self, prefix: str, after: str, limit: int) -> Sequence[ListedFile]:
        """Regular files, and folders that cannot be read; symbolic links are neither, and are not followed."""
        folder = prefix.rpartition("/")[0]
        above = f"{folder}/" if folder else ""
        with storage_errors("list files", self._root):
            base = self._locate(folder) if folder else self._real_root()
            if after >= f"{above}\U0010ffff" or not base.is_dir() or base.is_symlink():
                return []
            found = walk(base, after.removeprefix(above) if after > above else None, told=self._lives)
            return [*islice(_listed(found, above, prefix), limit)]

    def usage(self) -> StorageUsage:
        """Space of the file system that holds the root, whoever uses it."""
        with storage_errors("measure the workspace", self._root):
            facts = os.statvfs(self._real_root())
        unit = facts.f_frsize
        return StorageUsage(used=(facts.f_blocks - facts.f_bfree) * unit, total=facts.f_blocks * unit)

    def _lives(self) -> None:
        """Tell whoever waits for the end of a list that something was read of it."""
        if self._told is not None:
            self._told(0)

    def _real_root(self) -> Path:
        """The root without symbolic links.

        :raises StorageMissing: it is not there, as when its file system is not mounted.
        """
        root = self._root.resolve()
        if not root.is_dir():
            raise StorageMissing(f"The workspace's folder {self._root} is not there. Mount it, or make it again.")
        return root

    def _locate(self, path: str) -> Path:
        """Where ``path`` is: its folder without symbolic links, and its name, which may be one.

        :raises PathRefused: it is no relative path below the root.
        """
        parts = path.split("/")
        if any(part in {"", ".", ".."} for part in parts) or "\0" in path:
            raise PathRefused(
                f"{path!r} is no path inside a workspace: it must be relative, without empty, '.' and '..' parts."
            )
        root = self._real_root()
        folder = root.joinpath(*parts[:-1]).resolve()
        self._check_inside(folder, root, path)
        return folder / parts[-1]

    def _readable(self, path: str) -> Path:
        """The real path of the regular file at ``path``."""
        real = self._locate(path).resolve()
        self._check_inside(real, self._real_root(), path)
        if not real.is_file():
            raise FileMissing(f"There is no file {path!r} in {self._root}.")
        return real

    def _writable(self, path: str) -> Path:
        """Where to write ``path``; the folders above it are made, durably."""
        target = self._locate(path)
        if target.is_dir():
            raise PathRefused(f"{path!r} in {self._root} is a folder; a file cannot take its place.")
        missing = []
        folder = target.parent
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            sync_folder(each.parent)
        return target

    def _check_inside(self, real: Path, root: Path, path: str) -> None:
        if not real.is_relative_to(root):
            raise PathRefused(f"{path!r} leads out of the workspace's folder {self._root} through a symbolic link.")


def _version(facts: os.stat_result) -> str:
    return f"{facts.st_ino} {facts.st_size} {facts.st_mtime_ns}"


def _listed(found: Iterable[Found], above: str, prefix: str) -> Iterator[ListedFile]:
    """The files, and folders that cannot be read, among what is found whose path begins with ``prefix``, up to the
    first that comes behind all of these.

    :param above: what comes before the paths, with a final slash; empty: nothing.
    """
    for one in found:
        path = f"{above}{one.path}{'/' if one.is_folder else ''}"
        if one.trouble is not None and path.startswith(prefix):
            yield ListedFile(path, 0, "", one.trouble)
        elif one.is_file and path.startswith(prefix):
            yield ListedFile(path, one.facts.st_size, _version(one.facts))
        elif path > prefix and not path.startswith(prefix):
            return
