"""What migrations lead to is what the models say, on the database that the tests run on."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Float, Integer, Numeric, insert, inspect, select
from sqlalchemy.dialects.postgresql import REAL
from sqlalchemy.types import TypeEngine

from fakes.databases import database_url
from scale_core.db import country_index, extent_index, schema
from scale_core.db.base import Base
from scale_core.db.database import Database

BESIDE = (extent_index.INDEX, country_index.INDEX)
"""What is made beside the tables of the models, and compared by the tests of searches."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(database_url(tmp_path, is_empty=True))) as database:
        schema.upgrade(database)
        yield database


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
