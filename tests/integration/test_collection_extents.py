"""The bounds of collections hold all their files, whatever is done to these, and cost next to nothing to keep."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, MetaData, insert, select, update

from fakes.catalog import NOON, Owners, a_file, clear_files, owners
from fakes.databases import database_url
from fakes.examples import UNHURRIED, examples
from scale_core.db import collection_extents, schema
from scale_core.db.database import Database
from scale_core.db.item_collections import Bounds, all_collections, one_collection
from scale_core.db.models import ScaleFile
from scale_core.domain.places import Box
from scale_core.domain.stac import OWNER_COLUMNS, CollectionKey, CollectionKind
from scale_core.services.context import Context

LONGITUDES = (-170.0, -10.0, 0.0, 170.0)
TIMES = (None, *(NOON + timedelta(days=days, seconds=days) for days in (-40, -1, 0, 1, 40)))


def a_place(draw: random.Random) -> dict[str, Any]:
    """Where a file is and when, if it is known; its west may lie east of its east, its end before its beginning."""
    west, east = draw.choice(LONGITUDES), draw.choice(LONGITUDES)
    south, north = sorted((draw.choice([-5.0, 5.0]), draw.choice([-1.0, 9.0])))
    sides: dict[str, Any] = {"west": west, "south": south, "east": east, "north": north}
    if draw.random() < 0.3:
        sides = dict.fromkeys(sides)
    return {**sides, "data_started": draw.choice(TIMES), "data_ended": draw.choice(TIMES)}


class Expected:
    """The bounds of what there ever was of a collection, told file by file."""

    def __init__(self) -> None:
        self.bounds = Bounds()

    def add(self, place: Mapping[str, Any]) -> None:
        """Make it hold a file, too."""
        box = self.bounds.box
        if place["west"] is not None:
            is_cut = place["west"] > place["east"]
            west, east = (-180, 180) if is_cut else (place["west"], place["east"])
            new = Box(west, place["south"], east, place["north"])
            box = new if box is None else _around(box, new)
        times = [one for one in (place["data_started"], place["data_ended"]) if one is not None]
        days = [one.replace(hour=0, minute=0, second=0, microsecond=0) for one in times]
        began, ended = min(days, default=None), max(days, default=None)
        end = None if ended is None else ended + timedelta(days=1, microseconds=-1)
        self.bounds = Bounds(box, self.bounds.began, self.bounds.ended).with_times(began, end)


def _around(one: Box, other: Box) -> Box:
    least = (min(one.west, other.west), min(one.south, other.south))
    return Box(*least, max(one.east, other.east), max(one.north, other.north))


@given(st.randoms(use_true_random=False), st.lists(st.sampled_from("iiiuudr"), min_size=1, max_size=15))
@settings(max_examples=examples(20), suppress_health_check=UNHURRIED, deadline=None)
def test_bounds_hold_all_that_there_ever_was(
    filled: tuple[Context, Owners], draw: random.Random, steps: list[str]
) -> None:
    context, who = filled
    clear_files(context)
    with context.database.engine.begin() as connection:
        collection_extents.refill(connection)
    ids = {
        CollectionKind.STRIKE: who.strikes[0],
        CollectionKind.SCAN: who.scan,
        CollectionKind.JOB_TYPE: who.job_types[0],
    }
    keys = [CollectionKey(*one) for one in ids.items()]
    expected = {key: Expected() for key in keys}
    number = 0
    for step in steps:
        place, key = a_place(draw), draw.choice(keys)
        of_key = getattr(ScaleFile, OWNER_COLUMNS[key.kind])
        with context.database.write() as session:
            if step == "i":
                number += 1
                session.add(a_file(context, number, None, **{of_key.key: key.owner_id}, **place))
                expected[key].add(place)
            elif step == "u" and session.scalar(select(ScaleFile.id).where(of_key == key.owner_id).limit(1)):
                session.execute(update(ScaleFile).where(of_key == key.owner_id).values(place))
                expected[key].add(place)
            elif step == "d":
                gone = {"is_deleted": True, "is_published": False}
                session.execute(update(ScaleFile).where(of_key == key.owner_id).values(gone))
            elif step == "r":
                session.add(a_file(context, 1000, None, **{of_key.key: key.owner_id}, **place))
                session.flush()
                session.rollback()
    with context.database.read() as session:
        for key in keys:
            found = one_collection(session, key)
            assert found is not None
            undated = _times_of_undated(session, key)
            assert found.bounds == expected[key].bounds.with_times(*undated)


def _times_of_undated(session: Any, key: CollectionKey) -> tuple[datetime | None, datetime | None]:
    of_key = getattr(ScaleFile, OWNER_COLUMNS[key.kind])
    is_product = key.kind is CollectionKind.JOB_TYPE
    is_there = ScaleFile.is_published.is_(True) if is_product else ScaleFile.is_deleted.is_(False)
    undated = (ScaleFile.data_started.is_(None), ScaleFile.data_ended.is_(None))
    moments = [*session.scalars(select(ScaleFile.created).where(of_key == key.owner_id, is_there, *undated))]
    return min(moments, default=None), max(moments, default=None)


@pytest.fixture
def filled(context: Context) -> tuple[Context, Owners]:
    """With Strike processes and job types."""
    return context, owners(context)


def test_a_job_type_is_a_collection_from_its_first_product_on(filled: tuple[Context, Owners]) -> None:
    context, who = filled
    strikes = [CollectionKey(CollectionKind.STRIKE, one) for one in who.strikes]
    strikes.append(CollectionKey(CollectionKind.SCAN, who.scan))
    with context.database.write() as session:
        assert [one.key for one in all_collections(session)] == strikes
        session.add(a_file(context, 1, None, job_type_id=who.job_types[1], is_published=False))
    with context.database.read() as session:
        made = CollectionKey(CollectionKind.JOB_TYPE, who.job_types[1])
        assert [one.key for one in all_collections(session)] == [*strikes, made]


@pytest.mark.sqlite
def test_files_in_the_order_of_time_widen_the_bounds_once_a_day(filled: tuple[Context, Owners]) -> None:
    context, who = filled
    table = collection_extents.TABLE
    with context.database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE change (moment)")
        for what in ("INSERT", "UPDATE"):
            noted = "INSERT INTO change VALUES (NEW.ended)"
            connection.exec_driver_sql(f"CREATE TRIGGER note_{what} AFTER {what} ON {table} BEGIN {noted}; END")
    for number in range(1, 50):
        with context.database.write() as session:
            moment = NOON + timedelta(hours=number)
            session.add(a_file(context, number, None, strike_id=who.strikes[0], data_started=moment))
    with context.database.engine.connect() as connection:
        changes = connection.exec_driver_sql("SELECT substr(moment, 9, 2) FROM change").scalars().all()
    assert changes == ["04", "05", "06"]


def test_a_migration_finds_the_strikes_and_the_bounds_of_files_that_are_there(tmp_path: Path) -> None:
    database = Database(database_url(tmp_path, is_empty=True))
    schema.upgrade(database, "0013")
    with database.engine.begin() as connection:
        _fill_old(connection)
    schema.upgrade(database)
    with database.read() as session:
        strikes = session.execute(select(ScaleFile.id, ScaleFile.strike_id).order_by(ScaleFile.id))
        assert [tuple(row) for row in strikes] == [(1, 7), (2, None)]
        found = one_collection(session, CollectionKey(CollectionKind.STRIKE, 7))
        assert found is not None
        day = NOON.replace(hour=0)
        bounds = Bounds(Box(1, 2, 3, 4), day, day + timedelta(days=1, microseconds=-1))
        assert found.bounds == bounds
    database.close()


def test_a_migration_finds_the_scans_of_files_that_are_there(tmp_path: Path) -> None:
    database = Database(database_url(tmp_path, is_empty=True))
    schema.upgrade(database, "0023")
    with database.engine.begin() as connection:
        _fill_old(connection, "scan")
    schema.upgrade(database)
    with database.read() as session:
        files = session.execute(select(ScaleFile.id, ScaleFile.strike_id, ScaleFile.scan_id).order_by(ScaleFile.id))
        assert [tuple(row) for row in files] == [(1, None, 7), (2, None, None)]
        found = one_collection(session, CollectionKey(CollectionKind.SCAN, 7))
        assert found is not None
        assert found.bounds.box == Box(1, 2, 3, 4)
    database.close()


def _fill_old(connection: Connection, seer: str = "strike") -> None:
    """A Strike process, or a Scan, with a file that it ingested, and a duplicate of that; and one that nobody knows
    of."""
    metadata = MetaData()
    metadata.reflect(connection, only=["workspace", seer, "scale_file", "ingest"])
    life: dict[str, Any] = {"created": NOON, "last_modified": NOON}

    def put(table: str, **values: Any) -> None:
        connection.execute(insert(metadata.tables[table]).values({**life, **values}))

    put("workspace", id=1, name="raw", json_config="{}", is_active=True)
    for one in (7, 8):
        put(seer, id=one, name=f"{seer} {one}", configuration="{}")
    file: dict[str, Any] = {"file_type": "SOURCE", "workspace_id": 1, "media_type": "text/plain", "file_size": 1}
    file |= {"data_type": "[]", "meta_data": "{}", "countries": "[]", "is_deleted": False, "is_parsed": False}
    where = {"west": 1, "south": 2, "east": 3, "north": 4, "data_started": NOON}
    put("scale_file", id=1, file_name="a", file_path="a", uuid="1" * 32, **file, **where)
    put("scale_file", id=2, file_name="b", file_path="b", uuid="2" * 32, **file)
    ingest = {
        "file_name": "a",
        "bytes_transferred": 1,
        "transfer_started": NOON,
        "media_type": "x",
        "transfer_path": "/",
    }
    for one, status in ((8, "DUPLICATE"), (7, "INGESTED")):
        owner = {f"{seer}_id": one}
        put("ingest", **owner, status=status, source_file_id=1, data_type="[]", **ingest)
