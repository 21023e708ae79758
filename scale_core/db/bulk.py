"""Changing many rows with one statement, without an object for each.

SQLAlchemy makes the SQL, once for each set of columns, and says how values are sent; the rows then go straight to the
driver, which costs a third of what executing the statement in SQLAlchemy does.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Dialect, Table, bindparam, insert, update
from sqlalchemy.orm import Session

from scale_core.db.base import Base

_KEY = "the_id"

Sender = Callable[[Sequence[Mapping[str, Any]]], Sequence[Any]]


def update_by_id(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Set columns of the rows whose ``id`` each mapping names.

    :param rows: all with the same keys, which are names of columns, ``id`` among them.
    """
    if rows:
        connection = session.connection()
        sql, send = _update(_table(model), tuple(rows[0]), connection.dialect)
        connection.exec_driver_sql(sql, cast("Any", send(rows)))


def insert_rows(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; columns that are left out get their defaults.

    :param rows: all with the same keys, which are names of columns.
    """
    if rows:
        session.connection().execute(insert(_table(model)), [dict(row) for row in rows])


@lru_cache(maxsize=64)
def _update(table: Table, keys: tuple[str, ...], dialect: Dialect) -> tuple[str, Sender]:
    """The statement that sets the columns ``keys``, and what makes the driver's parameters of rows."""
    names = [name for name in keys if name != "id"]
    statement = update(table).where(table.c.id == bindparam(_KEY)).values({name: bindparam(name) for name in names})
    compiled = statement.compile(dialect=dialect)
    processors = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
    positions = cast("Any", compiled).positiontup
    order = [("id", None) if name == _KEY else (name, processors[name]) for name in positions or (*names, _KEY)]

    def as_tuples(rows: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
        return [tuple([row[name] if to is None else to(row[name]) for name, to in order]) for row in rows]

    def as_mappings(rows: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
        marks = [_KEY if name == "id" else name for name, _ in order]
        return [dict(zip(marks, values, strict=True)) for values in as_tuples(rows)]

    return str(compiled), as_tuples if positions else as_mappings


def _table(model: type[Base]) -> Table:
    return cast("Table", model.__table__)
