"""Column types that mean the same on every database."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import orjson
from sqlalchemy import ColumnElement, DateTime, Dialect, LargeBinary, String, Text, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import operators
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

SRID = 4326
"""WGS 84."""


def is_same_document(one: object, other: object) -> bool:
    """Whether two values are the same: in documents 1, 1.0 and true are not, and the order of keys says nothing."""
    return one == other and (not isinstance(one, dict | list) or _as_text(one) == _as_text(other))


def _as_text(document: object) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


class _Document(JSON):
    """A document changes where a 1 in it becomes true, which Python takes for the same."""

    cache_ok = True

    def compare_values(self, x: Any, y: Any) -> bool:
        """Whether the column keeps its value."""
        return is_same_document(x, y)


Json = _Document(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
"""A document: JSONB on PostgreSQL, text on SQLite. None is NULL."""


class Utc(TypeDecorator[datetime]):
    """A moment. Always timezone-aware UTC in Python; on SQLite the text that its own functions read, without an offset
    (``2026-01-31 12:00:00.000000``): what SQLAlchemy writes too, in a fifth of the time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, which has no type for moments."""
        return dialect.type_descriptor(String(26) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive datetimes."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no timezone; times in the database are UTC")
        if value.tzinfo is not UTC:
            value = value.astimezone(UTC)
        return value.isoformat(" ", "microseconds")[:26] if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give back what was stored, as UTC."""
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class StoredUtc(TypeDecorator[datetime | str]):
    """A moment as the database hands it over: text on SQLite. For rows that are written out again at once, most of
    whose time it would take to make moments of that first."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """What :class:`Utc` is stored as."""
        return Utc().load_dialect_impl(dialect)


class StoredJson(Text):
    """A document as :data:`Json` reads it, in one call instead of four. For rows that come by the hundred."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Parse the text of SQLite; the driver of PostgreSQL has done so."""
        return _parsed if dialect.name == "sqlite" else None


def _parsed(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str) else value


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
    spatial_index = False
    """GeoAlchemy2's hooks ask for it when a table has been created."""

    def load_dialect_impl(self, dialect: Dialect | None) -> TypeEngine[Any]:
        """GeoAlchemy2's type where there is PostGIS; without a dialect, as its hooks ask, bytes."""
        if dialect is None or dialect.name != "postgresql":
            return LargeBinary()
        return dialect.type_descriptor(postgis().Geometry(srid=SRID, spatial_index=False))

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> Any:
        """WKB in; PostGIS takes it as hexadecimal EWKB text."""
        return value if value is None or dialect.name != "postgresql" else f"SRID={SRID};{value.hex()}"

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        """WKB out; GeoAlchemy2 has it in an element."""
        return value if value is None or isinstance(value, bytes) else bytes(value.data)


def postgis() -> Any:
    """GeoAlchemy2, which takes a fifth of a second to import and is of use on PostgreSQL only.

    It hooks into the creation of tables, before and after, and so has to be there before the first one is created.
    """
    return import_module("geoalchemy2")
