"""Prepared statements give and raise what SQLAlchemy would, on either database."""

from typing import Any

import pytest
from sqlalchemy import Select, bindparam, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import Integer

from scale_core.db.models import Error, JobType
from scale_core.db.prepared import Prepared
from scale_core.db.troubles import is_passing
from scale_core.services.context import Context

TYPES = JobType.__table__
ERRORS = Error.__table__


@pytest.mark.parametrize(
    "statement",
    [
        select(*TYPES.c).order_by(TYPES.c.id),
        select(TYPES.c.name, TYPES.c.is_system, TYPES.c.interface).where(TYPES.c.is_active),
        select(TYPES.c.id).where(TYPES.c.name.in_(["scale-ingest", "scale-strike", "none"])).order_by(TYPES.c.id),
        select(ERRORS.c.name).where(ERRORS.c.category == "SYSTEM").order_by(ERRORS.c.name),
        select(TYPES.c.name).where(TYPES.c.name.like("scale-%"), TYPES.c.is_system == True).order_by(TYPES.c.id),  # noqa: E712
    ],
    ids=range(5),
)
def test_the_rows_are_those_of_the_statement(context: Context, statement: Select[Any]) -> None:
    with context.database.read() as session:
        prepared = Prepared(statement, session.get_bind().dialect)
        expected = [tuple(row) for row in session.execute(statement)]
        assert expected
        assert prepared.rows(session) == expected
        assert [[type(value) for value in row] for row in prepared.rows(session)] == [
            [type(value) for value in row] for row in expected
        ]


def test_parameters_may_be_given_each_time(context: Context) -> None:
    size = bindparam("size", type_=Integer(), required=False)
    statement = select(TYPES.c.id).where(TYPES.c.is_system.in_([True])).order_by(TYPES.c.id).limit(size)
    with context.database.read() as session:
        prepared = Prepared(statement, session.get_bind().dialect)
        assert [len(prepared.rows(session, size=number)) for number in (0, 1, 2)] == [0, 1, 2]


def test_what_is_wrong_with_a_statement_is_raised_as_by_sqlalchemy(context: Context) -> None:
    with context.database.read() as session, pytest.raises(DBAPIError, match="no_such_column") as raised:
        Prepared(select(text("no_such_column")), session.get_bind().dialect).rows(session)
    assert not is_passing(raised.value)


@pytest.mark.postgresql
def test_a_lost_connection_is_trouble_that_passes(context: Context) -> None:
    with context.database.read() as session:
        prepared = Prepared(select(TYPES.c.id), session.get_bind().dialect)
        assert prepared.rows(session)
        (process,) = session.execute(text("SELECT pg_backend_pid()")).one()
        with context.database.read() as other:
            other.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
        with pytest.raises(DBAPIError) as raised:
            prepared.rows(session)
        assert is_passing(raised.value)
        assert raised.value.connection_invalidated
    with context.database.read() as session:
        assert prepared.rows(session)
