"""Which errors of a database pass, so that the same may be asked again."""

import sqlite3
from typing import Any

import pytest
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from scale_core.db.errors import is_passing, said


def from_server(state: str | None) -> Any:
    """What psycopg2 raises, as far as it is looked at."""
    error: Any = Exception("server\n\tsaid  so.")
    error.pgcode = state
    return error


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (OperationalError("", {}, sqlite3.OperationalError("database is locked")), True),
        (OperationalError("", {}, sqlite3.OperationalError("database or disk is full")), True),
        (OperationalError("", {}, from_server(None)), True),
        (OperationalError("", {}, from_server("57P01")), True),
        (OperationalError("", {}, from_server("40001")), True),
        (OperationalError("", {}, from_server("55P03")), True),
        (OperationalError("", {}, from_server("54000")), False),
        (DataError("", {}, from_server("22001")), False),
        (DataError("", {}, from_server("22001"), connection_invalidated=True), True),
        (IntegrityError("", {}, sqlite3.IntegrityError("UNIQUE")), False),
        (NoConnectionLeft("no connection left"), True),
        (ValueError("x"), False),
    ],
)
def test_what_is_the_databases_own_trouble_passes(error: Exception, passes: bool) -> None:
    assert is_passing(error) is passes


def test_what_a_server_says_is_one_line() -> None:
    assert said(from_server(None)) == "server said so"
