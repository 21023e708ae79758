"""Ingests as clients see them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from fakes.world import SetClock, World
from scale_core.db.models import Ingest, ScaleFile
from scale_core.domain.times import InvalidTime
from scale_core.services.exceptions import Invalid, NotFound
from scale_core.services.ingests import IngestService
from scale_core.services.products import locate
from scale_core.services.serialization import SerializerContext
from scale_generated.queries import ListIngestsQuery, ListIngestStatusQuery

URLS = SerializerContext("http://scale")
NOON = datetime(2026, 3, 4, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, now=SetClock())
    strike_id = world.strike("one")
    world.strike("two", tmp_path / "other")
    for number in range(4):
        _ingested(world, strike_id, f"{number}.txt", NOON - timedelta(minutes=40 * number), 10)
    with world.database.write() as session:
        session.add(_row(strike_id, "late.txt", NOON, "DEFERRED"))
    return world


def _row(strike_id: int, name: str, when: datetime, status: str) -> Ingest:
    return Ingest(
        strike_id=strike_id,
        file_name=name,
        status=status,
        transfer_started=when,
        media_type="text/plain",
        data_type=[],
        transfer_path=f"/in/{name}",
        created=when,
        last_modified=when,
        reason="No rule." if status == "DEFERRED" else None,
    )


def _ingested(world: World, strike_id: int, name: str, when: datetime, size: int) -> None:
    with world.database.write() as session:
        file = ScaleFile(
            file_type="SOURCE",
            workspace_id=1,
            file_name=name,
            file_path=name,
            media_type="text/plain",
            file_size=size,
            data_type=[],
            uuid="0" * 32,
            data_started=when - timedelta(days=1) if name != "0.txt" else None,
            meta_data={},
            countries=[],
            created=when,
            last_modified=when,
        )
        row = _row(strike_id, name, when, "INGESTED")
        row.source_file, row.file_size, row.ingest_ended = file, size, when
        session.add(row)


def test_ingests_are_listed_by_status(world: World) -> None:
    service = IngestService(world.context)
    assert service.list(ListIngestsQuery(), URLS).count == 5
    page = service.list(ListIngestsQuery(status="DEFERRED", order=("-file_name",)), URLS)
    assert [one["file_name"] for one in page.results] == ["late.txt"]
    assert page.results[0]["source_file"] is None
    assert page.results[0]["reason"] == "No rule."


def test_ingests_are_found_by_where_and_when_their_data_was(world: World) -> None:
    with world.database.write() as session:
        for name, longitude in (("1.txt", 2.0), ("2.txt", 13.0)):
            file = session.scalars(select(ScaleFile).where(ScaleFile.file_name == name)).one()
            locate(world.context, file, {"type": "Point", "coordinates": [longitude, 48.0]})
    service = IngestService(world.context)

    def names(query: ListIngestsQuery) -> list[str]:
        page = service.list(query, URLS)
        assert page.count == len(page.results)
        return [one["file_name"] for one in page.results]

    assert names(ListIngestsQuery(bbox="0,40,20,60", order=("file_name",))) == ["1.txt", "2.txt"]
    assert names(ListIngestsQuery(geometry="POLYGON ((0 40, 9 40, 9 60, 0 60, 0 40))")) == ["1.txt"]
    assert names(ListIngestsQuery(bbox="0,40,20,60", status="DEFERRED")) == []
    day = NOON - timedelta(days=1)
    assert names(ListIngestsQuery(data_started=(day - timedelta(hours=1)).isoformat())) == ["1.txt"]
    assert names(ListIngestsQuery(data_ended=(day - timedelta(hours=2)).isoformat())) == ["3.txt"]
    with pytest.raises(Invalid):
        service.list(ListIngestsQuery(bbox="0,40"), URLS)


def test_an_ingest_is_found_by_id_and_by_name(world: World) -> None:
    service = IngestService(world.context)
    by_name = service.get("2.txt", URLS)
    assert service.get(str(by_name["id"]), URLS) == by_name
    assert by_name["strike"] is not None
    assert by_name["strike"]["name"] == "one"
    assert by_name["scan"] is None
    assert by_name["source_file"] is not None
    for key in ("missing.txt", "999", "9" * 40):
        with pytest.raises(NotFound):
            service.get(key, URLS)


def test_status_counts_files_by_the_hour_in_which_strike_registered_them(world: World) -> None:
    page = IngestService(world.context).status(ListIngestStatusQuery(use_ingest_time=True), URLS)
    assert page.count == 2
    one, two = page.results
    assert (one["files"], one["size"], one["most_recent"]) == (4, 40, "2026-03-04T12:00:30.000Z")
    assert one["values"] == [
        {"time": "2026-03-04T10:00:00.000Z", "files": 2, "size": 20},
        {"time": "2026-03-04T11:00:00.000Z", "files": 1, "size": 10},
        {"time": "2026-03-04T12:00:00.000Z", "files": 1, "size": 10},
    ]
    assert (two["files"], two["most_recent"], two["values"]) == (0, None, [])


def test_status_counts_by_the_time_of_the_data_unless_asked_otherwise(world: World) -> None:
    one = IngestService(world.context).status(ListIngestStatusQuery(), URLS).results[0]
    assert one["files"] == 3
    assert {slot["time"][:10] for slot in one["values"]} == {"2026-03-03"}


def test_status_looks_back_31_days_at_most(world: World) -> None:
    with pytest.raises(InvalidTime, match="31 days"):
        IngestService(world.context).status(ListIngestStatusQuery(started="P32D"), URLS)
