"""What migrations lead to is what the models say, on the database that the tests run on."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Float, Integer, Numeric, func, insert, inspect, select
from sqlalchemy.dialects.postgresql import REAL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from fakes.databases import database_url
from scale_core.db import country_index, extent_index, schema
from scale_core.db.base import Base
from scale_core.db.database import Database

BESIDE = (extent_index.INDEX, country_index.INDEX)
"""What is made beside the tables of the models, and compared by the tests of searches."""


OF_SQLITE: Final = (
    "SELECT name, type, sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL",
    "SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'",
    "SELECT name, type, strict, wr FROM pragma_table_list",
    "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'",
    """SELECT one.name, field.name, field."notnull", field.dflt_value, field.pk, field.hidden,
        CASE WHEN field.type LIKE '%INT%' THEN 'INTEGER' WHEN field.type IN ('FLOAT', 'DOUBLE') THEN 'REAL'
            ELSE field.type END -- SQLite keeps numbers in the same way however their type is called
        FROM sqlite_master AS one, pragma_table_xinfo(one.name) AS field WHERE one.type = 'table'""",
    """SELECT one.name, key."table", key."from", key."to", key.on_delete, key.on_update
        FROM sqlite_master AS one, pragma_foreign_key_list(one.name) AS key WHERE one.type = 'table'""",
)
OF_POSTGRESQL: Final = (
    """SELECT table_name, column_name, udt_name, character_maximum_length, is_nullable, column_default, is_identity
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace""",
    "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    """SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')""",
    "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
    "SELECT stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext",
    """SELECT relname, relkind, reloptions::text, relpersistence FROM pg_class
        WHERE relnamespace = 'public'::regnamespace""",
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """One that was migrated from the first schema."""
    with closing(Database(database_url(tmp_path, is_empty=True))) as database:
        schema.upgrade(database, "0001")
        schema.upgrade(database)
        yield database


def all_of(database: Database) -> set[tuple[str, ...]]:
    """All that a database is made of, as it says itself: tables, indexes, constraints, triggers, functions; and how
    many rows there are."""
    found: set[tuple[str, ...]] = set()
    with database.engine.connect() as connection:
        for question in OF_SQLITE if database.is_sqlite else OF_POSTGRESQL:
            rows = connection.exec_driver_sql(question).all()
            found |= {(question, *(" ".join(str(value).split()) for value in row)) for row in rows}
        for name, table in Base.metadata.tables.items():
            found.add((name, str(connection.scalar(select(func.count()).select_from(table)))))
    return found


def test_an_empty_database_gets_what_all_migrations_lead_to(database: Database, tmp_path: Path) -> None:
    with closing(Database(database_url(tmp_path / "new", is_empty=True))) as made:
        (tmp_path / "new").mkdir()
        assert schema.upgrade(made) == (None, schema.newest())
        assert all_of(made) == all_of(database)


def test_a_database_that_was_emptied_gets_them_too(tmp_path: Path) -> None:
    with closing(Database(database_url(tmp_path, is_empty=True))) as database:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        assert schema.upgrade(database) == (None, schema.newest())
        schema.require_current(database)


def test_tables_of_others_are_left_alone(tmp_path: Path) -> None:
    with closing(Database(database_url(tmp_path, is_empty=True))) as database:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE job (id integer)")
        with pytest.raises(DBAPIError, match="already exists"):
            schema.upgrade(database)
        assert "strike" not in inspect(database.engine).get_table_names()


def is_of_models(name: str | None, kind: str, _parents: Any) -> bool:
    if kind == "table":
        return name != "spatial_ref_sys" and not any(str(name).startswith(one.table) for one in BESIDE)
    return kind != "index" or not any(name in one.indexes for one in BESIDE)


def differ(context: MigrationContext, _there: Any, _model: Any, there: TypeEngine[Any], model: Any) -> bool | None:
    """SQLite keeps numbers in the same way however their type is called; elsewhere alembic compares."""
    if context.dialect.name != "sqlite":
        return None
    kinds = [(isinstance(one, Integer), isinstance(one, Float | Numeric)) for one in (there, model)]
    return False if kinds[0] == kinds[1] != (False, False) else None


def test_migrations_make_the_tables_columns_types_and_indexes_of_the_models(database: Database) -> None:
    options = {"compare_type": differ, "include_name": is_of_models}
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.postgresql
def test_no_number_is_kept_with_single_precision(database: Database) -> None:
    asked = inspect(database.engine)
    columns = [(table, one) for table in Base.metadata.tables for one in asked.get_columns(table)]
    assert [(table, one["name"]) for table, one in columns if isinstance(one["type"], REAL)] == []


def test_directories_of_which_files_were_ingested_count_as_watched_when_strikes_come_to_nodes(tmp_path: Path) -> None:
    now = datetime(2026, 11, 29, tzinfo=UTC)
    times = {"created": now, "last_modified": now}
    strikes, ingests = Base.metadata.tables["strike"], Base.metadata.tables["ingest"]
    with closing(Database(database_url(tmp_path, is_empty=True))) as database:
        schema.upgrade(database, "0024")
        with database.write() as session:
            for number in (1, 2):
                configuration = {"version": "1.0", "mount": f"/in/{number}"}
                session.execute(insert(strikes).values(name=str(number), configuration=configuration, **times))
            file = {
                "file_name": "a",
                "transfer_path": "/in/1/a",
                "media_type": "",
                "data_type": [],
                "bytes_transferred": 1,
            }
            session.execute(
                insert(ingests).values(strike_id=1, status="INGESTED", transfer_started=now, **file, **times)
            )
        schema.upgrade(database)
        with database.read() as session:
            assert session.scalars(select(strikes.c.watched).order_by(strikes.c.id)).all() == ["/in/1", None]
