"""Connections and transactions."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from scale_core.db.changes import RECORDER
from scale_core.db.errors import DatabaseUnusable
from scale_core.db.sqlite_geometry import add_functions
from scale_core.db.troubles import said
from scale_core.db.types import postgis
from scale_core.durations import SHORT, Durations

SQLITE_BUSY_SECONDS = 30
SQLITE_AGAIN_SECONDS = 0.01
"""How soon something is tried again for which SQLite does not wait by itself."""
CACHED_STATEMENTS = 256
WRITES = "scale_writes"
READ, WRITE = "read", "write"


class Database:
    """One database. Thread-safe; sessions are not. ``transactions`` counts how long they take.

    :param url: an SQLAlchemy URL; ``sqlite:///<path>`` or ``postgresql+psycopg2://…``.
    :raises DatabaseUnusable: the URL is none, or of a database that Scale does not know.
    """

    def __init__(self, url: str) -> None:
        try:
            self.url: URL = make_url(url)
        except Exception as error:  # the URL parser raises several kinds
            raise DatabaseUnusable(f"The database URL cannot be read: {error}.") from error
        if self.url.get_backend_name() not in ("sqlite", "postgresql"):
            raise DatabaseUnusable(
                f"Scale runs on sqlite and postgresql, not on {self.url.get_backend_name()!r}: "
                "use sqlite:///<path> or postgresql+psycopg2://<user>@<host>/<database>."
            )
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        # SQLite has one writer at a time. Those of other processes wait by looking again and again, up to 100 ms apart;
        # the threads of this one take turns without.
        self._writer: AbstractContextManager[object] = threading.Lock() if self.is_sqlite else nullcontext()
        self.engine: Engine = create_engine(
            self.url, json_serializer=_to_json, json_deserializer=orjson.loads, **self._options()
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "connect", _prepare_postgresql)
            postgis()
        self.transactions = Durations(
            "scale_database_transaction_duration_seconds",
            "How long transactions of the database took, with waiting for their turn.",
            SHORT,
            "kind",
            (READ, WRITE),
        )

    def _options(self) -> dict[str, Any]:
        # The connection that was last used, which has pages and prepared statements at hand, is used next.
        pool = {"pool_size": 20, "pool_use_lifo": True}
        if self.is_sqlite:
            # isolation is ours: `_begin_sqlite` says whether a transaction writes, so that two writers queue up
            # instead of failing when the second one tries to upgrade its read lock.
            connect = {"timeout": SQLITE_BUSY_SECONDS, "isolation_level": None, "cached_statements": CACHED_STATEMENTS}
            return {"connect_args": connect, **pool}
        return {"pool_pre_ping": True, **pool}

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing."""
        with self._timed(READ), Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator["WriteSession"]:
        """A session whose changes are committed at the end, all or none; then what it was asked to call is called.

        Who keeps a list of changes (:data:`scale_core.db.changes.RECORDER`) adds to it in the same transaction.
        """
        recorder = RECORDER.get()
        with self._timed(WRITE), self._writer, WriteSession(self.engine) as session:
            session.connection(execution_options={WRITES: True})
            if recorder is not None:
                recorder.begin(session)
            yield session
            if recorder is not None:
                session.flush()
                recorder.end(session)
            session.commit()
        for call in session.after_commit:
            call()

    @contextmanager
    def _timed(self, kind: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.transactions.observe(time.perf_counter() - began, kind)

    @contextmanager
    def rehearse(self) -> Iterator["WriteSession"]:
        """A session that may change anything; all of it is taken back at the end."""
        with self._writer, WriteSession(self.engine) as session:
            session.connection(execution_options={WRITES: True})
            yield session

    def checkpoint(self) -> None:
        """Copy SQLite's log into the database, which else the next writer has to that finds it long. Nobody waits for
        it; what others write meanwhile may be left."""
        if not self.is_sqlite:
            return
        connection = self.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        finally:
            connection.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def check_connection(self) -> None:
        """Raise DatabaseUnusable if no connection can be made."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError as error:
            raise DatabaseUnusable(
                f"No connection to {self.url.render_as_string(hide_password=True)}: {said(error.orig)}."
            ) from error


class WriteSession(Session):
    """A session that remembers what to call once it is committed."""

    def __init__(self, bind: Engine) -> None:
        super().__init__(bind=bind, expire_on_commit=False, autoflush=False)
        self.after_commit: list[Callable[[], None]] = []


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    cursor = connection.cursor()
    _write_ahead(cursor)
    # FULL: a commit that was answered survives a power cut. MEMORY: a statement
    # with triggers notes what it may have to take back; in a file that costs more than all that triggers do.
    # 8000 pages: the log is copied into the database once for many commits, which change many pages again and again;
    # whoever has written much may do so sooner, when nobody waits for it (`Database.checkpoint`).
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-2048",
        "temp_store=MEMORY",
        "wal_autocheckpoint=8000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    add_functions(connection)


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Have the database write to a log first (WAL), so that readers never wait for the writer.

    :raises sqlite3.OperationalError: others have kept it locked for too long.
    """
    deadline = time.monotonic() + SQLITE_BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            # For this lock SQLite does not wait as for others: of processes that start on a new database, all but one
            # would fail.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(SQLITE_AGAIN_SECONDS)
        else:
            return


def _prepare_postgresql(connection: Any, _record: object) -> None:
    # Compiled are statements that PostgreSQL expects to run long, which it does of each search for a place, because of
    # what it would take to compare all parts of collections: half a second, for what then takes some milliseconds.
    with connection.cursor() as cursor:
        cursor.execute("SET jit = off")
    connection.commit()  # else it would be taken back with the first transaction that is


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get(WRITES, False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        # It waits for nobody and cannot fail, and takes a tenth of the time so: every read begins with it.
        connection.connection.cursor().execute("BEGIN")


def _to_json(value: object) -> str:
    return orjson.dumps(value).decode()
