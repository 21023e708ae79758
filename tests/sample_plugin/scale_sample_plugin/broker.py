"""The ``sqlite`` broker: a workspace in one SQLite database."""

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Self

from scale_core.interfaces.broker import Broker, FileMissing, StorageUnavailable, StorageUsage, StoredFile
from scale_sample_plugin.faults import storage_errors
from scale_sample_plugin.paths import Key, key_of, require_place

CHUNK = 1 << 20
"""Bytes of a row, and of memory that a file of any size takes."""

WAIT_SECONDS = 60
"""How long one writer waits for another."""

SCHEMA = """
create table if not exists file (
    id integer primary key, path blob not null unique, size integer not null, checksum text not null
);
create table if not exists chunk (
    file_id integer not null references file (id) on delete cascade,
    number integer not null,
    content blob not null,
    primary key (file_id, number)
) without rowid;
"""


class SQLiteBroker(Broker):
    """Stores the files of a workspace as rows of a database; every operation is one transaction.

    The database is made by :meth:`check` only.
    """

    type_name: ClassVar[str] = "sqlite"
    configuration_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {
            "type": {"const": "sqlite"},
            "database": {"type": "string", "pattern": "^/", "description": "The absolute path of the database."},
        },
        "required": ["type", "database"],
        "additionalProperties": False,
    }

    def __init__(self, database: Path) -> None:
        self._database = database

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """A broker on the database ``database``."""
        return cls(Path(configuration["database"]))

    def check(self) -> None:
        """Make the database where there is none, and see that it can be written."""
        with storage_errors("open", self._database):
            self._database.parent.mkdir(parents=True, exist_ok=True)
            self._database.touch()
        with self._transaction(write=False) as database:
            database.execute("pragma journal_mode = wal")  # readers and the writer do not wait for each other
        with self._transaction() as database:
            for statement in filter(str.strip, SCHEMA.split(";")):
                database.execute(statement)

    def store(self, source: Path, path: str, *, move: bool = False) -> StoredFile:
        """Copy the file in; with ``move`` it is removed once that is committed."""
        key = key_of(path)
        with storage_errors(f"read {source}, to store it in", self._database), source.open("rb") as stream:
            with self._transaction() as database:
                require_place(database, key)
                database.execute("delete from file where path = ?", (key,))
                stored = _insert(database, key, path, stream)
            if move:
                source.unlink(missing_ok=True)
        return stored

    def retrieve(self, path: str, destination: Path, *, link: bool = False) -> None:
        """Copy the file out; there is nothing to link to."""
        with self.open(path) as stored, storage_errors(f"write {destination} from", self._database):
            target = destination.open("xb")
            try:
                with target:
                    shutil.copyfileobj(stored, target, CHUNK)
            except BaseException:
                destination.unlink(missing_ok=True)
                raise

    def move(self, path: str, new_path: str) -> None:
        """Give the file another path."""
        old, new = key_of(path), key_of(new_path)
        with self._transaction() as database:
            if old == new or not _exists(database, old):
                self._require(database, new, new_path if _exists(database, new) else path)
                return
            require_place(database, new, besides=old)
            database.execute("delete from file where path = ?", (new,))
            database.execute("update file set path = ? where path = ?", (new, old))

    def delete(self, path: str) -> None:
        """Delete the file and its content."""
        key = key_of(path)
        with self._transaction() as database:
            database.execute("delete from file where path = ?", (key,))

    def stat(self, path: str) -> int:
        """Size in bytes."""
        return self._look_up(path)[1]

    def checksum(self, path: str) -> str:
        """The checksum that was taken when the file was stored."""
        return self._look_up(path)[2]

    def open(self, path: str) -> BinaryIO:
        """A copy in a temporary file without a name, so that nothing that happens to the stored file is seen."""
        key = key_of(path)
        with storage_errors("make a temporary file for one of", self._database):
            copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
            try:
                with self._transaction(write=False) as database:
                    file_id = self._require(database, key, path)[0]
                    rows = database.execute("select content from chunk where file_id = ? order by number", (file_id,))
                    for (content,) in rows:
                        copy.write(content)
                copy.seek(0)
            except BaseException:
                copy.close()
                raise
        return copy

    def usage(self) -> StorageUsage:
        """Bytes of all files; how much more fits is not known."""
        with self._transaction(write=False) as database:
            (used,) = database.execute("select coalesce(sum(size), 0) from file").fetchone()
        return StorageUsage(used=used, total=None)

    def _look_up(self, path: str) -> tuple[int, int, str]:
        key = key_of(path)
        with self._transaction(write=False) as database:
            return self._require(database, key, path)

    def _require(self, database: sqlite3.Connection, key: Key, path: str) -> tuple[int, int, str]:
        """Id, size and checksum of a file."""
        row: tuple[int, int, str] | None = database.execute(
            "select id, size, checksum from file where path = ?", (key,)
        ).fetchone()
        if row is None:
            raise FileMissing(f"There is no file {path!r} in {self._database}.")
        return row

    @contextmanager
    def _transaction(self, *, write: bool = True) -> Iterator[sqlite3.Connection]:
        """A connection of the block's own, in one transaction when it writes."""
        if not self._database.is_file():
            raise StorageUnavailable(f"The workspace's database {self._database} is not there. Bring it back.")
        with storage_errors("use", self._database):
            # `isolation_level=None`: transactions begin where they are told to.
            connection = sqlite3.connect(
                f"{self._database.absolute().as_uri()}?mode=rw", uri=True, timeout=WAIT_SECONDS, isolation_level=None
            )
            try:
                connection.execute("pragma foreign_keys = on")
                if write:
                    connection.execute("begin immediate")
                yield connection
                if write:
                    connection.execute("commit")
            finally:
                connection.close()  # what is not committed is rolled back


def _exists(database: sqlite3.Connection, key: Key) -> bool:
    return database.execute("select 1 from file where path = ?", (key,)).fetchone() is not None


def _insert(database: sqlite3.Connection, key: Key, path: str, stream: BinaryIO) -> StoredFile:
    file_id = database.execute("insert into file (path, size, checksum) values (?, 0, '')", (key,)).lastrowid
    digest = hashlib.sha256()
    size = number = 0
    while content := stream.read(CHUNK):
        database.execute("insert into chunk values (?, ?, ?)", (file_id, number, content))
        digest.update(content)
        size, number = size + len(content), number + 1
    checksum = f"sha256:{digest.hexdigest()}"
    database.execute("update file set size = ?, checksum = ? where id = ?", (size, checksum, file_id))
    return StoredFile(path, size, checksum)
