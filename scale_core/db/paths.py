"""Queries on a table and what it refers to, by paths of attributes such as ``"job_type.name"``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, inspect
from sqlalchemy.orm import aliased

from scale_core.db.base import Base
from scale_core.db.conditions import Condition


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by the column at ``path``."""

    path: str
    descending: bool = False


def _not_by_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value, but of no use for finding or ordering rows by an index."""
    return func.coalesce(column, column, type_=column.type)


class PathQuery:
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
