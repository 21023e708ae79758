"""Pages cut out of long lists, at a cost that does not grow with the list.

An index has the rows of one status, or one type, in the order of time, but not those of two, and not all rows in the
order of their types' names. So a page of rows of several types is put together from the first rows of each; and a page
in the order of something that a tally counts is looked for where the tally says that it is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Self

from sqlalchemy import ColumnElement, Dialect, Integer, Select, bindparam, literal, select, union_all
from sqlalchemy.orm import Session

from scale_core.db.base import Base
from scale_core.db.conditions import Comparison, Condition, are_common, equal, one_of
from scale_core.db.paths import Order, PathQuery
from scale_core.db.prepared import Prepared
from scale_core.db.tallied import MOST_WAYS, Group, Slice, overlaps


def cut(
    session: Session,
    model: type[Base],
    conditions: Sequence[Condition],
    order: Sequence[Order],
    part: Slice,
    groups: Sequence[Group] | None,
) -> Sequence[int]:
    """The ids of one part of the rows of ``model`` that fulfil all conditions, in order; one statement.

    :param order: complete: the last is a column that no two rows have in common.
    :param groups: what the tallies know of these rows in this order (:func:`scale_core.db.tallied.grouped`).
    """
    if groups is not None and len(groups) == 1:
        groups, order = None, order[1:]  # they are equal in what comes first
    overlapping = [] if groups is None else overlaps(groups, part)
    if groups is None or len(overlapping) > MOST_WAYS:
        if are_common(conditions):
            dialect = session.get_bind().dialect
            found = _any_slice(model, tuple(conditions), tuple(order), dialect).rows(
                session, skip=part.skip, size=part.size
            )
            return [row[0] for row in found]
        return session.scalars(_merged(model, conditions, order, _Bounds.of(part))).all()
    pieces = [
        _merged(model, [*conditions, one_of(group.path, group.values)], order[1:], _Bounds.of(piece), is_keyed=True)
        for group, piece in overlapping
    ]
    return session.scalars(_one_after_the_other(pieces, order[1:])).all() if pieces else []


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
class _Bounds:
    """A slice in a statement: numbers, or parameters."""

    skip: Any
    size: Any

    @classmethod
    def of(cls, part: Slice) -> Self:
        """Of a slice that is known."""
        return cls(part.skip, part.size)

    @classmethod
    def any(cls) -> Self:
        """Of a slice that is told when the statement is executed."""
        return cls(*(bindparam(name, type_=Integer(), required=False) for name in ("skip", "size")))


@lru_cache(maxsize=100)
def _any_slice(
    model: type[Base], conditions: tuple[Condition, ...], order: tuple[Order, ...], dialect: Dialect
) -> Prepared:
    """Kept for the next page: to put it together takes longer than to execute it."""
    return Prepared(_merged(model, conditions, order, _Bounds.any()), dialect)


def _one_after_the_other(pieces: Sequence[Select[Any]], order: Sequence[Order]) -> Select[Any]:
    numbered = [select(literal(number).label("piece"), piece.subquery()) for number, piece in enumerate(pieces)]
    together = union_all(*numbered).subquery()
    keys = [_directed(together.c[f"key_{index}"], one) for index, one in enumerate(order)]
    return select(together.c.id).order_by(together.c.piece, *keys)


def _directed(column: ColumnElement[Any], order: Order) -> ColumnElement[Any]:
    return column.desc() if order.descending else column.asc()


def _merged(
    model: type[Base],
    conditions: Sequence[Condition],
    order: Sequence[Order],
    part: _Bounds,
    *,
    is_keyed: bool = False,
) -> Select[Any]:
    """Cut the part out of the rows of each way to fulfil the conditions, merged.

    :param is_keyed: with the columns of the order, to merge it with others.
    """
    each = ways(conditions)
    if len(each) == 1:
        return _firsts(model, each[0], order, is_keyed=is_keyed).limit(part.size).offset(part.skip)
    # Each way as it is: databases merge what indexes have in order, and stop where enough is found.
    together = union_all(*(_keyed(model, way, order) for way in each))
    keys = [_directed(together.selected_columns[f"key_{index}"], one) for index, one in enumerate(order)]
    found = together.order_by(*keys).limit(part.size).offset(part.skip).subquery()
    columns = [found.c[f"key_{index}"] for index in range(len(order))]
    merged = [_directed(column, one) for column, one in zip(columns, order, strict=True)]
    return select(found.c.id, *(columns if is_keyed else ())).order_by(*merged)


def _firsts(model: type[Base], way: Sequence[Condition], order: Sequence[Order], *, is_keyed: bool) -> Select[Any]:
    query = PathQuery(model)
    orderings = _orderings(query, way, order)
    keys = [query.column(one.path).label(f"key_{index}") for index, one in enumerate(order)]
    statement = query.join(select(query.column("id").label("id"), *(keys if is_keyed else ())))
    directed = [_directed(column, one) for column, one in zip(orderings, order, strict=True)]
    return statement.where(*query.matches(way)).order_by(*directed)


def _keyed(model: type[Base], way: Sequence[Condition], order: Sequence[Order]) -> Select[Any]:
    query = PathQuery(model)
    keys = [column.label(f"key_{index}") for index, column in enumerate(_orderings(query, way, order))]
    return query.join(select(query.column("id").label("id"), *keys)).where(*query.matches(way))


def _orderings(query: PathQuery, conditions: Sequence[Condition], order: Sequence[Order]) -> list[ColumnElement[Any]]:
    """What the rows are ordered by."""
    ranged = {one.path for one in conditions if one.comparison in (Comparison.SINCE, Comparison.UNTIL)}
    by_sorting = bool(ranged) and order[0].path not in ranged
    return [query.ordered_by(one, by_sorting=by_sorting and one is order[0]) for one in order]
