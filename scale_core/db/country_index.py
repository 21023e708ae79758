"""The index of the countries that files have a part in.

PostgreSQL has it on the lists of codes themselves, SQLite in a table of codes and files.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    column,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import array

from scale_core.db.by_dialect import by_dialect
from scale_core.db.conditions import Column, Comparison, Condition
from scale_core.db.index_beside import IndexBeside

_FILES: Final = "scale_file"
_BY_COUNTRY: Final = "file_country"
_INDEX: Final = "ix_scale_file_countries"
_NONE: Final = "'[]'"

_PAIRS: Final = table(_BY_COUNTRY, column("country"), column("file_id"))


def in_countries(codes: Collection[str]) -> Condition:
    """The file has a part in one of these countries."""
    return Condition("id", Comparison.SEARCHED, _Countries(tuple(codes)))


@dataclass(frozen=True, slots=True)
class _Countries:
    """ISO 3166 alpha-3 codes."""

    codes: tuple[str, ...]

    def on(self, column: Column) -> ColumnElement[bool]:
        """The condition as SQL."""
        on_sqlite = column("id").in_(select(_PAIRS.c.file_id).where(_PAIRS.c.country.in_(self.codes)))
        lists: ColumnElement[Any] = column("countries")
        has_some = lists.bool_op("<>")(literal_column(f"{_NONE}::jsonb"))
        on_postgresql = and_(has_some, lists.bool_op("?|")(array(self.codes, type_=Text)))
        return by_dialect(on_sqlite, on_postgresql)


def _on_postgresql() -> Iterator[str]:
    yield f"CREATE INDEX {_INDEX} ON {_FILES} USING gin (countries) WHERE countries <> {_NONE}::jsonb"


def _on_sqlite() -> Iterator[str]:
    yield (
        f"CREATE TABLE {_BY_COUNTRY} (country TEXT NOT NULL, file_id INTEGER NOT NULL, PRIMARY KEY (country, file_id)) "
        "WITHOUT ROWID"
    )
    codes = "SELECT value FROM json_each(OLD.countries)"
    take = f"DELETE FROM {_BY_COUNTRY} WHERE file_id = OLD.id AND country IN ({codes});"
    put = f"{_put('NEW')};"
    for kind, when, body in (
        ("insert", f"AFTER INSERT ON {_FILES} WHEN NEW.countries <> {_NONE}", put),
        ("delete", f"AFTER DELETE ON {_FILES} WHEN OLD.countries <> {_NONE}", take),
        ("update", f"AFTER UPDATE OF countries ON {_FILES} WHEN OLD.countries <> NEW.countries", f"{take} {put}"),
    ):
        yield f"CREATE TRIGGER {_BY_COUNTRY}_{kind} {when} BEGIN {body} END"


def _put(row: str, source: str = "") -> str:
    """Put the codes of a row, or of all rows of a source, into the table; none twice."""
    return (
        f"INSERT OR IGNORE INTO {_BY_COUNTRY} (country, file_id) "
        f"SELECT value, {row}.id FROM {source}json_each({row}.countries)"
    )


INDEX: Final = IndexBeside(_BY_COUNTRY, (_INDEX,), _on_sqlite, _on_postgresql, fill=lambda: _put(_FILES, f"{_FILES}, "))
