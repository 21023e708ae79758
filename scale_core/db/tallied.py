"""What the tallies know of the rows of a list: how many there are, and where in an order they begin."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, Dialect, Select, Table, func, inspect, literal, select
from sqlalchemy.orm import Session

from scale_core.db.base import Base
from scale_core.db.conditions import Comparison, Condition, are_common
from scale_core.db.keyset import Place, side_of
from scale_core.db.models import TALLIES
from scale_core.db.paths import Order, PathQuery, directed
from scale_core.db.prepared import Prepared

MOST_WAYS: Final = 64
"""So many combinations of wanted values are looked at one by one; more are left to the database."""

GROWING: Final = frozenset(tally.counted for tally in TALLIES)
"""Tables that grow with all that was ever done; the others are short."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Of the rows in some order, ``size`` after the first ``skip``."""

    skip: int
    size: int


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are equal in what comes first in the order: those with one of ``values`` in the column at ``path``.

    ``side`` of a place that is looked for: -1 before it, 0 the same, 1 behind it, by what comes first in the order.
    """

    path: str
    values: tuple[Any, ...]
    number: int
    side: int = 1


@dataclass(frozen=True, slots=True)
class Grouped:
    """How many rows there are, and the groups in which they come; None: not known."""

    number: int
    groups: Sequence[Group] | None


def number_of(session: Session, model: type[Base], conditions: Sequence[Condition]) -> int | None:
    """How many rows fulfil all conditions; None: no tally knows."""
    if are_common(conditions):
        prepared = _prepared_sum(model, tuple(conditions), session.get_bind().dialect)
        return None if prepared is None else int(prepared.rows(session)[0][0] or 0)
    statement = _sum(model, conditions)
    return None if statement is None else int(session.scalar(statement) or 0)


def numbers_by(
    session: Session, model: type[Base], conditions: Sequence[Condition], path: str
) -> dict[Any, int] | None:
    """How many rows fulfil all conditions for each value of the column at ``path``; None: no tally knows."""
    query = PathQuery(model)
    tally = _tally_for(model, query, conditions, path)
    if tally is None:
        return None
    statement = _numbers(tally, _own(query, path), _on_tally(tally, query, conditions))
    return {value: int(number) for value, number in session.execute(statement) if number}


def grouped(
    session: Session, model: type[Base], conditions: Sequence[Condition], order: Order, place: Place | None = None
) -> Grouped | None:
    """The rows grouped by what comes first in the order, in that order; None: no tally knows.

    :param place: with the side of it that each group is on.
    """
    relation, _, name = order.path.rpartition(".")
    if "." in relation:
        return None
    is_foreign = is_of_short_table(model, order.path)
    path = f"{relation}.id" if is_foreign else order.path
    query = PathQuery(model)
    tally = _tally_for(model, query, conditions, path)
    if tally is None:
        return None
    column = tally.c[_own(query, path)]
    statement = _numbers(tally, column.key, _on_tally(tally, query, conditions))
    key: ColumnElement[Any] = column
    if is_foreign:
        target = inspect(model).relationships[relation].mapper.local_table
        key = target.c[name]
        statement = statement.outerjoin(target, target.c.id == column)
    side = literal(1) if place is None else side_of(key, order, place)
    ordered = statement.add_columns(key, side).group_by(key).order_by(directed(key, order, may_be_null=True))
    rows = _some(session.execute(ordered))
    return _foreign(path, rows) if is_foreign else _one_by_one(path, rows)


def _one_by_one(path: str, rows: Sequence[Sequence[Any]]) -> Grouped:
    """Of value, number, value again, and side, in order."""
    groups = [Group(path, (value,), int(number), side) for value, number, _key, side in rows]
    return Grouped(sum(group.number for group in groups), groups)


def _foreign(path: str, rows: Sequence[Sequence[Any]]) -> Grouped:
    """Of value, number, what is ordered by, and side, in order. Rows that refer to nothing have None for the first and
    the third."""
    number = sum(int(row[1]) for row in rows)
    groups = []
    for _key, equals in groupby(rows, key=itemgetter(2)):
        same = list(equals)
        groups.append(Group(path, tuple(row[0] for row in same), sum(int(row[1]) for row in same), same[0][3]))
    is_found = all(None not in group.values or len(group.values) <= MOST_WAYS for group in groups)
    return Grouped(number, groups if is_found else None)


def overlaps(groups: Sequence[Group], part: Slice) -> list[tuple[Group, Slice]]:
    """Which part of which group makes up a part of all."""
    found: list[tuple[Group, Slice]] = []
    begin = 0
    for group in groups:
        first, last = max(part.skip, begin), min(part.skip + part.size, begin + group.number)
        if first < last:
            found.append((group, Slice(first - begin, last - first)))
        begin += group.number
    return found


def is_of_short_table(model: type[Base], path: str) -> bool:
    """Whether the path leads to a column of a short table that rows of ``model`` refer to."""
    relation, _, name = path.rpartition(".")
    relationships = inspect(model).relationships
    return name != "id" and relation in relationships and relationships[relation].target.name not in GROWING


@lru_cache(maxsize=100)
def _prepared_sum(model: type[Base], conditions: tuple[Condition, ...], dialect: Dialect) -> Prepared | None:
    """Kept for the next request: to put it together takes longer than to execute it."""
    statement = _sum(model, conditions)
    return None if statement is None else Prepared(statement, dialect)


def _sum(model: type[Base], conditions: Sequence[Condition]) -> Select[tuple[int]] | None:
    query = PathQuery(model)
    tally = _tally_for(model, query, conditions)
    if tally is None:
        return None
    return select(func.sum(tally.c.number)).where(*_on_tally(tally, query, conditions))


def _tally_for(model: type[Base], query: PathQuery, conditions: Iterable[Condition], *paths: str) -> Table | None:
    """A tally by what is at ``paths`` and all that the conditions look at; None: there is none."""
    wanted = {_own(query, path) for path in paths}
    for one in conditions:
        if one.comparison not in (Comparison.EQUAL, Comparison.ONE_OF):
            return None
        wanted.add(_own(query, one.path))
    for tally in TALLIES:
        if tally.counted == model.__tablename__ and wanted <= set(tally.columns):
            return Base.metadata.tables[tally.name]
    return None


def _own(query: PathQuery, path: str) -> str:
    """The row's own column that the path leads to; empty: it leads to another table, of which its tallies know nothing,
    whatever their columns are called."""
    column = query.column(path)
    return (column.key or "") if query.is_own(column) else ""


def _on_tally(tally: Table, query: PathQuery, conditions: Iterable[Condition]) -> list[Any]:
    """Conditions on the rows that are counted, as conditions on the tally."""
    return [one.on(lambda path: tally.c[_own(query, path)]) for one in conditions]


def _numbers(tally: Table, column: str, where: Sequence[Any]) -> Select[Any]:
    """How many rows there are for each value of a column."""
    values = tally.c[column]
    return select(values, func.sum(tally.c.number)).select_from(tally).where(*where).group_by(values)


def _some(rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    return [row for row in rows if row[1]]
