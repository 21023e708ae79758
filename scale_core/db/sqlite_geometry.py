"""What SQLite has no function for, whether two geometries have a point in common; and what it must have."""

import pkgutil
import sqlite3
from contextlib import closing
from typing import Any, Final

from scale_core.db.errors import DatabaseUnusable

INTERSECTS: Final = "scale_intersects"
"""Of a footprint and of what is looked in, both WKB: 1, 0, or NULL where there is no footprint."""

_TREE: Final = "CREATE VIRTUAL TABLE probe USING rtree (id, low, high)"


def add_functions(connection: sqlite3.Connection) -> None:
    """Let statements on this connection call :data:`INTERSECTS`."""
    connection.create_function(INTERSECTS, 2, _Intersects(), deterministic=True)


def require_tree() -> None:
    """Raise DatabaseUnusable, saying what to do, unless Python's SQLite has R*Trees."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute(_TREE)
        except sqlite3.OperationalError as error:
            raise DatabaseUnusable(
                f"The SQLite {sqlite3.sqlite_version} of this Python has no R*Tree ({error}). Take a Python whose "
                "SQLite was built with SQLITE_ENABLE_RTREE, such as Debian's, or use PostgreSQL."
            ) from error


class _Intersects:
    """Keeps what was last looked in, made ready to be compared with many. The library for geometries is large: it is
    imported when the first one is looked at."""

    def __init__(self) -> None:
        self._wkb = b""
        self._place: Any = None
        self._shapely: Any = None

    def __call__(self, footprint: bytes | None, place: bytes) -> bool | None:
        if footprint is None:
            return None
        if place != self._wkb:
            self._shapely = pkgutil.resolve_name("shapely")
            self._wkb, self._place = place, self._shapely.from_wkb(place)
            self._shapely.prepare(self._place)
        return bool(self._shapely.intersects(self._place, self._shapely.from_wkb(footprint)))
