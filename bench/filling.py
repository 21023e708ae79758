"""Filling a database with very many rows: without what is kept beside each row, which is made at the end at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from scale_core.db import collection_extents, country_index, extent_index
from scale_core.db.database import Database
from scale_core.db.models import TALLIES

_INDEXES = """
    SELECT i.relname, pg_get_indexdef(i.oid) FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_namespace n ON n.oid = i.relnamespace
    WHERE n.nspname = 'public' AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.oid)
"""
"""PostgreSQL's indexes, without those of keys."""

_NUMBERED = """
    SELECT table_name, pg_get_serial_sequence(table_name, column_name) FROM information_schema.columns
    WHERE table_schema = 'public' AND pg_get_serial_sequence(table_name, column_name) IS NOT NULL
"""


@contextmanager
def filling(database: Database) -> Iterator[Connection]:
    """A transaction whose rows are put into a database that has been upgraded; then it is as if it had grown."""
    with database.engine.begin() as connection:
        again = _drop_on_sqlite(connection) if database.is_sqlite else _drop_on_postgresql(connection)
        yield connection
        for statement in again:
            connection.exec_driver_sql(statement)
        for tally in TALLIES:
            tally.recount(connection)
        collection_extents.refill(connection)
        if database.is_sqlite:
            extent_index.INDEX.refill(connection)
            country_index.INDEX.refill(connection)
        else:
            _count_on(connection)
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))  # as the server does by itself, in time


def _drop_on_sqlite(connection: Connection) -> list[str]:
    """Drop indexes and triggers; the statements that make them again."""
    rows = connection.exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type"
    ).all()
    for kind, name, _sql in rows:
        connection.exec_driver_sql(f"DROP {kind} {name}")
    return [row.sql for row in rows]


def _drop_on_postgresql(connection: Connection) -> list[str]:
    """Drop indexes, and have triggers, those of foreign keys too, do nothing in this transaction; the statements that
    make the indexes again."""
    rows = connection.exec_driver_sql(_INDEXES).all()
    for name, _definition in rows:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '256MB'")
    return [definition for _name, definition in rows]


def _count_on(connection: Connection) -> None:
    """Have ids that are given out come after those that were put in."""
    for table, sequence in connection.exec_driver_sql(_NUMBERED).all():
        connection.exec_driver_sql(f"SELECT setval('{sequence}', max(id)) FROM {table} HAVING max(id) IS NOT NULL")
