"""The databases of a run: files of SQLite, or on a PostgreSQL server. Each belongs to a data folder."""

import hashlib
import os
import shutil
import sqlite3
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import BenchFailure
from bench.progress import tell
from scale_core.db import schema
from scale_core.db.database import Database
from scale_core.testing.postgres import PostgresFailed, PostgresMissing, PostgresServer, running_postgres

Fill = Callable[[Database], None]

PREFIX = "scale_bench_"
OF_A_RUN = f"{PREFIX}run_"
"""Databases whose names begin so are dropped at the end of the run."""
NEW = f"{PREFIX}new"

SERVER_SETTINGS = ("shared_buffers=512MB", "max_wal_size=4GB", "max_connections=200")
"""Of the server that is started here. All else is PostgreSQL's default: what is committed is on the disk."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A data folder with its database."""

    data_dir: Path
    database_url: str

    def opened(self) -> "closing[Database]":
        """Its database, for as long as a block."""
        return closing(Database(self.database_url))


class Databases(ABC):
    """Makes the databases of a run.

    ``name`` and ``version`` are what people call the software; ``server_pid`` is the first process of its server, where
    there is one that was started for this run.
    """

    name: str
    version: str
    server_pid: int | None = None

    @abstractmethod
    def installation(self, data_dir: Path) -> Installation:
        """A data folder, which need not be there, with a database of its own, which Scale can start on."""

    @abstractmethod
    def forget(self, installation: Installation) -> None:
        """Remove the database of a data folder."""

    @abstractmethod
    def _has(self, kept: str) -> bool:
        """Whether there is such a database of an earlier run."""

    @abstractmethod
    def _new(self) -> str:
        """The URL of an empty database."""

    @abstractmethod
    def _keep(self, kept: str) -> None:
        """Give the new one this name, by which later runs find it."""

    @abstractmethod
    def _copy(self, kept: str, data_dir: Path) -> None:
        """Make a copy of a kept one that of a data folder."""

    def filled(self, what: str, number: int, fill: Fill, work: Path) -> Installation:
        """A new data folder in ``work``, with a copy of a database that is filled once, and kept for the next run.

        :param what: what is in it; a word.
        :param number: how much.
        """
        data_dir = Path(tempfile.mkdtemp(prefix=f"{what}-{number}-", dir=work))
        self._copy(self._filled(f"{PREFIX}{what}_{schema.newest()}_{number}", fill), data_dir)
        os.sync()
        return self.installation(data_dir)

    def _filled(self, kept: str, fill: Fill) -> str:
        if not self._has(kept):
            tell(f"Filling {kept} of {self.name}, once")
            with closing(Database(self._new())) as database:
                schema.upgrade(database)
                fill(database)
            self._keep(kept)
        return kept


class SqliteDatabases(Databases):
    """A file in each data folder.

    :param kept: a folder for what the next run can use again.
    """

    def __init__(self, kept: Path) -> None:
        self.name, self.version = "SQLite", sqlite3.sqlite_version
        self._kept = kept

    def installation(self, data_dir: Path) -> Installation:
        """As Scale makes it by default."""
        return Installation(data_dir, f"sqlite:///{data_dir / 'scale.db'}")

    def forget(self, installation: Installation) -> None:
        """It goes with its folder."""

    def _has(self, kept: str) -> bool:
        return self._path(kept).exists()

    def _new(self) -> str:
        self._path(NEW).unlink(missing_ok=True)
        return f"sqlite:///{self._path(NEW)}"

    def _keep(self, kept: str) -> None:
        self._path(NEW).rename(self._path(kept))

    def _copy(self, kept: str, data_dir: Path) -> None:
        shutil.copyfile(self._path(kept), data_dir / "scale.db")

    def _path(self, kept: str) -> Path:
        return self._kept / f"{kept}.db"


class PostgresDatabases(Databases):
    """Databases on a server, on which there may be others."""

    def __init__(self, server: PostgresServer) -> None:
        self.name, self.version = "PostgreSQL", server.version()
        self.server_pid = server.pid
        self._server = server

    def installation(self, data_dir: Path) -> Installation:
        """On PostgreSQL Scale leaves it to people to make a database and to upgrade it."""
        name = _name_of(data_dir)
        if name not in self._server.names():
            self._server.create(name, self._filled(f"{PREFIX}empty_{schema.newest()}", lambda _database: None))
        return Installation(data_dir, self._server.url(name))

    def forget(self, installation: Installation) -> None:
        """Drop it."""
        self._server.drop(_name_of(installation.data_dir))

    def drop_all(self) -> None:
        """Drop those of all data folders."""
        for name in self._server.names():
            if name.startswith(OF_A_RUN):
                self._server.drop(name)

    def _has(self, kept: str) -> bool:
        return kept in self._server.names()

    def _new(self) -> str:
        self._server.drop(NEW)
        self._server.create(NEW)
        return self._server.url(NEW)

    def _keep(self, kept: str) -> None:
        self._server.rename(NEW, kept)

    def _copy(self, kept: str, data_dir: Path) -> None:
        self._server.create(_name_of(data_dir), kept, is_large=True)


def _name_of(data_dir: Path) -> str:
    return f"{OF_A_RUN}{hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]}"


@contextmanager
def databases(where: str, kept: Path) -> Iterator[Databases]:
    """The databases of a run, for as long as the block.

    :param where: ``sqlite``; ``postgresql``: on a server that is started for the block, whose data is kept; or the URL
        of a server that runs.
    :param kept: a folder for what the next run can use again.
    :raises BenchFailure: there is no server that could be used.
    """
    if where == "sqlite":
        yield SqliteDatabases(kept)
        return
    try:
        if where == "postgresql":
            with running_postgres(kept / "postgresql", SERVER_SETTINGS) as server, _dropping(server) as on_server:
                yield on_server
        else:
            with _dropping(PostgresServer.at(where)) as on_server:
                yield on_server
    except (PostgresMissing, PostgresFailed) as error:
        raise BenchFailure(str(error)) from error


@contextmanager
def _dropping(server: PostgresServer) -> Iterator[PostgresDatabases]:
    on_server = PostgresDatabases(server)
    on_server.drop_all()  # what a run left that was killed
    try:
        yield on_server
    finally:
        on_server.drop_all()
