"""The ``host`` broker (reference: Workspaces; endpoints: settled 10)."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Self

from scale_broker_host.batch import Batch
from scale_broker_host.faults import storage_errors
from scale_broker_host.files import (
    copy_into_place,
    copy_out,
    link_out,
    open_descriptor,
    open_regular,
    read_through,
    rename,
    rename_into_place,
    sync_folder,
)
from scale_broker_host.links import Links
from scale_core.interfaces.broker import (
    Broker,
    BrokerError,
    FileMissing,
    LocalPath,
    PathRefused,
    StorageUnavailable,
    StorageUsage,
    StoredFile,
)


class HostBroker(Broker):
    """Stores the files of a workspace below a folder of this machine.

    Files are written without a name, synced, and named, so that a crash leaves a whole file or none. The root is made
    by :meth:`check` only: where it has vanished, nothing is written in its stead.
    """

    type_name: ClassVar[str] = "host"
    configuration_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {
            "type": {"const": "host", "description": "Files are kept in a folder of the machine."},
            "host_path": {
                "type": "string",
                "pattern": r"^(?!(?:[^/]*/)*\.\.(?:/|$))/[^\x00-\x1f\x7f]*$",
                "description": "The absolute path of the workspace's folder, without '..'.",
            },
        },
        "required": ["type", "host_path"],
        "additionalProperties": False,
    }

    def __init__(self, root: Path) -> None:
        self._root = root

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """A broker on the folder ``host_path``."""
        return cls(Path(configuration["host_path"]))

    def check(self) -> None:
        """Make the root where it does not exist; it must be a folder that can be read and written."""
        with storage_errors("use the workspace's folder", self._root):
            self._root.mkdir(parents=True, exist_ok=True)
        if not os.access(self._root, os.R_OK | os.W_OK | os.X_OK):
            raise StorageUnavailable(f"{self._root} must be a folder that this user can read and write.")

    def store(self, source: Path, path: str, *, move: bool = False) -> StoredFile:
        """Rename ``source`` where it may be moved inside one file system, else copy it; then it is durable."""
        with storage_errors(f"store {path!r}", self._root), open_regular(source) as descriptor:
            target = self._writable(path)
            content = rename_into_place(source, descriptor, target) if move else None
            copied = content is None
            if content is None:
                content = copy_into_place(descriptor, target)
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

        return Batch(folder, store, move=move, replace=replace).store(files)

    def link_many(self, files: Sequence[tuple[LocalPath, str]]) -> list[StoredFile | BrokerError]:
        """Hard links inside one file system, with one sync for all."""
        return Links(lambda path: self._writable(path).parent).make(files)

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
                copy_out(source, destination)

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
            return read_through(source).checksum

    def open(self, path: str) -> BinaryIO:
        """An ordinary buffered file."""
        with storage_errors(f"open {path!r}", self._root):
            return os.fdopen(open_descriptor(self._readable(path)), "rb")

    def usage(self) -> StorageUsage:
        """Space of the file system that holds the root, whoever uses it."""
        with storage_errors("measure the workspace", self._root):
            facts = os.statvfs(self._real_root())
        unit = facts.f_frsize
        return StorageUsage(used=(facts.f_blocks - facts.f_bfree) * unit, total=facts.f_blocks * unit)

    def _real_root(self) -> Path:
        """The root without symbolic links.

        :raises StorageUnavailable: it is not there, as when its file system is not mounted.
        """
        root = self._root.resolve()
        if not root.is_dir():
            raise StorageUnavailable(f"The workspace's folder {self._root} is not there. Mount it, or make it again.")
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
