"""Files are found by where they are and of what time, as looking at each would find them, on either database."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry
from sqlalchemy import column, delete, insert, inspect, select, table

from fakes.databases import database_url, new_database
from fakes.examples import examples
from fakes.world import SetClock
from scale_core.db import schema, sqlite_geometry
from scale_core.db.bulk import table_of
from scale_core.db.database import Database
from scale_core.db.errors import DatabaseUnusable
from scale_core.db.extent_index import TREE
from scale_core.db.models import ScaleFile, Workspace
from scale_core.plugin.registry import Registry
from scale_core.services.context import Context
from scale_core.services.exceptions import Invalid
from scale_core.services.file_reads import FileService
from scale_core.services.products import locate
from scale_core.services.serialization import SerializerContext
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary
from scale_generated.queries import ListFilesQuery, ListProductsQuery, ListSourcesQuery

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
URLS = SerializerContext("http://scale.test")


@dataclass(frozen=True)
class Data:
    """What a file is of."""

    footprint: BaseGeometry | None = None
    started: datetime | None = None
    ended: datetime | None = None


def put(context: Context, files: Sequence[Data], **values: Any) -> None:
    """Let these be all files, with the ids 1, 2, …"""
    with context.database.write() as session:
        session.execute(delete(ScaleFile))
        if session.get(Workspace, 1) is None:
            workspace = Workspace(id=1, name="raw", json_config={"version": "1.0"}, created=NOON, last_modified=NOON)
            session.add(workspace)
            session.flush()
        session.add_all(file_of(context, number, data, **values) for number, data in enumerate(files, 1))


def file_of(context: Context, number: int, data: Data, **values: Any) -> ScaleFile:
    file = ScaleFile(
        id=number,
        workspace_id=1,
        file_name=f"{number}",
        file_path=f"{number}",
        media_type="text/plain",
        file_size=1,
        data_type=[],
        uuid=f"{number:032}",
        meta_data={},
        countries=[],
        created=NOON,
        last_modified=NOON,
        data_started=data.started,
        data_ended=data.ended,
        **{"file_type": "SOURCE", **values},
    )
    if data.footprint is not None:
        locate(context, file, json.loads(shapely.to_geojson(data.footprint)))
    return file


@pytest.fixture(scope="module")
def contexts(
    tmp_path_factory: pytest.TempPathFactory, built_in_registry: Registry, packaged_specs: SpecLibrary
) -> Iterator[list[Context]]:
    """An installation on the database that tests are run on, and one on SQLite if that is another."""
    folder = tmp_path_factory.mktemp("space")
    databases = [new_database(folder)]
    if not databases[0].is_sqlite:
        databases.append(Database(f"sqlite:///{folder / 'scale.db'}"))
        schema.upgrade(databases[1])
    yield [Context(one, built_in_registry, packaged_specs, Settings(data_dir=folder), SetClock()) for one in databases]
    for one in databases:
        one.close()


def found(context: Context, **query: Any) -> list[int]:
    """The ids of the files that a search finds, which are as many as it says."""
    page = FileService(context).list_files(ListFilesQuery(**query), URLS)
    assert page.count == len(page.results)
    return [one["id"] for one in page.results]


# Few numbers, so that edges meet often; some that binary fractions do not have.
LONGITUDES = st.sampled_from([-180.0, -179.9, -90.0, -0.1, 0.0, 0.1, 0.3, 1 / 3, 10.0, 90.0, 179.9, 180.0])
LATITUDES = st.sampled_from([-90.0, -45.0, -0.1, 0.0, 0.1, 1 / 3, 10.0, 45.0, 90.0])
POINTS = st.tuples(LONGITUDES, LATITUDES)
BOXES = st.builds(shapely.box, LONGITUDES, LATITUDES, LONGITUDES, LATITUDES)
ACROSS = st.builds(
    lambda west, south, east, north: shapely.MultiPolygon(
        [shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)]
    ),
    st.sampled_from([90.0, 179.9]),
    st.sampled_from([-45.0, -0.1]),
    st.sampled_from([-179.9, -90.0]),
    st.sampled_from([0.0, 45.0]),
)
SIMPLE = st.one_of(
    st.builds(shapely.Point, POINTS),
    st.builds(shapely.LineString, st.lists(POINTS, min_size=2, max_size=3)),
    BOXES,
    st.builds(shapely.Polygon, st.lists(POINTS, min_size=3, max_size=5)),
)


@st.composite
def geometries(draw: st.DrawFn) -> BaseGeometry:
    """Valid ones of all kinds, also collections of what overlaps."""
    collections = st.builds(shapely.GeometryCollection, st.lists(SIMPLE | ACROSS, min_size=1, max_size=3))
    geometry = draw(SIMPLE | ACROSS | collections)
    assume(geometry.is_valid and not geometry.is_empty)
    return geometry


MOMENTS = st.sampled_from([NOON + timedelta(microseconds=some) for some in (0, 400, 600, 999_999)]) | st.sampled_from(
    [NOON + timedelta(days=some) for some in (-90_000, -1, 1, 90_000)]
)


@st.composite
def data(draw: st.DrawFn) -> Data:
    """Of anywhere and any time, or of neither."""
    return Data(draw(st.none() | geometries()), draw(st.none() | MOMENTS), draw(st.none() | MOMENTS))


@dataclass(frozen=True)
class Wanted:
    """What is looked for."""

    bbox: tuple[float, float, float, float] | None
    geometry: BaseGeometry | None
    since: datetime | None
    until: datetime | None
    as_wkt: bool

    def query(self) -> dict[str, str | None]:
        """As a client writes it."""
        written = None
        if self.geometry is not None:
            wkt = shapely.to_wkt(self.geometry, rounding_precision=-1)
            written = wkt if self.as_wkt else shapely.to_geojson(self.geometry)
        return {
            "bbox": None if self.bbox is None else ",".join(map(repr, self.bbox)),
            "geometry": written,
            "data_started": None if self.since is None else self.since.isoformat(),
            "data_ended": None if self.until is None else self.until.isoformat(),
        }

    def has(self, data: Data) -> bool:
        """Whether a file of this is found; told by shapely, with nothing of Scale's."""
        if (self.bbox or self.geometry) and data.footprint is None:
            return False
        return (
            overlaps(data, self.since, self.until)
            and (self.bbox is None or in_box(data.footprint, *self.bbox))
            and (self.geometry is None or self.geometry.intersects(data.footprint))
        )


@st.composite
def searches(draw: st.DrawFn) -> Wanted:
    """By place, time, or both, or by nothing."""
    bbox = draw(st.none() | st.tuples(LONGITUDES, LATITUDES, LONGITUDES, LATITUDES))
    since, until = draw(st.none() | MOMENTS), draw(st.none() | MOMENTS)
    assume(bbox is None or bbox[1] <= bbox[3])
    assume(since is None or until is None or since <= until)
    return Wanted(bbox, draw(st.none() | geometries()), since, until, draw(st.booleans()))


def in_box(geometry: BaseGeometry | None, west: float, south: float, east: float, north: float) -> bool:
    """A search of its own: by the four sides, without what the product makes of them."""
    if west > east:
        return in_box(geometry, west, south, 180, north) or in_box(geometry, -180, south, east, north)
    ring = [(west, south), (west, north), (east, north), (east, south), (west, south)]
    sides = shapely.MultiLineString(list(pairwise(ring)))
    inside = shapely.box(west, south, east, north)
    return bool(sides.intersects(geometry) or (inside.is_valid and inside.intersects(geometry)))


def overlaps(data: Data, since: datetime | None, until: datetime | None) -> bool:
    begins, ends = data.started or data.ended, data.ended or data.started
    if begins is None or ends is None:
        return since is None and until is None
    return (since is None or ends >= since) and (until is None or begins <= until)


@settings(
    max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(st.lists(data(), min_size=1, max_size=8), st.lists(searches(), min_size=1, max_size=3))
def test_a_search_finds_what_looking_at_each_file_finds(
    contexts: list[Context], files: list[Data], wanted: list[Wanted]
) -> None:
    for context in contexts:
        put(context, files)
        for one in wanted:
            right = [number for number, data in enumerate(files, 1) if one.has(data)]
            assert found(context, **one.query()) == right, context.database.url.get_backend_name()


PLACES = [
    Data(shapely.box(170, -20, 180, -10)),
    Data(shapely.MultiPolygon([shapely.box(175, -20, 180, -10), shapely.box(-180, -20, -175, -10)])),
    Data(shapely.box(-180, -20, -170, -10)),
    Data(shapely.box(0, -20, 10, -10)),
    Data(),
]


@pytest.fixture
def places(context: Context) -> Context:
    """On both sides of the antimeridian, across it, at Greenwich, and nowhere."""
    put(context, PLACES)
    return context


@pytest.mark.parametrize(
    ("bbox", "right"),
    [
        ("160,-15,-160,-12", [1, 2, 3]),
        ("176,-15,-176,-12", [1, 2, 3]),
        ("-1,-15,1,-12", [4]),
        ("160,-15,174,-12", [1]),
        ("-174.5,-15,-160,-12", [3]),
        ("20,-15,160,-12", []),
        ("-180,-90,180,90", [1, 2, 3, 4]),
        ("10,-10,10,-10", [4]),
        ("10,-90,10,90", [4]),
    ],
)
def test_a_box_may_reach_across_the_antimeridian(places: Context, bbox: str, right: list[int]) -> None:
    assert found(places, bbox=bbox) == right


def test_a_footprint_across_the_antimeridian_is_bounded_by_its_two_sides(places: Context) -> None:
    with places.database.read() as session:
        file = session.get(ScaleFile, 2)
        assert file is not None
        assert (file.west, file.south, file.east, file.north) == (175, -20, -175, -10)
        assert file.center_point is not None
        assert abs(shapely.get_x(shapely.from_wkb(file.center_point))) == 180


def test_pages_of_a_search_are_cut_out_of_all_that_it_finds_in_order(context: Context) -> None:
    put(context, [Data(shapely.Point(number / 10, 1)) for number in range(30)])
    service = FileService(context)
    pages = [
        service.list_files(ListFilesQuery(bbox="0,0,2,2", page=page, page_size=8, order=("-file_size", "-id")), URLS)
        for page in range(1, 5)
    ]
    assert [one.count for one in pages] == [21] * 4
    assert [one["id"] for page in pages for one in page.results] == list(range(21, 0, -1))


def test_what_changes_its_place_or_time_is_found_where_it_is_then(context: Context) -> None:
    put(context, [Data(shapely.Point(1, 1), NOON, NOON)])
    with context.database.write() as session:
        file = session.get(ScaleFile, 1)
        assert file is not None
        locate(context, file, {"type": "Point", "coordinates": [50, 50]})
        file.data_started = file.data_ended = NOON + timedelta(days=40)
    assert found(context, bbox="0,0,2,2") == found(context, data_ended=NOON.isoformat()) == []
    assert found(context, bbox="49,49,51,51", data_started="2026-04-13T00:00:00Z") == [1]
    with context.database.write() as session:
        session.execute(delete(ScaleFile))
    assert found(context, bbox="49,49,51,51") == []


@pytest.mark.sqlite
def test_a_file_of_which_nothing_is_known_is_not_in_the_tree(context: Context) -> None:
    put(context, [Data(), Data(started=NOON), Data(ended=NOON)])
    with context.database.read() as session:
        assert session.scalars(select(table(TREE, column("id")).c.id)).all() == [4, 6]


def test_data_that_ends_before_it_begins_can_be_kept_and_is_found_by_both_times(context: Context) -> None:
    put(context, [Data(shapely.Point(1, 1), NOON + timedelta(days=1), NOON)])
    hour = {"bbox": "0,0,2,2", "data_started": NOON.isoformat()}
    assert found(context, **hour, data_ended=(NOON + timedelta(days=1)).isoformat()) == [1]


def test_all_of_the_calendar_can_be_asked_for(context: Context) -> None:
    put(context, [Data(started=NOON), Data()])
    assert found(context, data_started="0001-01-01T00:00:00Z", data_ended="9999-12-31T23:59:59.999999Z") == [1]


def test_sources_and_published_products_are_searched(context: Context) -> None:
    service = FileService(context)
    put(context, [Data(shapely.Point(1, 1), NOON)], is_parsed=True)
    where: dict[str, Any] = {"bbox": "0,0,2,2", "data_started": "2026-03-04T00:00:00Z"}
    assert service.list_sources(ListSourcesQuery(**where), URLS).count == 1
    assert service.list_sources(ListSourcesQuery(**where, is_parsed=False), URLS).count == 0
    assert service.list_products(ListProductsQuery(**where), URLS).count == 0
    product = {"file_type": "PRODUCT", "is_published": True, "is_operational": False}
    put(context, [Data(shapely.Point(1, 1), NOON)], **product)
    assert service.list_sources(ListSourcesQuery(**where), URLS).count == 0
    assert service.list_products(ListProductsQuery(**where), URLS).count == 1
    assert service.list_products(ListProductsQuery(**where, is_operational=True), URLS).count == 0


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"bbox": "1,2,3"}, "a box has four numbers, not 3: write west,south,east,north"),
        ({"bbox": "1,2,3,4,5,6"}, "not 6"),
        ({"bbox": "a,2,3,4"}, "is no box: write west,south,east,north"),
        ({"bbox": ""}, "is no box"),
        ({"bbox": "1,5,3,4"}, "south, 5.0, lies north of north, 4.0: exchange them"),
        ({"bbox": "-181,2,3,4"}, "west is -181.0, which does not lie from -180 to 180"),
        ({"bbox": "1,nan,3,4"}, "south is nan"),
        ({"bbox": "1,2,inf,4"}, "east is inf"),
        ({"geometry": ""}, "it is no WKT"),
        ({"geometry": "POLYGON"}, "it is no WKT"),
        ({"geometry": "POINT EMPTY"}, "has no coordinates"),
        ({"geometry": "POINT (200 1)"}, "longitudes from -180 to 180"),
        ({"geometry": "LINEARRING (0 0, 1 0, 1 1, 0 0)"}, "'LinearRing' is no geometry to look in"),
        ({"geometry": "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))"}, "Self-intersection"),
        ({"geometry": "{"}, "begins like GeoJSON and is no JSON"),
        ({"geometry": '{"type": "Sphere"}'}, "'Sphere' is no type of GeoJSON"),
        ({"geometry": '{"type": "Feature", "geometry": null}'}, "has no coordinates"),
    ],
)
def test_what_is_no_place_is_refused_with_what_would_be_right(
    context: Context, query: dict[str, str], says: str
) -> None:
    asked = ListFilesQuery(bbox=query.get("bbox"), geometry=query.get("geometry"))
    with pytest.raises(Invalid) as caught:
        FileService(context).list_files(asked, URLS)
    (problem,) = caught.value.problems
    assert problem.pointer == next(iter(query))
    assert says in problem.detail


BLANK = dict.fromkeys(("data_started", "data_ended", "geometry", "center_point", "west", "south", "east", "north"))
"""What a file of which nothing is known does not have."""


def test_an_older_database_is_searched_once_it_is_upgraded(tmp_path: Path, context: Context) -> None:
    (tmp_path / "older").mkdir()
    database = Database(database_url(tmp_path / "older", is_empty=True))
    schema.upgrade(database, "0011")
    older = replace(context, database=database)
    put(older, [])
    with database.engine.begin() as connection:
        there = {one["name"] for one in inspect(connection).get_columns("scale_file")}
        rows = [
            file_of(older, number, data) for number, data in enumerate([*PLACES, Data(shapely.Point(13.4, 52.5))], 1)
        ]
        values = [{name: value for name, value in vars(row).items() if name in there} for row in rows]
        connection.execute(insert(table_of(ScaleFile)), [one | {"countries": []} for one in map(BLANK.__or__, values)])
    schema.upgrade(database)
    assert found(older, bbox="160,-15,-160,-12") == [1, 2, 3]
    assert found(older, countries=("DEU",)) == [6]
    database.close()


@pytest.mark.sqlite
def test_a_database_without_trees_is_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_geometry, "_TREE", "CREATE VIRTUAL TABLE probe USING no_such_tree (id)")
    with pytest.raises(DatabaseUnusable, match=r"no such module: no_such_tree.*SQLITE_ENABLE_RTREE.*or use PostgreSQL"):
        schema.upgrade(Database(f"sqlite:///{tmp_path / 'new.db'}"))


def test_files_are_found_by_any_of_several_countries_as_they_are_now(context: Context) -> None:
    berlin, aachen, sea = shapely.Point(13.4, 52.5), shapely.box(5.9, 50.6, 6.2, 50.8), shapely.Point(-30, 30)
    put(context, [Data(berlin), Data(aachen), Data(sea), Data()])
    assert found(context, countries=("DEU",)) == [1, 2]
    assert found(context, countries=("BEL", "NLD", "XKX")) == [2]
    assert found(context, countries=("DEU",), bbox="10,50,20,60") == [1]
    with context.database.write() as session:
        file = session.get(ScaleFile, 1)
        assert file is not None
        locate(context, file, {"type": "Point", "coordinates": [2.35, 48.85]})
    assert found(context, countries=("DEU",)) == [2]
    assert found(context, countries=("FRA",)) == [1]
    with context.database.write() as session:
        session.execute(delete(ScaleFile))
    assert found(context, countries=("FRA", "DEU")) == []
