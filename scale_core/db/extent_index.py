"""The indexes of where files are, and of what time.

PostgreSQL has them on footprints and times themselves. SQLite has an R*Tree of boxes with three sides: longitude,
latitude and days. A file without a footprint lies off the Earth there, one without times off the calendar; what has
neither, as most files when they come, is not in it. A footprint across the antimeridian is a box on each side of it.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, func, literal_column, or_

from scale_core.db.index_beside import IndexBeside

FILES: Final = "scale_file"
TREE: Final = "file_extent"
TREE_COLUMNS: Final = ("id", "west", "east", "south", "north", "began", "ended")
"""``id`` is twice that of the file, plus 1 for a second box; ``began`` and ``ended`` are days since 1970."""

FIRST_DAY: Final = -1_000_000.0
LAST_DAY: Final = 10_000_000.0
"""Before and after all that a calendar has."""

_OFF_EARTH: Final = -1000
OFF_CALENDAR: Final = 1_000_000_000
_EPOCH: Final = 2_440_587.5
"""1970 as a Julian day, as SQLite counts."""

_PLACES: Final = "ix_scale_file_extent"
_TIMES: Final = "ix_scale_file_data_time"

_KEPT: Final = ("west", "south", "east", "north", "data_started", "data_ended")


def has_data_time(started: ColumnElement[Any], ended: ColumnElement[Any]) -> ColumnElement[bool]:
    """A file has a time of its data: what the index of these is limited to."""
    return or_(started.is_not(None), ended.is_not(None))


def time_range_of(started: ColumnElement[Any], ended: ColumnElement[Any]) -> ColumnElement[Any]:
    """PostgreSQL: the time of a file's data, as it is indexed; all time where it has none. The earlier comes first,
    whatever a manifest says: a range must not end before it begins."""
    closed: ColumnElement[str] = literal_column("'[]'")
    return func.tstzrange(func.least(started, ended), func.greatest(started, ended), closed)


def _on_postgresql() -> Iterator[str]:
    times = "tstzrange(least(data_started, data_ended), greatest(data_started, data_ended), '[]')"
    yield f"CREATE INDEX {_PLACES} ON {FILES} USING gist (geometry, {times}) WHERE geometry IS NOT NULL"
    # Those without a footprint have times, too.
    timed = "data_started IS NOT NULL OR data_ended IS NOT NULL"
    yield f"CREATE INDEX {_TIMES} ON {FILES} USING gist ({times}) WHERE {timed}"


def _on_sqlite() -> Iterator[str]:
    sides = ", ".join(TREE_COLUMNS)
    yield f"CREATE VIRTUAL TABLE {TREE} USING rtree({sides})"
    take = f"DELETE FROM {TREE} WHERE id IN (2 * OLD.id, 2 * OLD.id + 1);"
    changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _KEPT)
    for kind, when, body in (
        ("insert", f"AFTER INSERT ON {FILES} WHEN {_is_known('NEW')}", f"{_put('NEW')};"),
        ("delete", f"AFTER DELETE ON {FILES} WHEN {_is_known('OLD')}", take),
        ("update", f"AFTER UPDATE OF {', '.join(_KEPT)} ON {FILES} WHEN {changed}", f"{take} {_put('NEW')};"),
    ):
        yield f"CREATE TRIGGER {TREE}_{kind} {when} BEGIN {body} END"


def _is_known(row: str) -> str:
    """There is something of the file that the tree may know."""
    return f"({row}.west IS NOT NULL OR {row}.data_started IS NOT NULL OR {row}.data_ended IS NOT NULL)"


def _put(row: str, source: str = "") -> str:
    """Put the boxes of a row, or of all rows of a source, into the tree."""
    started, ended = f"{row}.data_started", f"{row}.data_ended"
    first, last = f"coalesce({started}, {ended})", f"coalesce({ended}, {started})"
    days = f"{_day(f'min({first}, {last})')}, {_day(f'max({first}, {last})')}"
    is_known, is_cut = _is_known(row), f"{row}.west > {row}.east"
    sides = ("west", "east", "south", "north")
    is_nowhere = " + ".join(f"{row}.{name}" for name in sides) + " IS NULL"
    lies = {name: f"CASE WHEN {is_nowhere} THEN {_OFF_EARTH} ELSE {row}.{name} END" for name in sides}
    heights = f"{lies['south']}, {lies['north']}"
    return (
        f"INSERT INTO {TREE} ({', '.join(TREE_COLUMNS)}) "
        f"SELECT 2 * {row}.id, {lies['west']}, CASE WHEN {is_cut} THEN 180 ELSE {lies['east']} END, {heights}, {days} "
        f"{source} WHERE {is_known} UNION ALL "
        f"SELECT 2 * {row}.id + 1, -180, {row}.east, {heights}, {days} {source} WHERE {is_cut}"
    )


def _day(moment: str) -> str:
    return f"coalesce(julianday({moment}) - {_EPOCH}, {OFF_CALENDAR})"


INDEX: Final = IndexBeside(
    TREE, (_PLACES, _TIMES), _on_sqlite, _on_postgresql, fill=lambda: _put(FILES, f"FROM {FILES}")
)
