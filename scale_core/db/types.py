"""Column types that mean the same on every database."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Dialect, LargeBinary, String, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import operators
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

Json = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
"""A document: JSONB on PostgreSQL, text on SQLite. None is NULL."""


class Utc(TypeDecorator[datetime]):
    """A moment. Always timezone-aware UTC in Python; stored without an offset where the database has none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes; SQLite gets the UTC time without its offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no timezone; times in the database are UTC")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back what was stored, as UTC."""
        if value is None or value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Keyword(TypeDecorator[str]):
    """One of a few words, such as a status. What it is compared with is written into the SQL, not sent beside it: only
    then does SQLite see that a partial index holds all that is asked for."""

    impl = String
    cache_ok = True

    class _Comparator(TypeDecorator.Comparator[str]):
        """Compares with literals."""

        def operate(self, op: operators.OperatorType, *other: Any, **kwargs: Any) -> ColumnElement[Any]:
            """Replace the words on the right side by parameters that become literals."""
            if op in (operators.eq, operators.ne) and isinstance(other[0], str):
                word = bindparam(None, str(other[0]), String, unique=True, literal_execute=True)
                return super().operate(op, word, **kwargs)
            if op in (operators.in_op, operators.not_in_op) and isinstance(other[0], list | tuple | set | frozenset):
                words = [str(word) for word in other[0]]
                listed = bindparam(None, words, String, unique=True, expanding=True, literal_execute=True)
                return super().operate(op, listed, **kwargs)
            return super().operate(op, *other, **kwargs)

    comparator_factory = _Comparator


class Wkb(TypeDecorator[bytes]):
    """A WGS 84 geometry, as WKB in Python: a PostGIS geometry on PostgreSQL, bytes on SQLite."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostGIS where there is one."""
        if dialect.name == "postgresql":
            # Only here: it takes a fifth of a second to import, which SQLite has no use for.
            geoalchemy = import_module("geoalchemy2")
            postgis: TypeEngine[Any] = geoalchemy.Geometry(srid=4326, spatial_index=False)
            return dialect.type_descriptor(postgis)
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> Any:
        """WKB in; PostGIS takes it as hexadecimal EWKB text."""
        if value is None or dialect.name != "postgresql":
            return value
        return f"SRID=4326;{value.hex()}"

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        """WKB out."""
        if value is None or isinstance(value, bytes):
            return value
        return bytes(value.data) if hasattr(value, "data") else bytes.fromhex(str(value))
