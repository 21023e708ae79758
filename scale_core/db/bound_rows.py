"""Inserting many rows into SQLite: their values are bound, hundreds of rows to a statement.

Taking them out of JSON, as :mod:`scale_core.db.bulk` does elsewhere, costs SQLite as much again as the rows and their
indexes. An executemany gives up Python's lock and takes it again for each row, which costs milliseconds a row where
another thread is busy.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import Connection, Dialect, Table

from scale_core.db.prepared import execute
from scale_core.db.types import Json

MOST = 256
"""Rows of a statement, at most."""


def next_ids(connection: Connection, table: Table, number: int) -> list[int]:
    """The ids that SQLite would give to the next rows: while a transaction writes, it has them for itself."""
    table_name = connection.dialect.identifier_preparer.quote(table.name)
    ((last,),) = execute(connection, f"SELECT coalesce(max(id), 0) FROM {table_name}")  # noqa: S608
    return list(range(last + 1, last + 1 + number))


def insert_bound(
    connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]], same: Mapping[str, Any]
) -> Sequence[int]:
    """Insert rows.

    :param columns: a value for each row, by column name; with ``id``, or the next ones are taken.
    :param same: values of further columns, the same in all rows.
    :return: the ids of the rows, in their order.
    """
    dialect = connection.dialect
    bound = {name: _bound(table, name, values, dialect) for name, values in columns.items()}
    if "id" not in bound:
        bound["id"] = next_ids(connection, table, len(next(iter(bound.values()))))
    constants = [_bound(table, name, [value], dialect)[0] for name, value in same.items()]
    for some in _parts(list(zip(*bound.values(), strict=True))):
        text = _statement(table, tuple(same), tuple(bound), len(some), dialect)
        execute(connection, text, (*constants, *chain.from_iterable(some)))
    return bound["id"]


def _bound(table: Table, name: str, values: Sequence[Any], dialect: Dialect) -> Sequence[Any]:
    """Values as the database's driver takes them."""
    process = _processor(table, name, dialect)
    return values if process is None else [process(value) for value in values]


@lru_cache(maxsize=500)
def _processor(table: Table, name: str, dialect: Dialect) -> Callable[[Any], Any] | None:
    kind = table.c[name].type
    return _json_text if kind is Json else kind.dialect_impl(dialect).bind_processor(dialect)


def _json_text(value: Any) -> str | None:
    """What the type's own processor makes of it, in a third of the time."""
    return None if value is None else orjson.dumps(value).decode()


def _parts(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Rows in parts of whose sizes there are few (powers of two), so that their statements are prepared once."""
    start = 0
    while left := len(rows) - start:
        size = min(MOST, 1 << (left.bit_length() - 1))
        yield rows[start : start + size]
        start += size


@lru_cache(maxsize=500)
def _statement(table: Table, same: Sequence[str], names: Sequence[str], number: int, dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    row = ", ".join("?" * len(names))
    values = ", ".join([f"({row})"] * number)
    columns = ", ".join(map(quote, (*same, *names)))
    taken = ", ".join(["?"] * len(same) + [f"column{place}" for place in range(1, len(names) + 1)])
    return f"INSERT INTO {quote(table.name)} ({columns}) SELECT {taken} FROM (VALUES {values})"  # noqa: S608 - names
