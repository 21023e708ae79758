"""The database of a test: an SQLite file, or one on a PostgreSQL server that the tests start."""

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Engine, event

from fakes.reused import ReusedDatabases
from scale_core.db import schema
from scale_core.db.database import Database
from scale_core.testing.postgres import EMPTY, FORGETFUL, PostgresServer, running_postgres

WANTED: Final = "SCALE_TEST_DATABASE"
"""``postgresql``: tests that take a database take one there; else an SQLite file."""

SERVER: Final = "SCALE_TEST_POSTGRES"
"""Where the server of these tests is: a URL."""

TEMPLATE: Final = "scale_template"
SETTINGS: Final = (*FORGETFUL, "shared_buffers=64MB", "max_connections=200")


def on_postgres() -> bool:
    """Whether tests are to run on PostgreSQL."""
    return os.environ.get(WANTED) == "postgresql"


@contextmanager
def database_server() -> Iterator[None]:
    """Start what :func:`database_url` needs."""
    if not on_postgres():
        yield
        return
    with (
        tempfile.TemporaryDirectory(prefix="scale-postgres-", ignore_cleanup_errors=True) as folder,
        running_postgres(Path(folder), SETTINGS) as server,
    ):
        _make_template(server)
        os.environ[SERVER] = server.url("postgres")
        try:
            yield
        finally:
            del os.environ[SERVER]


def _make_template(server: PostgresServer) -> None:
    """A database with all tables, of which others are copies."""
    server.create(TEMPLATE)
    database = Database(server.url(TEMPLATE))
    schema.upgrade(database)
    database.close()


@lru_cache(1)
def _server(url: str) -> PostgresServer:
    """Kept, with its connection: each test asks it."""
    return PostgresServer.at(url)


@lru_cache(1)
def _reused(url: str) -> ReusedDatabases:
    return ReusedDatabases(_server(url), TEMPLATE)


_there: Final[dict[Path, tuple[str, Callable[[str], None]]]] = {}
"""The databases on PostgreSQL by the data folder to which each belongs: its name, and what is done with it at last."""


@contextmanager
def giving_back_new() -> Iterator[None]:
    """Give back or drop, at the end, the databases that were made in the block."""
    before = set(_there)
    yield
    for folder in _there.keys() - before:
        name, give_back = _there.pop(folder)
        give_back(name)


def database_name(folder: Path) -> str:
    """On PostgreSQL, the name of the database that belongs to a data folder; KeyError if there is none."""
    return _there[folder.absolute()][0]


def database_url(folder: Path, *, is_empty: bool = False) -> str:
    """The URL of the database that belongs to a data folder. On PostgreSQL it is there, with all tables unless it is to
    be empty; on SQLite whoever asks makes it."""
    if not on_postgres():
        return f"sqlite:///{folder / 'scale.db'}"
    folder = folder.absolute()
    server = _server(os.environ[SERVER])
    if folder not in _there:
        name = f"scale_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
        server.create(name, EMPTY if is_empty else TEMPLATE)
        _there[folder] = name, server.drop
    return server.url(database_name(folder))


def new_database(folder: Path, *, alone: bool = False) -> Database:
    """The database that belongs to a data folder, with all tables. One that is there already stays as it is.

    :param alone: it is made for this folder alone, since processes are to use it; else, on PostgreSQL, other tests have
        used it, and of a process that outlived its test nothing would protect the next.
    """
    if on_postgres():
        if not alone and folder.absolute() not in _there:
            reused = _reused(os.environ[SERVER])
            _there[folder.absolute()] = reused.lend(), reused.take_back
    elif not (folder / "scale.db").exists():
        folder.mkdir(exist_ok=True)
        (folder / "scale.db").write_bytes(_sqlite_template())
    database = Database(database_url(folder))
    _share_compiled(database.engine)
    return database


_dialects: Final[dict[str, tuple[Dialect, dict[Any, Any]]]] = {}
"""The dialect of each kind of database, and what was compiled for it."""


def _share_compiled(engine: Engine) -> None:
    """Have an engine use the statements that were compiled in other tests: they belong to a dialect, of which each
    engine has its own. To compile them anew takes half the time of a test."""
    if engine.name not in _dialects:
        engine.connect().close()  # a dialect is complete once it has seen its server
        _dialects[engine.name] = engine.dialect, {}
    engine.dialect, compiled = _dialects[engine.name]
    engine.update_execution_options(compiled_cache=compiled)


@lru_cache(1)
def _sqlite_template() -> bytes:
    """A database with all tables, of which others are copies."""
    with tempfile.TemporaryDirectory(prefix="scale-sqlite-") as folder:
        file = Path(folder) / "scale.db"
        database = Database(f"sqlite:///{file}")
        schema.upgrade(database)
        database.close()
        return file.read_bytes()


def forget_at_power_cuts() -> None:
    """Have the SQLite databases of this process not wait for the disk, like the server that the tests start: on a busy
    disk that takes most of the time of a test, and no test outlives a power cut."""
    event.listen(Engine, "engine_connect", _forget)


def _forget(connection: Connection) -> None:
    raw: object = connection.connection.dbapi_connection
    if isinstance(raw, sqlite3.Connection) and not raw.in_transaction:
        raw.execute("PRAGMA synchronous=OFF").close()
