"""What SQLite has no function for: whether two geometries have a point in common."""

import pkgutil
import sqlite3
from typing import Any, Final

INTERSECTS: Final = "scale_intersects"
"""Of a footprint and of what is looked in, both WKB: 1, 0, or NULL where there is no footprint."""


def add_functions(connection: sqlite3.Connection) -> None:
    """Let statements on this connection call :data:`INTERSECTS`."""
    connection.create_function(INTERSECTS, 2, _Intersects(), deterministic=True)


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
