"""What all tables have in common."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, Integer, MetaData, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from scale_core.db.types import Json, Utc

Document = dict[str, Any]
"""A JSON object."""

# SQLite numbers rows by itself only in columns of exactly the type INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")


def is_any(column: str, *words: str) -> str:
    """The condition, as SQL, that a column is one of some words."""
    return " OR ".join(f"{column} = '{word}'" for word in words)


def partial_index(name: str, *columns: str, where: str, sqlite_where: str | None = None) -> Index:
    """An index of the rows for which the condition ``where`` holds; ``sqlite_where``: as SQLite writes it."""
    return Index(name, *columns, sqlite_where=text(sqlite_where or where), postgresql_where=text(where))


class Base(DeclarativeBase):
    """Base of all models; constraints have stable names, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Utc(), Document: Json, list[str]: Json}


class Record(Base):
    """A table whose rows have an id and remember when they came to be and last changed."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(Id, primary_key=True, sort_order=-1)
    created: Mapped[datetime] = mapped_column(sort_order=90)
    last_modified: Mapped[datetime] = mapped_column(index=True, sort_order=91)
