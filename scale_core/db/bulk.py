"""Many rows with one statement, without an object for each.

The values travel as one JSON text that the database takes apart: a group of any size is one statement, prepared once,
and SQLite works on it while other threads of this process run. (An executemany gives up Python's lock and takes it
again for each row, which costs milliseconds a row where another thread is busy.)
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from typing import cast as cast_type

import orjson
from sqlalchemy import (
    ColumnElement,
    Dialect,
    FromClause,
    Table,
    Text,
    cast,
    func,
    insert,
    inspect,
    literal,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from scale_core.db.base import Base
from scale_core.db.types import Json, Utc

Row = Mapping[str, Any]
"""Values by column name, the same columns in all rows of a group: what JSON has, and times."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Values as a table inside a statement: ``source`` for FROM, its columns by name, and a column to order by."""

    source: FromClause
    columns: Mapping[str, ColumnElement[Any]]
    number: ColumnElement[Any]


def table_of(model: type[Base]) -> Table:
    """The table of a model: statements on it make no objects."""
    return cast_type("Table", inspect(model).local_table)


def rows_of(session: Session, model: type[Base], rows: Sequence[Row]) -> Rows:
    """Use values in a statement; each has the type of the model's column of that name.

    :param rows: at least one.
    """
    table = table_of(model)
    dialect = session.get_bind().dialect
    text = literal(orjson.dumps(rows, _moment(dialect), orjson.OPT_PASSTHROUGH_DATETIME).decode(), Text())
    if dialect.name == "sqlite":
        each = func.json_each(text).table_valued("key", "value")
        columns = {
            name: type_coerce(func.json_extract(each.c.value, f"$.{name}"), table.c[name].type) for name in rows[0]
        }
        return Rows(each, {name: column.label(name) for name, column in columns.items()}, each.c.key)
    ordered = func.jsonb_array_elements(cast(text, JSONB)).table_valued("value", with_ordinality="number")
    ordered = ordered.render_derived()
    return Rows(ordered, {name: _of_jsonb(ordered.c.value, table.c[name]) for name in rows[0]}, ordered.c.number)


def _moment(dialect: Dialect) -> Callable[[object], object]:
    """Writes times as the column does."""

    def write(value: object) -> object:
        if isinstance(value, datetime):
            bound = Utc().process_bind_param(value, dialect)
            return bound.isoformat() if isinstance(bound, datetime) else bound
        raise TypeError(f"A value of the type {type(value).__name__} cannot go into many rows at once.")

    return write


def _of_jsonb(value: ColumnElement[Any], column: ColumnElement[Any]) -> ColumnElement[Any]:
    if column.type is Json:
        return type_coerce(value.op("->")(column.name), column.type).label(column.name)
    return cast(value.op("->>")(column.name), column.type).label(column.name)


def insert_rows(session: Session, model: type[Base], rows: Sequence[Row], **same: Any) -> list[int]:
    """Insert rows.

    :param same: values that are the same in all rows; of any type that the column takes.
    :return: their ids, in the order of ``rows``.
    """
    if not rows:
        return []
    table = table_of(model)
    given = rows_of(session, model, rows)
    values = {name: literal(value, table.c[name].type).label(name) for name, value in same.items()} | given.columns
    ordered = select(*values.values()).select_from(given.source).order_by(given.number)
    # Ids are given in the order of an ordered SELECT, by both databases.
    return sorted(session.scalars(insert(table).from_select(list(values), ordered).returning(table.c.id)))


def update_by_id(session: Session, model: type[Base], rows: Sequence[Row], **same: Any) -> None:
    """Set columns of the rows whose ``id`` each mapping names.

    :param same: values that are the same in all rows.
    """
    if not rows:
        return
    table = table_of(model)
    given = dict(rows_of(session, model, rows).columns)
    session.execute(update(table).where(table.c.id == given.pop("id")).values({**given, **same}))


def update_all(session: Session, model: type[Base], ids: Collection[int], **same: Any) -> None:
    """Set columns of all rows with these ids to the same values."""
    if ids:
        table = table_of(model)
        session.execute(update(table).where(table.c.id.in_(ids)).values(same))
