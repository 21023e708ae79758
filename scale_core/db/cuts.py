"""Pages cut out of long lists, at a cost that does not grow with the list.

An index has the rows of one status, or one type, in the order of time, but not those of two, and not all rows in the
order of their types' names. So a page of rows of several types is put together from the first rows of each; and a page
in the order of something that a tally counts is looked for where the tally says that it is.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, func, inspect, select, union_all
from sqlalchemy.orm import Session

from scale_core.db.base import Base
from scale_core.db.conditions import Comparison, Condition, equal, one_of
from scale_core.db.models import TALLIES
from scale_core.db.paths import Order, PathQuery

MOST_WAYS: Final = 64
"""So many combinations of wanted values are looked at one by one; more are left to the database."""

GROWING: Final = frozenset(tally.counted for tally in TALLIES)
"""Tables that grow with all that was ever done; the others are short."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Of the rows in some order, ``size`` after the first ``skip``."""

    skip: int
    size: int


def cut(
    session: Session, model: type[Base], conditions: Sequence[Condition], order: Sequence[Order], part: Slice
) -> Select[Any]:
    """A query for the ids of one part of the rows of ``model`` that fulfil all conditions.

    :param order: complete: the last is a column that no two rows have in common.
    """
    groups = _groups(session, model, conditions, order[0])
    if groups is None:
        return _merged(model, conditions, order, part)
    pieces = [
        _merged(model, [*conditions, one_of(group.path, group.values)], order[1:], piece)
        for group, piece in _overlaps(groups, part)
    ]
    if len(pieces) == 1:
        return pieces[0]
    return select(union_all(*pieces).subquery().c.id)


def tally_for(model: type[Base], query: PathQuery, conditions: Iterable[Condition], *columns: str) -> Table | None:
    """A tally by ``columns`` and all that the conditions look at; None: there is none."""
    wanted = set(columns)
    for one in conditions:
        if one.comparison not in (Comparison.EQUAL, Comparison.ONE_OF):
            return None
        wanted.add(query.column(one.path).key or "")
    for tally in TALLIES:
        if tally.counted == model.__tablename__ and wanted <= set(tally.columns):
            return Base.metadata.tables[tally.name]
    return None


def on_tally(tally: Table, query: PathQuery, conditions: Iterable[Condition]) -> list[Any]:
    """Conditions on the rows that are counted, as conditions on the tally."""
    return [one.on(lambda path: tally.c[query.column(path).key or ""]) for one in conditions]


def is_of_short_table(model: type[Base], path: str) -> bool:
    """Whether the path leads to a column of a short table that rows of ``model`` refer to."""
    relation, _, name = path.rpartition(".")
    relationships = inspect(model).relationships
    return name != "id" and relation in relationships and relationships[relation].target.name not in GROWING


def ways(conditions: Sequence[Condition]) -> list[list[Condition]]:
    """The conditions with each "one of" as so many conditions that can be fulfilled one at a time."""
    choices: list[Collection[Condition]] = []
    number = 1
    for one in conditions:
        is_choice = one.comparison is Comparison.ONE_OF and isinstance(one.value, tuple) and one.path != "id"
        values = dict.fromkeys(one.value) if is_choice else ()
        if is_choice and number * len(values) <= MOST_WAYS:
            number *= len(values)
            choices.append([equal(one.path, value) for value in values])
        else:
            choices.append([one])
    return [list(way) for way in product(*choices)]


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows that are equal in what comes first in the order: those with one of ``values`` in the column at ``path``."""

    path: str
    values: tuple[Any, ...]
    number: int


def _groups(session: Session, model: type[Base], conditions: Sequence[Condition], order: Order) -> list[_Group] | None:
    """The rows grouped by what comes first in the order, in that order; None: no tally knows."""
    relation, _, name = order.path.rpartition(".")
    if "." in relation:
        return None
    is_foreign = is_of_short_table(model, order.path)
    path = f"{relation}.id" if is_foreign else order.path
    query = PathQuery(model)
    column = query.column(path).key or ""
    tally = tally_for(model, query, conditions, column)
    if tally is None:
        return None
    numbers = _numbers(session, tally, column, on_tally(tally, query, conditions), order)
    if not is_foreign:
        return [_Group(path, (value,), number) for value, number in numbers.items()]
    target = PathQuery(inspect(model).relationships[relation].mapper.class_)
    identity, key = target.column("id"), target.column(name)
    found = select(identity, key).where(identity.in_(numbers)).order_by(target.ordering(replace(order, path=name)))
    rows = session.execute(found).all()
    if len(rows) < len(numbers):
        return None  # some refer to nothing; where those come in the order, the database knows
    groups = [tuple(row[0] for row in equals) for _key, equals in groupby(rows, key=itemgetter(1))]
    return [_Group(path, values, sum(numbers[value] for value in values)) for values in groups]


def _numbers(session: Session, tally: Table, column: str, where: Sequence[Any], order: Order) -> dict[Any, int]:
    """How many rows there are for each value of a column that any has, in the order of the values."""
    values = tally.c[column]
    statement = select(values, func.sum(tally.c.number)).where(*where).group_by(values)
    ordered = session.execute(statement.order_by(_directed(values, order)))
    return {value: int(number) for value, number in ordered if number}


def _directed(column: ColumnElement[Any], order: Order) -> ColumnElement[Any]:
    return column.desc() if order.descending else column.asc()


def _overlaps(groups: Sequence[_Group], part: Slice) -> list[tuple[_Group, Slice]]:
    """Which part of which group makes up a part of all."""
    found: list[tuple[_Group, Slice]] = []
    begin = 0
    for group in groups:
        first, last = max(part.skip, begin), min(part.skip + part.size, begin + group.number)
        if first < last:
            found.append((group, Slice(first - begin, last - first)))
        begin += group.number
    return found


def _merged(model: type[Base], conditions: Sequence[Condition], order: Sequence[Order], part: Slice) -> Select[Any]:
    """Cut the part out of the first rows of each way to fulfil the conditions."""
    each = ways(conditions)
    if len(each) == 1:
        query = PathQuery(model)
        found = _ordered(query, each[0], order, [query.column("id").label("id")])
        return select(found.limit(part.size).offset(part.skip).subquery().c.id)
    firsts = []
    for way in each:
        query = PathQuery(model)
        keys = [query.column(one.path).label(f"key_{index}") for index, one in enumerate(order)]
        first = _ordered(query, way, order, [query.column("id").label("id"), *keys])
        firsts.append(select(first.limit(part.skip + part.size).subquery()))
    together = union_all(*firsts).subquery()
    merged = [_directed(together.c[f"key_{index}"], one) for index, one in enumerate(order)]
    return select(select(together.c.id).order_by(*merged).limit(part.size).offset(part.skip).subquery().c.id)


def _ordered(
    query: PathQuery, conditions: Sequence[Condition], order: Sequence[Order], columns: Sequence[Any]
) -> Select[Any]:
    ranged = {one.path for one in conditions if one.comparison in (Comparison.SINCE, Comparison.UNTIL)}
    by_sorting = bool(ranged) and order[0].path not in ranged
    orderings = [query.ordering(one, by_sorting=by_sorting and one is order[0]) for one in order]
    return query.join(select(*columns)).where(*query.matches(conditions)).order_by(*orderings)
