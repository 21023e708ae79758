"""Inserting many rows into SQLite: their values are bound, hundreds of rows to a statement.

Taking them out of JSON, as :mod:`scale_core.db.bulk` does elsewhere, costs SQLite as much again as the rows and their
indexes. An executemany gives up Python's lock and takes it again for each row, which costs milliseconds a row where
another thread is busy.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Table, func, select

MOST = 256
"""Rows of a statement, at most."""


def next_ids(connection: Connection, table: Table, number: int) -> list[int]:
    """The ids that SQLite would give to the next rows: while a transaction writes, it has them for itself."""
    last = connection.scalar(select(func.coalesce(func.max(table.c.id), 0))) or 0
    return list(range(last + 1, last + 1 + number))


def insert_bound(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], same: Mapping[str, Any]
) -> list[int]:
    """Insert rows.

    :param rows: values by column name, of the same columns in all rows.
    :param same: values of further columns, the same in all rows.
    :return: the ids of the rows, in their order.
    """
    dialect = connection.dialect
    columns = {name: _bound(table, name, [row[name] for row in rows], dialect) for name in rows[0]}
    if "id" not in columns:
        columns["id"] = next_ids(connection, table, len(rows))
    constants = [_bound(table, name, [value], dialect)[0] for name, value in same.items()]
    for some in _parts(list(zip(*columns.values(), strict=True))):
        text = _statement(table, tuple(same), tuple(columns), len(some), dialect)
        connection.exec_driver_sql(text, (*constants, *chain.from_iterable(some)))
    return columns["id"]


def _bound(table: Table, name: str, values: list[Any], dialect: Dialect) -> list[Any]:
    """Values as the database's driver takes them."""
    process = _processor(table, name, dialect)
    return values if process is None else [process(value) for value in values]


@lru_cache(maxsize=500)
def _processor(table: Table, name: str, dialect: Dialect) -> Callable[[Any], Any] | None:
    return table.c[name].type.dialect_impl(dialect).bind_processor(dialect)


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
