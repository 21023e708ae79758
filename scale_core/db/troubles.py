"""What an error of a database means; apart from ``errors``, which commands import that need no database."""

import sqlite3

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

PASSING_STATES = ("08", "40", "53", "55", "57", "58")
"""Classes of SQLSTATE (PostgreSQL, appendix A): connections, rollbacks of transactions that met, resources, locks, an
administrator's doing, the system."""


def said(error: BaseException | None) -> str:
    """What a database said, in one line without a full stop: a server says it in several."""
    return " ".join(str(error).split()).rstrip(".")


def is_passing(error: BaseException) -> bool:
    """Whether it is the database's trouble and not that of what it was asked, which it may be asked again: it is away,
    locked or full, or two transactions met."""
    if isinstance(error, NoConnectionLeft):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state: str | None = getattr(error.orig, "pgcode", None)
    is_wrong = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR  # no such table, say
    is_trouble = isinstance(error, OperationalError) and (state is None or state[:2] in PASSING_STATES)
    return (is_trouble and not is_wrong) or error.connection_invalidated
