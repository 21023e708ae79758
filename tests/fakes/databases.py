"""The database of a test: an SQLite file, or one on a PostgreSQL server that the tests start."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scale_core.db import schema
from scale_core.db.base import Base
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
    """A migrated database, of which others are copies."""
    server.create(TEMPLATE)
    database = Database(server.url(TEMPLATE))
    schema.upgrade(database)
    database.close()


@contextmanager
def dropping_new() -> Iterator[None]:
    """Drop, at the end, the databases that were made in the block."""
    if not on_postgres():
        yield
        return
    server = PostgresServer.at(os.environ[SERVER])
    before = server.names()
    yield
    for name in server.names() - before:
        server.drop(name)


def database_name(folder: Path) -> str:
    """On PostgreSQL, the name of the database that belongs to a data folder."""
    return f"scale_{hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]}"


def database_url(folder: Path, *, is_empty: bool = False) -> str:
    """The URL of the database that belongs to a data folder. On PostgreSQL it is there, with all tables unless it is to
    be empty; on SQLite whoever asks makes it."""
    if not on_postgres():
        return f"sqlite:///{folder / 'scale.db'}"
    name = database_name(folder)
    server = PostgresServer.at(os.environ[SERVER])
    if name not in server.names():
        server.create(name, EMPTY if is_empty else TEMPLATE)
    return server.url(name)


def new_database(folder: Path, *, migrated: bool = False) -> Database:
    """The database that belongs to a data folder, with all tables; by migrations where processes are to use it, which
    takes a while on SQLite."""
    database = Database(database_url(folder))
    if migrated:
        schema.upgrade(database)
    elif database.is_sqlite:
        Base.metadata.create_all(database.engine)
    return database
