"""Which errors of a database pass, so that the same may be asked again."""

import sqlite3
from typing import Any

import pytest
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from scale_core.db.troubles import is_passing, said


def from_server(state: str | None) -> Any:
    """What psycopg2 raises, as far as it is looked at."""
    error: Any = Exception("server\n\tsaid  so.")
    error.pgcode = state
    return error


def from_file(code: int) -> sqlite3.OperationalError:
    """What sqlite3 raises, with the library's code."""
    error = sqlite3.OperationalError("what the library says")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (OperationalError("", {}, from_file(sqlite3.SQLITE_BUSY)), True),
        (OperationalError("", {}, from_file(sqlite3.SQLITE_FULL)), True),
        (OperationalError("", {}, from_file(sqlite3.SQLITE_ERROR)), False),
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
