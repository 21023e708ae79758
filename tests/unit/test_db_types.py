"""Column types, as each database is told of them."""

from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from scale_core.db.types import Keyword, Wkb
from scale_generated.enums import JobStatus

TABLE = Table("thing", MetaData(), Column("id", Integer), Column("status", Keyword(20)), Column("shape", Wkb))
DIALECTS: dict[str, Any] = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}  # type: ignore[no-untyped-call]


def sql(statement: Any, dialect: str) -> str:
    """The statement as the database gets it."""
    compiled = statement.compile(dialect=DIALECTS[dialect], compile_kwargs={"render_postcompile": True})
    return " ".join(str(compiled).split())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_keyword_is_compared_with_a_literal_and_stored_by_a_parameter(dialect: str) -> None:
    status = TABLE.c.status
    asked = sql(select(TABLE.c.id).where(status == JobStatus.FAILED, status.in_(["A", "B"]), status != "C"), dialect)
    assert "thing.status = 'FAILED' AND thing.status IN ('A', 'B') AND thing.status != 'C'" in asked
    assert "'QUEUED'" not in sql(insert(TABLE).values(status="QUEUED"), dialect)


def test_a_quote_in_a_keyword_stays_inside_it() -> None:
    assert "thing.status = 'it''s'" in sql(select(TABLE.c.id).where(TABLE.c.status == "it's"), "sqlite")


def test_geometries_are_those_of_postgis_where_it_is() -> None:
    assert "shape geometry(GEOMETRY,4326)" in sql(CreateTable(TABLE), "postgresql")
    assert "ST_GeomFromEWKT(%(shape)s)" in sql(insert(TABLE).values(shape=b"x"), "postgresql")
    assert "ST_AsEWKB(thing.shape)" in sql(select(TABLE.c.shape), "postgresql")
    assert "shape BLOB" in sql(CreateTable(TABLE), "sqlite")
    assert "ST_" not in sql(select(TABLE.c.shape), "sqlite")
