"""Rows for the generated serializers: a query for a page and one for its count, whatever the resource.

A *shape* is a tuple of column paths (``"job_type.name"``) that a generated serializer reads by position; the paths are
attributes and relationships of the models, so a resource's fields are written down once, in ``openapi/``.

What a page costs does not depend on how long the list is: :mod:`scale_core.db.cuts` finds it, and tallies count.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any

from sqlalchemy import JSON, Boolean, ColumnElement, Dialect, Integer, Select, func, inspect, select, type_coerce
from sqlalchemy.orm import Session

from scale_core.db.base import Base
from scale_core.db.conditions import Comparison, Condition, is_searched, one_of
from scale_core.db.cuts import cut, cut_behind, sorted_out
from scale_core.db.given import given, is_given
from scale_core.db.keyset import Place
from scale_core.db.paths import Order, PathQuery
from scale_core.db.prepared import Prepared
from scale_core.db.tallied import GROWING, Grouped, Slice, grouped, is_of_short_table, number_of, numbers_by
from scale_core.db.types import StoredJson, StoredUtc, Utc
from scale_core.db.ways import ways

__all__ = ["Order", "Page", "Row", "Shape"]

Row = Sequence[Any]
"""Values of columns; moments as the database hands them over (:class:`~scale_core.db.types.StoredUtc`)."""

_ID = "row_id"


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: ``number`` counts from 1."""

    number: int
    size: int


@dataclass(frozen=True, slots=True)
class Beside:
    """How many rows there are, some of them, and whether none comes behind these."""

    count: int
    rows: list[Row]
    is_last: bool


class Shape:
    """Selects the columns of one resource.

    :param model: the table that a resource is a row of.
    :param columns: paths of the columns, in the order in which the serializer reads them.
    """

    def __init__(self, model: type[Base], columns: Sequence[str]) -> None:
        self._model = model
        self._paths = tuple(columns)
        self._place_of_id = self._paths.index("id") if "id" in self._paths else len(self._paths)
        self._by_id: dict[Dialect, Prepared] = {}

    def page(
        self, session: Session, where: Iterable[Condition], order: Sequence[Order], page: Page
    ) -> tuple[int, list[Row]]:
        """How many rows fulfil all of ``where``, and those of one page; ties in ``order`` are broken by id."""
        conditions = self._own(session, where)
        if _is_impossible(conditions):
            return 0, []
        complete = _complete(order)
        part = Slice((page.number - 1) * page.size, page.size)
        if is_searched(conditions):
            number, ids = sorted_out(session, self._model, conditions, complete, part)
            return self._count(session, conditions) if number is None else number, self.rows_of(session, ids)
        known = grouped(session, self._model, conditions, complete[0])
        count = self._count(session, conditions) if known is None else known.number
        if part.skip >= count:
            return count, []
        return count, self._part(session, conditions, complete, part, known)

    def beside(
        self, session: Session, where: Iterable[Condition], order: Sequence[Order], place: Place, size: int
    ) -> Beside:
        """The ``size`` rows that come first behind a place in an order by one column.

        :param order: one column, or none: by id.
        """
        conditions = self._own(session, where)
        if _is_impossible(conditions):
            return Beside(0, [], is_last=True)
        complete = _complete(order)
        known = grouped(session, self._model, conditions, complete[0], place)
        count = self._count(session, conditions) if known is None else known.number
        groups = None if known is None else known.groups
        ids = cut_behind(session, self._model, conditions, complete, place, size + 1, groups)
        return Beside(count, self.rows_of(session, ids[:size]), is_last=len(ids) <= size)

    def place(self, row: Row, path: str) -> Place:
        """Where one of its rows is in the order by the column at ``path``."""
        return Place(row[self._paths.index(path)], row[self._paths.index("id")])

    def type_of(self, path: str) -> type[str | int | bool | datetime]:
        """What the column at ``path`` has, where it has something."""
        kind = PathQuery(self._model).column(path).type
        if isinstance(kind, Utc):
            return datetime
        return bool if isinstance(kind, Boolean) else int if isinstance(kind, Integer) else str

    def rows(
        self,
        session: Session,
        where: Iterable[Condition] = (),
        order: Sequence[Order] = (),
        page: Page | None = None,
    ) -> list[Row]:
        """The rows that fulfil all of ``where``; ties in ``order`` are broken by id."""
        conditions = self._own(session, where)
        if _is_impossible(conditions):
            return []
        complete = _complete(order)
        if page is None:
            return self._all_rows(session, conditions, complete)
        known = grouped(session, self._model, conditions, complete[0])
        return self._part(session, conditions, complete, Slice((page.number - 1) * page.size, page.size), known)

    def count(self, session: Session, where: Iterable[Condition] = ()) -> int:
        """How many rows fulfil all of ``where``."""
        conditions = self._own(session, where)
        return 0 if _is_impossible(conditions) else self._count(session, conditions)

    def count_by(self, session: Session, where: Iterable[Condition], path: str) -> dict[Any, int]:
        """How many rows fulfil all of ``where``, by what they have in the column at ``path``."""
        conditions = self._own(session, where)
        if _is_impossible(conditions):
            return {}
        known = numbers_by(session, self._model, conditions, path)
        if known is not None:
            return known
        numbers: Counter[Any] = Counter()
        for way in ways(conditions):
            query = PathQuery(self._model)
            value = query.column(path)
            counted = query.join(select(value, func.count(query.column("id")))).where(*query.matches(way))
            for one, number in session.execute(counted.group_by(value)):
                numbers[one] += number
        return dict(numbers)

    def ids(self, session: Session, where: Iterable[Condition], at_most: int | None = None) -> list[int]:
        """The ids of all rows that fulfil all of ``where``, or of any ``at_most`` of them, in order."""
        conditions = self._own(session, where)
        if _is_impossible(conditions):
            return []
        found: set[int] = set()
        for way in ways(conditions):
            query = PathQuery(self._model)
            statement = query.join(select(query.column("id"))).where(*query.matches(way)).limit(at_most)
            found.update(session.scalars(statement))
        return sorted(found)[:at_most]

    def row(self, session: Session, row_id: int) -> Row | None:
        """The row with this id."""
        found = self.rows_of(session, [row_id])
        return found[0] if found else None

    def _own(self, session: Session, where: Iterable[Condition]) -> list[Condition]:
        """The conditions, those on a related short table (a type's name) as one on the row's own reference to it."""
        conditions = list(where)
        foreign = [one for one in conditions if is_of_short_table(self._model, one.path)]
        own = [one for one in conditions if one not in foreign]
        for relation, group in groupby(sorted(foreign, key=_relation), key=_relation):
            query = PathQuery(inspect(self._model).relationships[relation].mapper.class_)
            matches = [replace(one, path=one.path.rpartition(".")[2]).on(query.column) for one in group]
            ids = session.scalars(query.join(select(query.column("id"))).where(*matches))
            own.append(one_of(f"{relation}.id", ids.all()))
        return own

    def _count(self, session: Session, conditions: Sequence[Condition]) -> int:
        known = number_of(session, self._model, conditions)
        if known is not None:
            return known
        query = PathQuery(self._model)
        matches = query.matches(conditions)
        return session.scalar(query.join(select(func.count(query.column("id")))).where(*matches)) or 0

    def _part(
        self,
        session: Session,
        conditions: Sequence[Condition],
        order: Sequence[Order],
        part: Slice,
        known: Grouped | None,
    ) -> list[Row]:
        if self._model.__tablename__ not in GROWING:
            return self._all_rows(session, conditions, order, part)
        groups = None if known is None else known.groups
        return self.rows_of(session, cut(session, self._model, conditions, order, part, groups))

    def _all_rows(
        self, session: Session, conditions: Sequence[Condition], order: Sequence[Order], part: Slice | None = None
    ) -> list[Row]:
        base, statement = self._selected
        query = base.copy()
        matches = query.matches(conditions)
        orderings = [query.ordering(one) for one in order]
        statement = query.join_further(statement, base).where(*matches).order_by(*orderings)
        if part is not None:
            statement = statement.limit(part.size).offset(part.skip)
        return list(session.execute(statement).all())

    def rows_of(self, session: Session, ids: Sequence[int]) -> list[Row]:
        """The rows with these ids, in their order; those that are not there are left out."""
        dialect = session.get_bind().dialect
        if dialect not in self._by_id:
            self._by_id[dialect] = self._any_of(dialect)
        rows = self._by_id[dialect].rows(session, **given(ids, dialect.name))
        place, width = self._place_of_id, len(self._paths)
        found = {row[place]: row[:width] for row in rows}
        return [found[one] for one in ids if one in found]

    def _any_of(self, dialect: Dialect) -> Prepared:
        """The rows whose ids are given, each with its id somewhere."""
        query, selected = self._selected
        identity = query.column("id")
        if self._place_of_id == len(self._paths):
            selected = selected.add_columns(identity.label(_ID))
        return Prepared(selected.where(is_given(identity, dialect.name)), dialect)

    @cached_property
    def _selected(self) -> tuple[PathQuery, Select[Any]]:
        """All columns of all rows; put together once, since it takes longer than most pages take to read."""
        query = PathQuery(self._model)
        columns = [_as_stored(query.column(path)) for path in self._paths]
        return query, query.join(select(*columns))


def _complete(order: Sequence[Order]) -> Sequence[Order]:
    """The order, to the end: no two rows have the same id."""
    if order and order[-1].path == "id":
        return order
    return [*order, Order("id", bool(order) and order[-1].descending)]


def _as_stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, Utc):
        return type_coerce(column, StoredUtc)
    return type_coerce(column, StoredJson()) if isinstance(column.type, JSON) else column


def _relation(condition: Condition) -> str:
    return condition.path.rpartition(".")[0]


def _is_impossible(conditions: Iterable[Condition]) -> bool:
    return any(one.comparison is Comparison.ONE_OF and one.value == () for one in conditions)
