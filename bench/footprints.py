"""A database of footprints: source files that lie all over the Earth, one after the other through some years."""

import math
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, insert

from bench.filling import filling
from bench.progress import progress
from scale_core.db.bound_rows import insert_bound
from scale_core.db.bulk import columns_of, table_of
from scale_core.db.database import Database
from scale_core.db.models import ScaleFile, Strike, Workspace

FIRST: Final = datetime(2021, 1, 1, tzinfo=UTC)
YEARS: Final = 5
MINUTES: Final = 10
"""How long a file's data takes."""

_AT_ONCE: Final = 10_000
_SCATTER: Final = (0.7548776662466927, 0.5698402909980532)
"""Multiples of both, less their whole numbers, lie evenly in a square, whatever part of them is looked at."""
_COUNTRIES: Final = ("BRA", "CAN", "DEU", "IND", "NGA", "RUS", "USA")
_RULES: Final[dict[str, Any]] = {
    "version": "1.0",
    "mount": "/in",
    "transfer_suffix": "_tmp",
    "files_to_ingest": [{"filename_regex": ".*", "workspace_path": "in", "workspace_name": "footprints"}],
}
_SAME: Final[dict[str, Any]] = {
    "file_type": "SOURCE",
    "workspace_id": 1,
    "strike_id": 1,
    "media_type": "image/tiff",
    "data_type": [],
    "meta_data": {},
    "is_deleted": False,
    "is_parsed": True,
    "parsed": FIRST,
}


def fill(database: Database, number: int) -> None:
    """Put source files with footprints into a database that has been upgraded and has no files."""
    with filling(database) as connection:
        life = {"created": FIRST, "last_modified": FIRST}
        workspace = {"name": "footprints", "json_config": {"version": "1.0"}, "is_active": True}
        connection.execute(insert(table_of(Workspace)), {"id": 1, **workspace, **life})
        connection.execute(insert(table_of(Strike)), {"id": 1, "name": "footprints", "configuration": _RULES, **life})
        _insert(connection, number)


def _insert(connection: Connection, number: int) -> None:
    with progress("footprints") as step:
        for start in range(0, number, _AT_ONCE):
            end = min(start + _AT_ONCE, number)
            rows = list(_rows(start, end, number))
            if connection.dialect.name == "sqlite":
                insert_bound(connection, table_of(ScaleFile), columns_of(rows), _SAME)
            else:
                connection.execute(insert(table_of(ScaleFile)), [_SAME | row for row in rows])
            step(end, number)


def _rows(start: int, end: int, number: int) -> Iterator[dict[str, Any]]:
    between = timedelta(days=365 * YEARS) / number
    for index in range(start, end):
        began = FIRST + index * between
        yield {
            "id": index + 1,
            "file_name": f"{index}.tif",
            "file_path": f"in/{index}.tif",
            "file_size": 1_000_000 + index,
            "uuid": f"{index:032x}",
            "created": began,
            "last_modified": began,
            "data_started": began,
            "data_ended": began + timedelta(minutes=MINUTES),
            **_footprint(index),
        }


def _footprint(index: int) -> dict[str, Any]:
    """A square that stands on its corner, as tracks of satellites do: its box has twice its area."""
    radius = 0.05 + (index % 20) / 20
    across, up = (index * factor % 1 for factor in _SCATTER)
    x = -178 + across * 356
    y = math.degrees(math.asin(-0.97 + up * 1.94))
    ring = [(x - radius, y), (x, y + radius), (x + radius, y), (x, y - radius), (x - radius, y)]
    polygon = struct.pack("<BIII", 1, 3, 1, len(ring)) + b"".join(struct.pack("<dd", *corner) for corner in ring)
    return {
        "geometry": polygon,
        "center_point": struct.pack("<BIdd", 1, 1, x, y),
        "west": x - radius,
        "east": x + radius,
        "south": y - radius,
        "north": y + radius,
        "countries": [_COUNTRIES[index % len(_COUNTRIES)]] if index % 3 == 0 else [],
    }
