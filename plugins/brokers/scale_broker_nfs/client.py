"""An export that is reached without the kernel: through nfs-rs, a client in a library (decision 0041)."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Final, Self, TypeVar, cast

import nfs_rs

from scale_broker_nfs.connection import Connection
from scale_broker_nfs.export import export_of
from scale_broker_nfs.forgotten import is_forgotten
from scale_broker_nfs.open_file import Opened, OpenFile
from scale_core.interfaces.broker import (
    Broker,
    FileMissing,
    ListedFile,
    PathRefused,
    StorageUnavailable,
    StorageUsage,
    StoredFile,
    changed,
)
from scale_core.storage.content import HEAD, write_all
from scale_core.storage.faults import storage_errors
from scale_core.storage.files import open_regular
from scale_core.storage.listing import Entry, listed_files
from scale_core.storage.mounts import Export
from scale_core.storage.nfs_options import NFS, NfsOptions
from scale_core.storage.parts import PARTS

TRIES: Final = 5
"""How often a file is looked for that others replace meanwhile."""

PIECE: Final = 1 << 22
"""Bytes that are read and written at a time: as many requests as go well beside each other."""

T = TypeVar("T")


class ClientExport(Broker):
    """The files of a workspace on an export, over one connection, which is made at the first call.

    A file is written under another name and renamed, so that nobody sees half of it. Symbolic links are not followed:
    nothing here knows where they would lead on the server.
    """

    type_name: ClassVar[str] = NFS
    configuration_schema: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, export: Export, settings: NfsOptions) -> None:
        self._export = export
        self._to = Connection(export, settings)
        self._told: Callable[[int], None] = lambda _done: None

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """As where the installation says nothing about NFS."""
        return cls(export_of(configuration), NfsOptions())

    def with_progress(self, told: Callable[[int], None]) -> Self:
        """The same connection."""
        telling = copy(self)
        telling._told = told
        return telling

    def check(self) -> None:
        """The export must be a folder that can be read and written."""
        self._use(self._check)

    def probe(self) -> None:
        """The export must be there; whether it can be written is known once something was."""
        self._use(self._probe)

    def store(self, source: Path, path: str, *, move: bool = False) -> StoredFile:
        """Copy ``source``; every piece is on the server's disk before the file gets its name."""
        place = self._to.at(path)
        stored = self._do(f"store {path!r}", path, lambda: self._store(source, place, path))
        if move:
            with storage_errors(f"remove {source.name!r}", source):
                source.unlink(missing_ok=True)
        return stored

    def retrieve(self, path: str, destination: Path, *, link: bool = False) -> None:
        """Copy: nothing here can be linked to."""
        self._fetch(path, destination)

    def retrieve_verified(self, path: str, destination: Path, checksum: str, *, link: bool = False) -> None:
        """The checksum is computed while it is copied."""
        found = self._fetch(path, destination)
        if found != checksum:
            destination.unlink()
            raise changed(path, checksum, found)

    def move(self, path: str, new_path: str) -> None:
        """Rename inside the export."""
        old, new = self._to.at(path), self._to.at(new_path)
        self._do(f"move {path!r} to {new_path!r}", path, lambda: self._move(old, new))

    def delete(self, path: str) -> None:
        """Remove the file; the folders above it stay."""
        place = self._to.at(path)
        self._do(f"delete {path!r}", path, lambda: self._delete(path, place))

    def stat(self, path: str) -> int:
        """Size in bytes."""
        place = self._to.at(path)
        return self._do(f"look at {path!r}", path, lambda: self._file(place).size)

    def checksum(self, path: str) -> str:
        """Read the whole file, a piece at a time."""
        place = self._to.at(path)
        return self._do(f"read {path!r}", path, lambda: self._read(self._opened(place), None))

    def open(self, path: str) -> BinaryIO:
        """An unbuffered file, read by requests to the server."""
        place = self._to.at(path)
        return cast(
            "BinaryIO", OpenFile(lambda use: self._do(f"read {path!r}", path, use), lambda: self._opened(place))
        )

    def version(self, stream: BinaryIO) -> str:
        """Its number on the server, size and time of change."""
        return _version(cast("OpenFile", stream).info)

    def list_files(self, prefix: str, after: str, limit: int) -> Sequence[ListedFile]:
        """Regular files. Every entry that is read is progress."""
        return self._do("list files", prefix, lambda: [*islice(listed_files(self._entries, prefix, after), limit)])

    def usage(self) -> StorageUsage:
        """Space of the file system that holds the export, whoever uses it."""
        facts = self._do("measure the export", "", lambda: self._to.client().fs_stat())
        return StorageUsage(used=facts.total_bytes - facts.free_bytes, total=facts.total_bytes)

    def _do(self, action: str, path: str, use: Callable[[], T]) -> T:
        return self._to.work(action, path, use, lambda: self._told(0))

    def _use(self, look: Callable[[], None]) -> None:
        try:
            self._do("use the export", "", look)
        except FileMissing as error:
            raise StorageUnavailable(f"{error} Make it on the server, or name another.") from error

    def _probe(self) -> None:
        client = self._to.client()
        if self._to.below:
            client.stat(self._to.below)
        if client.exists(self._to.at(PARTS)):
            self._require_access(client)

    def _check(self) -> None:
        client = self._to.client()
        client.mkdir(self._to.at(PARTS), exist_ok=True)
        self._require_access(client)

    def _require_access(self, client: nfs_rs.Client) -> None:
        if not client.access(self._to.at(PARTS), os.R_OK | os.W_OK | os.X_OK):
            raise StorageUnavailable(f"{self._export} must be a folder that this user can read and write.")

    def _store(self, source: Path, place: str, path: str) -> StoredFile:
        with open_regular(source) as descriptor:
            part = self._to.new_part()
            try:
                stored = self._write(self._to.client(), descriptor, part, path)
                self._rename(self._to.client(), part, place)
            except BaseException as error:
                if isinstance(error, nfs_rs.NfsError) and is_forgotten(error):
                    self._to.let_go()
                with suppress(nfs_rs.NfsError):
                    self._to.client().unlink(part, missing_ok=True)
                raise
        return stored

    def _move(self, old: str, new: str) -> None:
        client = self._to.client()
        try:
            info = self._file(old)
        except FileNotFoundError:
            if old == new or not client.exists(new):
                raise
            return
        if not self._is_same(info, new):
            self._rename(client, old, new)
        elif old != new:
            client.unlink(old)

    def _delete(self, path: str, place: str) -> None:
        client = self._to.client()
        try:
            kind = client.stat(place).type
        except FileNotFoundError:
            return
        if kind is nfs_rs.FileType.DIRECTORY:
            raise PathRefused(f"{path!r} in {self._export} is a folder; only files can be deleted.")
        client.unlink(place, missing_ok=True)

    def _entries(self, folder: str) -> Iterator[Entry]:
        """The files and folders in a folder; nothing where it is gone, unless it is the workspace's own."""
        try:
            client, place = self._to.folder(folder.rstrip("/"))
            for one in client.scandir(place):
                self._told(0)
                if one.info.type is nfs_rs.FileType.FILE:
                    yield Entry(one.name, one.info.size, _version(one.info))
                elif one.info.type is nfs_rs.FileType.DIRECTORY and one.name not in (".", ".."):
                    yield Entry(f"{one.name}/", 0, "")
        except (FileNotFoundError, NotADirectoryError):
            if not folder:
                raise

    def _opened(self, place: str) -> Opened:
        """The regular file at ``place``, open for reading, and facts of it. One that is replaced between being looked
        up and being opened is stale; the next look finds the new one."""
        left = TRIES
        while True:
            try:
                info = self._file(place)
                return self._to.client().open(place, "rb"), info
            except nfs_rs.NfsError as error:
                left -= 1
                if not str(error.code_name).endswith("ERR_STALE") or not left:
                    raise

    def _file(self, path: str) -> nfs_rs.FileInfo:
        """Facts of the regular file at ``path``."""
        info = self._to.client().stat(path)
        if info.type is nfs_rs.FileType.SYMLINK:
            raise PathRefused(f"{path!r} in {self._export} is a symbolic link, which is only followed on a mount.")
        if info.type is not nfs_rs.FileType.FILE:
            raise FileMissing(f"There is no file {path!r} in {self._export}, but something else, such as a folder.")
        return info

    def _is_same(self, info: nfs_rs.FileInfo, path: str) -> bool:
        """Whether ``path`` is a name of that file too."""
        try:
            other = self._to.client().stat(path)
        except FileNotFoundError:
            return False
        return (other.fsid, other.fileid) == (info.fsid, info.fileid)

    def _write(self, client: nfs_rs.Client, source: int, part: str, path: str) -> StoredFile:
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(min(PIECE, os.fstat(source).st_size + 1)))
        size, head = 0, b""
        with client.open(part, "wb") as target:
            while count := os.readv(source, [buffer]):
                digest.update(buffer[:count])
                head = head or bytes(buffer[: min(count, HEAD)])
                target.write(buffer[:count])
                size += count
                self._told(size)
        return StoredFile(path, size, f"sha256:{digest.hexdigest()}", head)

    def _rename(self, client: nfs_rs.Client, path: str, new_path: str) -> None:
        """Rename, and make the folders above where they are missing."""
        try:
            client.rename(path, new_path)
        except FileNotFoundError:
            folder = new_path.rpartition("/")[0]
            if not folder:
                raise
            client.mkdir(folder, parents=True, exist_ok=True)
            client.rename(path, new_path)

    def _fetch(self, path: str, destination: Path) -> str:
        """Copy the file to a new one of this machine, of which nothing is left where that fails; its checksum."""
        place = self._to.at(path)

        def copy_it() -> str:
            opened = self._opened(place)
            with opened[0]:
                target = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
                try:
                    return self._read(opened, target)
                except BaseException:
                    destination.unlink(missing_ok=True)
                    raise
                finally:
                    os.close(target)

        return self._do(f"retrieve {path!r}", path, copy_it)

    def _read(self, opened: Opened, target: int | None) -> str:
        """Read all of an open file and close it; never beyond its end, where the library loses its place in the session
        of NFSv4.1 (decision 0041); its checksum."""
        source, info = opened
        digest = hashlib.sha256()
        done = 0
        with source, memoryview(bytearray(min(PIECE, info.size))) as buffer:
            while done < info.size:
                count = source.readinto(buffer[: info.size - done])
                if not count:
                    raise StorageUnavailable(f"A file in {self._export} became shorter while it was read.")
                digest.update(buffer[:count])
                if target is not None:
                    write_all(target, buffer[:count])
                done += count
                self._told(done)
        return f"sha256:{digest.hexdigest()}"


def _version(info: nfs_rs.FileInfo) -> str:
    return f"{info.fileid} {info.size} {info.mtime}"
