"""Queries on a table and what it refers to, by paths of attributes such as ``"job_type.name"``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, func, inspect
from sqlalchemy.orm import Mapper

from scale_core.db.base import Base
from scale_core.db.conditions import Condition


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by the column at ``path``."""

    path: str
    descending: bool = False


def directed(column: ColumnElement[Any], order: Order, *, may_be_null: bool) -> ColumnElement[Any]:
    """The column in the direction of the order, NULL before all that is there, as SQLite has it and PostgreSQL has not.

    :param may_be_null: what never is needs no word for it, which PostgreSQL's indexes do not know.
    """
    if order.descending:
        return column.desc().nulls_last() if may_be_null else column.desc()
    return column.asc().nulls_first() if may_be_null else column.asc()


def _not_by_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value, but of no use for finding or ordering rows by an index."""
    return func.coalesce(column, column, type_=column.type)


class PathQuery:
    """Resolves paths to columns; each relationship on the way becomes one outer join, however often it is used."""

    def __init__(self, model: type[Base]) -> None:
        mapper = inspect(model)
        # Tables, not mapped classes: a statement on these takes several times as long to put together.
        self._tables: dict[str, tuple[Mapper[Any], FromClause]] = {"": (mapper, mapper.local_table)}
        self._joins: list[tuple[FromClause, ColumnElement[bool]]] = []

    def copy(self) -> "PathQuery":
        """One that goes on from here on its own."""
        other = object.__new__(PathQuery)
        other._tables, other._joins = dict(self._tables), list(self._joins)
        return other

    def column(self, path: str) -> ColumnElement[Any]:
        owner, _, name = path.rpartition(".")
        if owner and name == "id":
            # `job_type.id` is the row's own `job_type_id`: no join for it.
            owner, _, relation = owner.rpartition(".")
            name = f"{relation}_id"
        mapper, table = self._table(owner)
        if name not in mapper.column_attrs:
            raise KeyError(f"{mapper.class_.__name__} has no column {name!r} (path {path!r})")
        column: ColumnElement[Any] = table.c[name]
        return column

    def is_own(self, column: ColumnElement[Any]) -> bool:
        """Whether a column is the row's own, not of what it refers to."""
        return getattr(column, "table", None) is self._tables[""][1]

    def may_be_null(self, path: str) -> bool:
        """Whether some rows have nothing at ``path``: in the column, or no row that it would be of."""
        column = self.column(path)
        return not self.is_own(column) or bool(getattr(column, "nullable", True))

    def ordering(self, order: Order) -> ColumnElement[Any]:
        """The column in the direction of the order."""
        return directed(self.column(order.path), order, may_be_null=self.may_be_null(order.path))

    def ordered_by(self, order: Order, *, by_sorting: bool = False) -> ColumnElement[Any]:
        """``by_sorting``: not by walking along an index on it, which has far more rows than those that are wanted."""
        column = self.column(order.path)
        return _not_by_index(column) if by_sorting else column

    def matches(self, conditions: Sequence[Condition]) -> list[ColumnElement[bool]]:
        """The conditions as SQL. Rows whose ids are given, or searched for, are looked up by these, not by what
        else they fulfil."""
        by_id = any(one.path == "id" for one in conditions)
        return [
            one.on(self.column if one.path == "id" or (one.finds and not by_id) else self._indirectly)
            for one in conditions
        ]

    def _indirectly(self, path: str) -> ColumnElement[Any]:
        return _not_by_index(self.column(path))

    def join(self, statement: Select[Any]) -> Select[Any]:
        """The statement with all that its columns are in."""
        return self._outer_joined(statement.select_from(self._tables[""][1]), self._joins)

    def join_further(self, statement: Select[Any], joined: "PathQuery") -> Select[Any]:
        """The statement, which ``joined`` has joined and this is a copy of, with what has come since."""
        return self._outer_joined(statement, self._joins[len(joined._joins) :])

    @staticmethod
    def _outer_joined(statement: Select[Any], joins: Sequence[tuple[FromClause, ColumnElement[bool]]]) -> Select[Any]:
        for target, condition in joins:
            statement = statement.outerjoin(target, condition)
        return statement

    def _table(self, path: str) -> tuple[Mapper[Any], FromClause]:
        if path not in self._tables:
            parent_path, _, relation = path.rpartition(".")
            parent, parent_table = self._table(parent_path)
            mapper = parent.relationships[relation].mapper
            target = mapper.local_table.alias()
            self._tables[path] = (mapper, target)
            self._joins.append((target, parent_table.c[f"{relation}_id"] == target.c.id))
        return self._tables[path]
