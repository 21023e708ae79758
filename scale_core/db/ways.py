"""Ways to fulfil conditions: each is one that an index has the rows of, in order."""

from collections.abc import Collection, Sequence
from enum import Enum
from itertools import product
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from scale_core.db.base import Base
from scale_core.db.conditions import Comparison, Condition, equal
from scale_core.db.keyset import behind
from scale_core.db.paths import Order, PathQuery, directed
from scale_core.db.tallied import MOST_WAYS


class Seek(Enum):
    """Whether the rows behind a place are cut, and whether its row has something to be ordered by."""

    NONE = "none"
    BY_KEY = "by key"
    WITHOUT_KEY = "without key"


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


class Way:
    """The rows that fulfil the conditions of one way."""

    def __init__(self, model: type[Base], way: Sequence[Condition], order: Sequence[Order], seek: Seek) -> None:
        self._query = PathQuery(model)
        self._order = order
        self._columns = _orderings(self._query, way, order)
        self._where = self._query.matches(way)
        if seek is not Seek.NONE:
            self._where.append(behind(self._query, self._columns, order, is_null=seek is Seek.WITHOUT_KEY))

    def ordered(self, *, is_keyed: bool) -> Select[Any]:
        """Their ids in order."""
        keys = [self._query.column(one.path).label(f"key_{index}") for index, one in enumerate(self._order)]
        return self._selected(keys if is_keyed else ()).order_by(*self._by())

    def keyed(self) -> Select[Any]:
        """Their ids with what they are ordered by."""
        return self._selected([column.label(f"key_{index}") for index, column in enumerate(self._columns)])

    def first(self, number: ColumnElement[int] | int) -> Select[Any]:
        """The first of :meth:`keyed`, in order."""
        return self.keyed().order_by(*self._by()).limit(number)

    def _by(self) -> list[ColumnElement[Any]]:
        return [
            directed(column, one, may_be_null=self._query.may_be_null(one.path))
            for column, one in zip(self._columns, self._order, strict=True)
        ]

    def _selected(self, keys: Sequence[ColumnElement[Any]]) -> Select[Any]:
        query = self._query
        return query.join(select(query.column("id").label("id"), *keys)).where(*self._where)


def _orderings(query: PathQuery, conditions: Sequence[Condition], order: Sequence[Order]) -> list[ColumnElement[Any]]:
    """What the rows are ordered by."""
    ranged = {one.path for one in conditions if one.comparison in (Comparison.SINCE, Comparison.UNTIL)}
    by_sorting = bool(ranged) and order[0].path not in ranged
    return [query.ordered_by(one, by_sorting=by_sorting and one is order[0]) for one in order]
