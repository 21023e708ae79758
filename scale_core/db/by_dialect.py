"""Conditions that each database is asked in its own words."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class _ByDialect(FunctionElement[bool]):
    """One condition, written twice: first for SQLite, then for PostgreSQL."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> "_ByDialect":
        """Itself: it is in brackets, and a condition. SQLAlchemy would compare its value with 1 where there are no
        booleans, and no index would be used."""
        return self


def by_dialect(on_sqlite: ColumnElement[bool], on_postgresql: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition that is one thing on SQLite and another on PostgreSQL."""
    return _ByDialect(on_sqlite, on_postgresql)


@compiles(_ByDialect, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses.clauses[0], **options)})"


@compiles(_ByDialect, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses.clauses[1], **options)})"
