"""Databases on a server that tests use one after the other: to empty one costs a hundredth of making one."""

from itertools import count
from typing import Final, NamedTuple

from sqlalchemy import Connection, create_engine, text

from scale_core.testing.postgres import PostgresServer

_CUT: Final = """
    SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
"""End other connections, and wait for their end, as long as 60000 ms: a thread that a test left may hold locks."""

_SHAPE: Final = """
    SELECT (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_class),
        (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_attribute),
        (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_index),
        (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_constraint),
        (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_trigger),
        (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_proc),
        (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_statistic),
        (SELECT (count(*), max(xmin::text::bigint))::text FROM alembic_version)
"""
"""How many rows catalogs have, and the last transaction that made one; of what the planner knows of tables too."""

_SIZE: Final = """
    SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""

_EMPTY: Final = """
    DO $$ DECLARE one record; BEGIN
        SET LOCAL session_replication_role = replica;  -- no triggers, no foreign keys: nothing stays
        FOR one IN SELECT oid::regclass AS name FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
            AND relname NOT IN ('alembic_version', 'spatial_ref_sys')
        LOOP EXECUTE format('DELETE FROM %s', one.name); END LOOP;
        FOR one IN SELECT format('%I.%I', schemaname, sequencename)::regclass AS name FROM pg_sequences
            WHERE last_value IS NOT NULL
        LOOP PERFORM setval(one.name, 1, false); END LOOP;
    END $$
"""
"""What a new database holds, its revision and PostGIS's systems of coordinates, stays. To delete rows costs less
than to truncate tables, which makes new files of them and their indexes."""

LARGE: Final = 8 << 20
"""Bytes by which a database may grow: tables keep the pages of rows that are deleted."""


_numbers: Final = count(1)


class _New(NamedTuple):
    """What a database was when it was new."""

    connection: Connection
    shape: tuple[str, ...]
    size: int


class ReusedDatabases:
    """Copies of a database with all tables, of which each test has its own for as long as it runs.

    :param template: the name of what they are copies of.
    """

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server = server
        self._template = template
        self._known: dict[str, _New] = {}
        self._free: list[str] = []

    def lend(self) -> str:
        """The name of a database as new: one that was taken back, or one more."""
        return self._free.pop() if self._free else self._make()

    def take_back(self, name: str) -> None:
        """Have the next test use it, emptied; whoever is connected to it is cut off. What was more than filled is
        dropped: tables altered or analyzed, or many rows."""
        new = self._known[name]
        new.connection.execute(text(_CUT))
        if _shape(new.connection) == new.shape and _size(new.connection) <= new.size + LARGE:
            new.connection.execute(text(_EMPTY))
            self._free.append(name)
            return
        new.connection.close()
        new.connection.engine.dispose()
        self._server.drop(name)
        del self._known[name]

    def _make(self) -> str:
        name = f"scale_reused_{next(_numbers)}"
        self._server.create(name, self._template)
        connection = create_engine(self._server.url(name), isolation_level="AUTOCOMMIT").connect()
        self._known[name] = _New(connection, _shape(connection), _size(connection))
        return name


def _shape(connection: Connection) -> tuple[str, ...]:
    return tuple(connection.execute(text(_SHAPE)).one())


def _size(connection: Connection) -> int:
    return int(connection.scalar(text(_SIZE)) or 0)
