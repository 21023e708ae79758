"""The ``fsspec`` broker (decision 0043)."""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Self, cast

from scale_broker_fsspec.entries import entries_of
from scale_broker_fsspec.faults import storage_errors
from scale_broker_fsspec.folder import Folder, check_path
from scale_broker_fsspec.options import FsspecOptions
from scale_broker_fsspec.session import Session
from scale_broker_fsspec.sessions import Sessions
from scale_broker_fsspec.transfers import RemoteFile, download, upload
from scale_core.interfaces.broker import (
    Broker,
    BrokerError,
    FileMissing,
    ListedFile,
    PathTaken,
    StorageUsage,
    StoredFile,
    changed,
)
from scale_core.storage.content import CHUNK, Told
from scale_core.storage.faults import storage_errors as local_errors
from scale_core.storage.files import open_regular
from scale_core.storage.listing import listed_files


def _nothing(_done: int) -> None:
    """Nobody is told."""


class FsspecBroker(Broker):
    """Stores the files of a workspace in a folder of whatever fsspec opens, such as an SFTP server.

    Connections are kept for the next call, for a minute, or until :meth:`close`. So many calls are under way as the
    options say, and others wait. Used space is unknown.
    """

    type_name: ClassVar[str] = "fsspec"
    configuration_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {
            "type": {"const": "fsspec", "description": "Files are kept where fsspec reaches them."},
            "protocol": {
                "type": "string",
                "pattern": "^[a-z][a-z0-9+.-]*$",
                "description": "The name of the protocol, such as sftp: one of those that the installation allows, "
                "without another one behind it.",
            },
            "path": {
                "type": "string",
                "pattern": r"^(?!(?:[^/]*/)*\.{1,2}(?:/|$))/[^\x00-\x1f\x7f]*$",
                "description": "The absolute path of the workspace's folder on the storage, without '.' and '..'.",
            },
            "host": {
                "type": "string",
                "pattern": r"^[A-Za-z0-9.:_-]+$",
                "description": "The server: one of those that the installation allows. Left out: as the account says.",
            },
            "port": {
                "type": "integer",
                "minimum": 1,
                "maximum": 65535,
                "description": "The server's port. Left out: as the account says, or the protocol's own.",
            },
            "username": {
                "type": "string",
                "minLength": 1,
                "description": "Who the server is told that asks. Left out: as the account says.",
            },
            "account": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]+$",
                "description": "The name of the table [storage.fsspec.accounts.NAME] of scale.toml with the secrets.",
            },
            **{
                name: {
                    "not": {},
                    "description": "no secrets in a document, which others can read; put them into a table "
                    "[storage.fsspec.accounts.NAME] of scale.toml, and name it as account.",
                }
                for name in ("credentials", "password", "key", "secret", "token", "key_filename", "passphrase")
            },
        },
        "required": ["type", "protocol", "path"],
        "additionalProperties": False,
    }

    def __init__(self, configuration: Mapping[str, Any], options: FsspecOptions) -> None:
        protocol: str = configuration["protocol"]
        self._root: str = configuration["path"]
        arguments = options.arguments(configuration)
        self._place = f"{protocol}://{arguments.get('host', '')}{self._root}"
        connect = partial(Session, protocol, arguments, options.timeout_seconds)
        self._sessions = Sessions(connect, options.transfers)
        self._told: Told = _nothing

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """A broker with the options that hold where the installation says nothing."""
        return cls.from_settings(configuration, {})

    @classmethod
    def from_settings(cls, configuration: Mapping[str, Any], options: Mapping[str, Any]) -> Self:
        """A broker with the options of the installation.

        :raises OptionError: one of them is wrong, or they do not allow the protocol or host.
        """
        return cls(configuration, FsspecOptions.of(options))

    def with_progress(self, told: Told) -> Self:
        """One on the same folder, with the same connections, that tells bytes piece by piece."""
        telling = copy(self)
        telling._told = told
        return telling

    def close(self) -> None:
        """End the connections that nobody uses now."""
        self._sessions.end()

    def check(self) -> None:
        """Connect; make the folder where it does not exist."""
        with self._open("use the workspace's folder") as (_session, folder):
            folder.make_root()

    def probe(self) -> None:
        """Connect; the folder is there, or nothing is."""
        with self._open("use the workspace's folder") as (_session, folder):
            folder.probe_root()

    def store(self, source: Path, path: str, *, move: bool = False) -> StoredFile:
        """Write beside, then rename."""
        (result,) = self.store_many([(source, path)], move=move)
        if isinstance(result, BrokerError):
            raise result
        return result

    def store_many(
        self, files: Sequence[tuple[Path, str]], *, move: bool = False, replace: bool = True
    ) -> list[StoredFile | BrokerError]:
        """One after the other on one connection."""
        if not files:
            return []
        try:
            with self._open("store files") as (session, folder):
                return [self._store(session, folder, *one, move=move, replace=replace) for one in files]
        except BrokerError as error:
            return [error for _file in files]

    def _store(
        self, session: Session, folder: Folder, source: Path, path: str, *, move: bool, replace: bool
    ) -> StoredFile | BrokerError:
        try:
            with local_errors(f"store {path!r}", source), open_regular(source) as descriptor:
                with storage_errors(f"store {path!r}", self._place):
                    if not replace and folder.has(path):
                        raise PathTaken(f"There is a file at {path!r} already.")
                    stored = upload(session, folder, descriptor, path, self._told)
                if move:
                    source.unlink(missing_ok=True)
                return stored
        except BrokerError as error:
            session.doubt(error)
            return error

    def retrieve(self, path: str, destination: Path, *, link: bool = False) -> None:
        """Copy it here."""
        self._retrieve(path, destination)

    def retrieve_verified(self, path: str, destination: Path, checksum: str, *, link: bool = False) -> None:
        """Copy it here; the checksum is computed on the way."""
        found = self._retrieve(path, destination)
        if found != checksum:
            destination.unlink()
            raise changed(path, checksum, found)

    def _retrieve(self, path: str, destination: Path) -> str:
        with self._open(f"retrieve {path!r}") as (session, folder):
            return download(session, folder, path, destination, self._told)

    def move(self, path: str, new_path: str) -> None:
        """Rename."""
        check_path(path)
        with self._open(f"move {path!r} to {new_path!r}") as (session, folder):
            if not folder.has(path):
                if folder.has(new_path):
                    return
                raise FileMissing(f"There is no file {path!r} in {self._place}.")
            if path != new_path:
                old, new = folder.locate(path), folder.writable(new_path)
                session.do(session.fs.mv, old, new)

    def delete(self, path: str) -> None:
        """Remove the file; the folders above it stay."""
        with self._open(f"delete {path!r}") as (_session, folder):
            folder.remove(folder.locate(path))

    def stat(self, path: str) -> int:
        """Size in bytes."""
        with self._open(f"look at {path!r}") as (_session, folder):
            return folder.info(path)[1]

    def checksum(self, path: str) -> str:
        """Read the whole file, a piece at a time."""
        digest = hashlib.sha256()
        with self._open(f"read {path!r}") as (session, folder), RemoteFile(session, folder, path) as stream:
            stream.read_ahead()
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
        return f"sha256:{digest.hexdigest()}"

    def open(self, path: str) -> BinaryIO:
        """A stream with a connection to itself: it takes no turn, since nobody knows how long it is read."""
        with storage_errors(f"open {path!r}", self._place):
            check_path(path)
            session = self._sessions.take()
            done = partial(self._sessions.give_back, session)
            try:
                stream = RemoteFile(session, Folder(session, self._root), path, done)
            except BaseException as error:
                session.doubt(error)
                done()
                raise
        return cast("BinaryIO", io.BufferedReader(stream, CHUNK))

    def list_files(self, prefix: str, after: str, limit: int) -> Sequence[ListedFile]:
        """Regular files; symbolic links are none, and are not followed."""
        with self._open("list files") as (session, folder):
            return [*islice(listed_files(lambda path: entries_of(session, folder, path), prefix, after), limit)]

    def usage(self) -> StorageUsage:
        """Unknown: fsspec has no way to ask."""
        return StorageUsage(used=None, total=None)

    @contextmanager
    def _open(self, action: str) -> Iterator[tuple[Session, Folder]]:
        with storage_errors(action, self._place), self._sessions.lend() as session:
            yield session, Folder(session, self._root)
