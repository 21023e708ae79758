"""Changing many rows with one statement, without an object for each."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.orm import Session

from scale_core.db.base import Base

_KEY = "the_id"


def update_by_id(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Set columns of the rows whose ``id`` each mapping names.

    :param rows: all with the same keys, which are names of columns, ``id`` among them.
    """
    if not rows:
        return
    table = _table(model)
    names = [name for name in rows[0] if name != "id"]
    statement = update(table).where(table.c.id == bindparam(_KEY)).values({name: bindparam(name) for name in names})
    session.connection().execute(statement, [{_KEY: row["id"], **{name: row[name] for name in names}} for row in rows])


def insert_rows(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; columns that are left out get their defaults.

    :param rows: all with the same keys, which are names of columns.
    """
    if rows:
        session.connection().execute(insert(_table(model)), [dict(row) for row in rows])


def _table(model: type[Base]) -> Table:
    return cast("Table", model.__table__)
