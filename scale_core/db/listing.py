"""Rows for the generated serializers: one query for a page, one for its count, whatever the resource.

A *shape* is a tuple of column paths (``"job_type.name"``) that a generated serializer reads by position; the paths are
attributes and relationships of the models, so a resource's fields are written down once, in ``openapi/``.

A page costs the same however long the list is: it is cut out of an index that has the order (:meth:`Shape._cut`), and
what can be counted by a tally is not counted row by row.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, func, inspect, select, union_all
from sqlalchemy.orm import Session, aliased

from scale_core.db.base import Base
from scale_core.db.conditions import Comparison, Condition, equal, one_of
from scale_core.db.models import TALLIES

Row = Sequence[Any]

MOST_CUTS: Final = 64
"""A page of rows with one of so many values is put together from a cut for each; more are left to the database."""

_COUNTED: Final = frozenset(tally.counted for tally in TALLIES)
"""Tables that grow with all that was ever done; the others are short."""


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by the column at ``path``."""

    path: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: ``number`` counts from 1."""

    number: int
    size: int


class Shape:
    """Selects the columns of one resource.

    :param model: the table that a resource is a row of.
    :param columns: paths of the columns, in the order in which the serializer reads them.
    """

    def __init__(self, model: type[Base], columns: Sequence[str]) -> None:
        self._model = model
        self._paths = tuple(columns)

    def page(
        self, session: Session, where: Iterable[Condition], order: Sequence[Order], page: Page
    ) -> tuple[int, list[Row]]:
        """How many rows fulfil all of ``where``, and those of one page; ties in ``order`` are broken by id."""
        conditions = self._own(session, where)
        if _is_impossible(conditions):
            return 0, []
        count = self._count(session, conditions)
        if (page.number - 1) * page.size >= count:
            return count, []
        return count, self._rows(session, conditions, order, page)

    def rows(
        self,
        session: Session,
        where: Iterable[Condition] = (),
        order: Sequence[Order] = (),
        page: Page | None = None,
    ) -> list[Row]:
        """The rows that fulfil all of ``where``; ties in ``order`` are broken by id."""
        conditions = self._own(session, where)
        return [] if _is_impossible(conditions) else self._rows(session, conditions, order, page)

    def count(self, session: Session, where: Iterable[Condition] = ()) -> int:
        """How many rows fulfil all of ``where``."""
        conditions = self._own(session, where)
        return 0 if _is_impossible(conditions) else self._count(session, conditions)

    def ids(self, session: Session, where: Iterable[Condition]) -> list[int]:
        """The ids of all rows that fulfil all of ``where``, in order."""
        conditions = self._own(session, where)
        if _is_impossible(conditions):
            return []
        found: set[int] = set()
        for way in _ways(conditions):
            query = _Query(self._model)
            found.update(session.scalars(query.join(select(query.column("id"))).where(*query.matches(way))))
        return sorted(found)

    def row(self, session: Session, row_id: int) -> Row | None:
        """The row with this id."""
        found = self.rows(session, [equal("id", row_id)])
        return found[0] if found else None

    def _own(self, session: Session, where: Iterable[Condition]) -> list[Condition]:
        """The conditions, those on a related short table (a type's name) as one on the row's own reference to it."""
        conditions = list(where)
        foreign = [one for one in conditions if self._is_of_short_table(one.path)]
        own = [one for one in conditions if one not in foreign]
        for relation, group in groupby(sorted(foreign, key=_relation), key=_relation):
            query = _Query(inspect(self._model).relationships[relation].mapper.class_)
            matches = [replace(one, path=one.path.rpartition(".")[2]).on(query.column) for one in group]
            ids = session.scalars(query.join(select(query.column("id"))).where(*matches))
            own.append(one_of(f"{relation}.id", ids.all()))
        return own

    def _is_of_short_table(self, path: str) -> bool:
        relation, _, name = path.rpartition(".")
        relationships = inspect(self._model).relationships
        return name != "id" and relation in relationships and relationships[relation].target.name not in _COUNTED

    def _count(self, session: Session, conditions: Sequence[Condition]) -> int:
        query = _Query(self._model)
        compared = {query.column(one.path).key for one in conditions}
        if all(one.comparison in (Comparison.EQUAL, Comparison.ONE_OF) for one in conditions):
            for tally in TALLIES:
                if tally.counted == self._model.__tablename__ and compared <= set(tally.columns):
                    return _sum(session, Base.metadata.tables[tally.name], query, conditions)
        matches = query.matches(conditions)
        return session.scalar(query.join(select(func.count(query.column("id")))).where(*matches)) or 0

    def _rows(
        self, session: Session, conditions: Sequence[Condition], order: Sequence[Order], page: Page | None
    ) -> list[Row]:
        query = _Query(self._model)
        columns = [query.column(path) for path in self._paths]
        complete = [*order, Order("id", bool(order) and order[-1].descending)]
        if page is None:
            matches = query.matches(conditions)
        else:
            matches = [query.column("id").in_(self._cut(conditions, complete, page))]
        statement = query.join(select(*columns)).where(*matches).order_by(*map(query.ordering, complete))
        return [tuple(row) for row in session.execute(statement)]

    def _cut(self, conditions: Sequence[Condition], order: Sequence[Order], page: Page) -> Select[Any]:
        """The ids of the rows of one page.

        An index on (type, time) has the rows of one type in the order of time, but not those of two: of each, the first
        rows are taken from the index, and the page is cut out of those.
        """
        first, last = (page.number - 1) * page.size, page.number * page.size
        ways = _ways(conditions)
        if len(ways) == 1:
            query = _Query(self._model)
            cut = self._ordered(query, ways[0], order, [query.column("id")])
            return select(cut.limit(page.size).offset(first).subquery().c.id)
        parts = []
        for way in ways:
            query = _Query(self._model)
            keys = [query.column(one.path).label(f"key_{index}") for index, one in enumerate(order)]
            part = self._ordered(query, way, order, [query.column("id").label("id"), *keys])
            parts.append(select(part.limit(last).subquery()))
        together = union_all(*parts).subquery()
        merged = [
            together.c[f"key_{index}"].desc() if one.descending else together.c[f"key_{index}"].asc()
            for index, one in enumerate(order)
        ]
        return select(select(together.c.id).order_by(*merged).limit(page.size).offset(first).subquery().c.id)

    def _ordered(
        self, query: "_Query", conditions: Sequence[Condition], order: Sequence[Order], columns: Sequence[Any]
    ) -> Select[Any]:
        ranged = {one.path for one in conditions if one.comparison in (Comparison.SINCE, Comparison.UNTIL)}
        by_sorting = bool(ranged) and order[0].path not in ranged
        orderings = [query.ordering(one, by_sorting=by_sorting and one is order[0]) for one in order]
        return query.join(select(*columns)).where(*query.matches(conditions)).order_by(*orderings)


def _not_by_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value, but of no use for finding or ordering rows by an index."""
    return func.coalesce(column, column, type_=column.type)


def _sum(session: Session, tally: Table, query: "_Query", conditions: Iterable[Condition]) -> int:
    matches = [one.on(lambda path: tally.c[query.column(path).key or ""]) for one in conditions]
    return int(session.scalar(select(func.sum(tally.c.number)).where(*matches)) or 0)


def _relation(condition: Condition) -> str:
    return condition.path.rpartition(".")[0]


def _is_impossible(conditions: Iterable[Condition]) -> bool:
    return any(one.comparison is Comparison.ONE_OF and one.value == () for one in conditions)


def _ways(conditions: Sequence[Condition]) -> list[list[Condition]]:
    """The conditions with each "one of" as so many conditions that can be fulfilled one at a time."""
    choices: list[Collection[Condition]] = []
    number = 1
    for one in conditions:
        is_choice = one.comparison is Comparison.ONE_OF and isinstance(one.value, tuple) and one.path != "id"
        values = dict.fromkeys(one.value) if is_choice else ()
        if is_choice and number * len(values) <= MOST_CUTS:
            number *= len(values)
            choices.append([equal(one.path, value) for value in values])
        else:
            choices.append([one])
    return [list(way) for way in product(*choices)]


class _Query:
    """Resolves paths to columns; each relationship on the way becomes one outer join, however often it is used."""

    def __init__(self, model: type[Base]) -> None:
        self._entities: dict[str, Any] = {"": model}
        self._joins: list[tuple[Any, Any]] = []

    def column(self, path: str) -> ColumnElement[Any]:
        owner, _, name = path.rpartition(".")
        if owner and name == "id":
            # `job_type.id` is the row's own `job_type_id`: no join for it.
            owner, _, relation = owner.rpartition(".")
            name = f"{relation}_id"
        entity = self._entity(owner)
        mapper = inspect(entity).mapper
        if name not in mapper.column_attrs:
            raise KeyError(f"{mapper.class_.__name__} has no column {name!r} (path {path!r})")
        column: ColumnElement[Any] = getattr(entity, name)
        return column

    def ordering(self, order: Order, *, by_sorting: bool = False) -> ColumnElement[Any]:
        """``by_sorting``: not by walking along an index on it, which has far more rows than those that are wanted."""
        column = self.column(order.path)
        if by_sorting:
            column = _not_by_index(column)
        return column.desc() if order.descending else column.asc()

    def matches(self, conditions: Sequence[Condition]) -> list[ColumnElement[bool]]:
        """The conditions as SQL. Rows whose ids are given are looked up by these, not by what else they fulfil."""
        by_id = any(one.path == "id" for one in conditions)
        return [
            one.on(self.column if one.path == "id" or (one.finds and not by_id) else self._indirectly)
            for one in conditions
        ]

    def _indirectly(self, path: str) -> ColumnElement[Any]:
        return _not_by_index(self.column(path))

    def join(self, statement: Select[Any]) -> Select[Any]:
        statement = statement.select_from(self._entities[""])
        for target, condition in self._joins:
            statement = statement.outerjoin(target, condition)
        return statement

    def _entity(self, path: str) -> Any:
        if path not in self._entities:
            parent_path, _, relation = path.rpartition(".")
            parent = self._entity(parent_path)
            attribute = inspect(parent).mapper.relationships[relation]
            target = aliased(attribute.mapper.class_)
            self._entities[path] = target
            self._joins.append((target, getattr(parent, f"{relation}_id") == target.id))
        return self._entities[path]
