"""Many rows in one statement.

The values travel as one JSON text that the database takes apart. So a group of any size is one statement that is
prepared once, SQLite works on it outside of Python's lock, and only what differs from row to row is sent with each.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from typing import cast as cast_type

import orjson
from sqlalchemy import (
    ColumnElement,
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
from scale_core.db.types import Json

Row = Mapping[str, Any]
"""Values by column name: what JSON has (no times, no bytes), the same columns in all rows of a group."""


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
    text = literal(orjson.dumps(rows).decode(), Text())
    if session.get_bind().dialect.name == "sqlite":
        each = func.json_each(text).table_valued("key", "value")
        columns = {
            name: type_coerce(func.json_extract(each.c.value, f"$.{name}"), table.c[name].type) for name in rows[0]
        }
        return Rows(each, {name: column.label(name) for name, column in columns.items()}, each.c.key)
    ordered = func.jsonb_array_elements(cast(text, JSONB)).table_valued("value", with_ordinality="number")
    ordered = ordered.render_derived()
    return Rows(ordered, {name: _of_jsonb(ordered.c.value, table.c[name]) for name in rows[0]}, ordered.c.number)


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


def update_rows(session: Session, model: type[Base], rows: Sequence[Row], **same: Any) -> None:
    """Set columns of the rows whose ``id`` each of ``rows`` names.

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
