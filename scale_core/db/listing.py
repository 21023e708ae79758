"""Rows for the generated serializers: one query for a page, one for its count, whatever the resource.

A *shape* is a tuple of column paths (``"job_type.name"``) that a generated serializer reads by position; the paths are
attributes and relationships of the models, so a resource's fields are written down once, in ``openapi/``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, inspect, select
from sqlalchemy.orm import Session, aliased

from scale_core.db.base import Base

Row = Sequence[Any]
Column = Callable[[str], ColumnElement[Any]]


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

    def rows(
        self,
        session: Session,
        where: Callable[[Column], Iterable[ColumnElement[bool]]] | None = None,
        order: Sequence[Order] = (),
        page: Page | None = None,
    ) -> list[Row]:
        """The rows for which all of ``where`` holds; ties in ``order`` are broken by id."""
        query = _Query(self._model)
        columns = [query.column(path) for path in self._paths]
        conditions = tuple(where(query.column)) if where else ()
        ordering = [query.ordering(one) for one in order]
        tie_breaker = query.ordering(Order("id", bool(order) and order[-1].descending))
        statement = query.join(select(*columns)).where(*conditions).order_by(*ordering, tie_breaker)
        if page is not None:
            statement = statement.limit(page.size).offset((page.number - 1) * page.size)
        return [tuple(row) for row in session.execute(statement)]

    def count(self, session: Session, where: Callable[[Column], Iterable[ColumnElement[bool]]] | None = None) -> int:
        """How many rows there are for which all of ``where`` holds."""
        query = _Query(self._model)
        conditions = tuple(where(query.column)) if where else ()
        return session.scalar(query.join(select(func.count(query.column("id")))).where(*conditions)) or 0

    def row(self, session: Session, row_id: int) -> Row | None:
        """The row with this id."""
        found = self.rows(session, lambda column: [column("id") == row_id])
        return found[0] if found else None


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

    def ordering(self, order: Order) -> ColumnElement[Any]:
        column = self.column(order.path)
        return column.desc() if order.descending else column.asc()

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
