"""Many rows with one statement, without an object for each.

The values travel as JSON that the database takes apart: a group of any size is one statement, whose text is made once,
and SQLite works on it while other threads of this process run. What is inserted into SQLite is bound instead
(:mod:`scale_core.db.bound_rows`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from typing import cast as cast_type

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Dialect,
    FromClause,
    Insert,
    Table,
    Text,
    Update,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from scale_core.db.base import Base
from scale_core.db.bound_rows import insert_bound, next_ids
from scale_core.db.changes import note_rows
from scale_core.db.prepared import execute
from scale_core.db.types import Json, Utc

Row = Mapping[str, Any]
"""Values by column name, the same columns in all rows of a group: what JSON has, and times."""

ROWS = "bulk_rows"
SAME = "bulk_same"

MANY = 8
"""Of so many rows it is looked which values are the same in all."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Values as a table inside a statement: ``source`` for FROM, its columns by name, and a column to order by."""

    source: FromClause
    columns: Mapping[str, ColumnElement[Any]]
    number: ColumnElement[Any]


def table_of(model: type[Base]) -> Table:
    """The table of a model: statements on it make no objects."""
    return cast_type("Table", model.__table__)


def rows_of(dialect: Dialect, model: type[Base], names: Collection[str]) -> Rows:
    """A table of values for a statement that is executed with :func:`parameters`. Each column has the type of the
    model's column of that name."""
    return _rows(table_of(model), tuple(names), dialect.name)


def parameters(session: Session, rows: Sequence[Row]) -> dict[str, str]:
    """What a statement on :func:`rows_of` is executed with."""
    return {ROWS: _json(session.get_bind().dialect, rows)}


def insert_rows(session: Session, model: type[Base], rows: Sequence[Row], **same: Any) -> list[int]:
    """Insert rows; columns that are left out get their defaults.

    :param rows: all with the same keys, which are names of columns.
    :param same: values that are the same in all rows.
    :return: their ids, in the order of ``rows``.
    """
    return insert_columns(session, model, columns_of(rows), **same) if rows else []


def insert_columns(session: Session, model: type[Base], columns: Mapping[str, Sequence[Any]], **same: Any) -> list[int]:
    """Do what :func:`insert_rows` does with a value for each row by name of the column: of thousands of rows, it costs
    less to put columns together.

    :param columns: one at least, all as long as there are rows.
    """
    if not any(columns.values()):
        return []
    table = table_of(model)
    same = {name: value for name, value in {**_defaults(table), **same}.items() if name not in columns}
    if session.get_bind().dialect.name != "sqlite":
        return sorted(_execute(session, _insert, model, rows_from(columns), same))  # numbered in their order
    ids = list(insert_bound(session.connection(), table, columns, same))
    note_rows(session, table, len(ids), ids)
    return ids


def columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """The columns of rows, of which there is one at least."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def rows_from(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """The rows of columns."""
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def reserve_ids(session: Session, model: type[Base], number: int) -> list[int]:
    """Ids for rows that are yet to be inserted in this (writing) transaction, with the column ``id``: where others have
    to name them first."""
    table = table_of(model)
    if session.get_bind().dialect.name == "sqlite":
        return next_ids(session.connection(), table, number)
    sequence = func.pg_get_serial_sequence(table.name, table.c.id.name)
    return sorted(session.scalars(select(func.nextval(sequence)).select_from(func.generate_series(1, number))))


def update_by_id(session: Session, model: type[Base], rows: Sequence[Row], **same: Any) -> None:
    """Set columns of the rows whose ``id`` each mapping names.

    :param rows: all with the same keys, which are names of columns, ``id`` among them.
    :param same: values that are the same in all rows.
    """
    if rows:
        _execute(session, _update, model, rows, same)


def update_all(session: Session, model: type[Base], ids: Collection[int], **same: Any) -> None:
    """Set columns of all rows with these ids to the same values."""
    update_by_id(session, model, [{"id": one} for one in ids], **same)


Builder = Callable[[Table, tuple[str, ...], tuple[str, ...], str], Insert | Update]


def _execute(session: Session, build: Builder, model: type[Base], rows: Sequence[Row], same: Row) -> list[int]:
    dialect = session.get_bind().dialect
    names, same = _apart(rows, same)
    text, order = _compiled(build, table_of(model), names, tuple(same), dialect)
    own = rows if len(names) == len(rows[0]) else [{name: row[name] for name in names} for row in rows]
    values = {ROWS: _json(dialect, own), SAME: _json(dialect, same)}
    given: Any = tuple(values[name] for name in order) if order else values
    ids = [row[0] for row in execute(session.connection(), text, given)]
    note_rows(session, table_of(model), len(rows), ids or [row["id"] for row in rows])
    return ids


def _apart(rows: Sequence[Row], same: Row) -> tuple[tuple[str, ...], Row]:
    """The names of the columns that rows have values of their own for, and the values that are the same in all rows:
    to take a value out of a document costs a database as much as to write it."""
    if len(rows) < MANY:
        return tuple(rows[0]), same
    own, common = [], dict(same)
    for name, first in rows[0].items():
        if name != "id" and all(row[name] is first or _is_same(row[name], first) for row in rows):
            common[name] = first
        else:
            own.append(name)
    return tuple(own), common


def _is_same(one: object, other: object) -> bool:
    """Whether two values are stored as the same; of documents, which are not looked through, only where that is
    plain."""
    if isinstance(one, dict | list):
        return one is other or not (one or other)
    return one == other and type(one) is type(other)


@lru_cache(maxsize=200)
def _compiled(
    build: Builder, table: Table, names: tuple[str, ...], same: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[str, ...]]:
    """A statement's text, and the names of its parameters in order, where they have no names in the text."""
    compiled: Any = build(table, names, same, dialect.name).compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ())


def _insert(table: Table, names: tuple[str, ...], same: tuple[str, ...], dialect: str) -> Insert:
    given = _rows(table, names, dialect)
    values = {**_constants(table, same, dialect), **given.columns}
    ordered = select(*(values[name].label(name) for name in values)).select_from(given.source).order_by(given.number)
    return insert(table).from_select(list(values), ordered, include_defaults=False).returning(table.c.id)


def _update(table: Table, names: tuple[str, ...], same: tuple[str, ...], dialect: str) -> Update:
    values = {**_constants(table, same, dialect), **_rows(table, names, dialect).columns}
    return update(table).where(table.c.id == values.pop("id")).values(values)


def _rows(table: Table, names: tuple[str, ...], dialect: str) -> Rows:
    text = bindparam(ROWS, type_=Text())
    if dialect == "sqlite":
        source: Any = func.json_each(text).table_valued("key", "value")
        number = source.c.key
    else:
        source = func.jsonb_array_elements(cast(text, JSONB)).table_valued("value", with_ordinality="number")
        source = source.render_derived()
        number = source.c.number
    return Rows(source, {name: _value(source.c.value, table.c[name], dialect) for name in names}, number)


def _constants(table: Table, names: tuple[str, ...], dialect: str) -> dict[str, ColumnElement[Any]]:
    text = bindparam(SAME, type_=Text())
    value = text if dialect == "sqlite" else cast(text, JSONB)
    return {name: _value(value, table.c[name], dialect) for name in names}


def _value(document: ColumnElement[Any], column: Column[Any], dialect: str) -> ColumnElement[Any]:
    """One member of a JSON object, as the column takes it."""
    if dialect == "sqlite":
        return type_coerce(func.json_extract(document, literal_column(f"'$.{column.name}'")), column.type)
    name: ColumnElement[str] = literal_column(f"'{column.name}'")
    if column.type is Json:
        return type_coerce(func.nullif(document.op("->")(name), literal_column("'null'::jsonb")), column.type)
    return cast(document.op("->>")(name), column.type)


@lru_cache(maxsize=200)
def _defaults(table: Table) -> Mapping[str, Any]:
    return {
        column.name: column.default.arg for column in table.c if isinstance(column.default, ScalarElementColumnDefault)
    }


def _json(dialect: Dialect, value: Sequence[Row] | Row) -> str:
    moments: dict[datetime, object] = {}

    def write(one: object) -> object:
        if not isinstance(one, datetime):
            raise TypeError(f"A value of the type {type(one).__name__} cannot go into many rows at once.")
        if one not in moments:
            bound = Utc().process_bind_param(one, dialect)
            moments[one] = bound.isoformat() if isinstance(bound, datetime) else bound
        return moments[one]

    return orjson.dumps(value, write, orjson.OPT_PASSTHROUGH_DATETIME).decode()
