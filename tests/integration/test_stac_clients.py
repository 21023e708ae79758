"""pystac-client walks and searches the catalog, and pystac finds all of it valid by the schemas that it brings."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pystac
import pytest
from pystac.validation import RegisteredValidator, set_validator, validate_dict
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from pystac_client import Client
from pystac_client.exceptions import APIError

from fakes.catalog import NOON, Owners, derive, owners, put_file
from fakes.installations import installed
from fakes.served import serving
from fakes.waiting import SECONDS
from scale_core.db.models import ScaleFile
from scale_core.services.context import Context

SQUARE: Final = {"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]}
ACROSS: Final = {
    "type": "MultiPolygon",
    "coordinates": [
        [[[170, -5], [180, -5], [180, 5], [170, 5], [170, -5]]],
        [[[-180, -5], [-170, -5], [-170, 5], [-180, 5], [-180, -5]]],
    ],
}
MIXED: Final = {
    "type": "GeometryCollection",
    "geometries": [{"type": "Point", "coordinates": [50, 50]}, {"type": "Point", "coordinates": [51, 50]}],
}
OLD: Final = datetime(1999, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
CONTENT: Final = b"not really a TIFF"
"""Of the file 5, which Scale itself serves."""

ALL: Final = ["5", "4", "3", "2", "1"]
SCANNED: Final = "8"
"""The items that are found, the newest first."""

POINTS: Final = 25
"""More items, in a collection of their own, with ids from 101 on."""

METHODS: Final = pytest.mark.parametrize("method", ["GET", "POST"])


class Bundled(JsonSchemaSTACValidator):
    """Validates by the schemas that pystac brings: what is validated has no need of others."""

    def _get_schema(self, schema_uri: str) -> dict[str, Any]:
        assert schema_uri in self.schema_cache, f"{schema_uri} would be fetched"
        return super()._get_schema(schema_uri)


@pytest.fixture(scope="module", autouse=True)
def bundled_schemas() -> Iterator[None]:
    before = RegisteredValidator.get_validator()
    set_validator(Bundled())
    yield
    set_validator(before)


@dataclass(frozen=True)
class Served:
    """Where the catalog is, and who made what it has."""

    url: str
    owners: Owners

    @property
    def collections(self) -> list[str]:
        """The ids of its collections with one to four items, and that of the other; but for that of the Scan."""
        who = self.owners
        return [*(f"strike-{one}" for one in who.strikes), *(f"job-type-{one}" for one in who.job_types)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Files of every kind that a catalog has."""
    with installed(tmp_path_factory.mktemp("stac")) as context:
        who = owners(context)
        _put_files(context, who)
        _store(context, 5, CONTENT)
        with serving(context) as address:
            yield Served(f"{address}/stac/", who)


def _store(context: Context, file_id: int, content: bytes) -> None:
    """Give a file's workspace a folder, and the file its content there."""
    folder = context.settings.data_dir / "storage"
    with context.database.write() as session:
        file = session.get_one(ScaleFile, file_id)
        file.workspace.json_config = {"version": "1.0", "broker": {"type": "host", "host_path": str(folder)}}
        path = folder / file.file_path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


def _put_files(context: Context, who: Owners) -> None:
    first, second = who.strikes
    of_types: Sequence[dict[str, Any]] = [
        {"job_type_id": kind, "job_id": job} for kind, job in zip(who.job_types, who.jobs, strict=True)
    ]
    put_file(context, 1, SQUARE, strike_id=first, data_started=OLD, data_ended=OLD + timedelta(days=1), data_type=["x"])
    put_file(context, 2, None, strike_id=first, created=NOON + timedelta(microseconds=5))
    put_file(context, 3, ACROSS, strike_id=first, data_started=NOON - timedelta(days=9), checksum=None)
    put_file(context, 4, SQUARE, **of_types[0], data_ended=NOON - timedelta(days=9))
    checksum = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
    put_file(context, 5, MIXED, **of_types[1], workspace_id=2, file_size=len(CONTENT), checksum=checksum)
    put_file(context, 6, SQUARE, strike_id=first, is_deleted=True)
    put_file(context, 7, SQUARE, **of_types[0], is_published=False, uuid=f"{4:032}")
    place = {"type": "Point", "coordinates": [-72, 40]}
    put_file(context, 8, place, scan_id=who.scan, data_started=OLD, data_ended=OLD)
    for number in range(POINTS):
        point = {"type": "Point", "coordinates": [-100, -50 - number / 10]}
        put_file(context, 101 + number, point, strike_id=second, data_started=OLD, data_ended=OLD)
    derive(context, 4, who.jobs[0], 1, 2)
    derive(context, 5, who.jobs[1], 4, 6)


@pytest.fixture(scope="module")
def client(served: Served) -> Client:
    return Client.open(served.url)


def found(client: Client, served: Served, **search: Any) -> list[str]:
    """The ids that a search finds, but for those of the points, unless it asks for these."""
    search.setdefault("collections", [one for one in served.collections if one != served.collections[1]])
    return [item.id for item in client.search(**search).items()]


def collection_of(client: Client, collection_id: str) -> pystac.Collection:
    collection = client.get_collection(collection_id)
    assert collection is not None
    return collection


def item_of(client: Client, collection_id: str, item_id: str) -> pystac.Item:
    item = collection_of(client, collection_id).get_item(item_id)
    assert item is not None
    return item


def test_the_catalog_is_valid_and_says_what_it_conforms_to(client: Client) -> None:
    client.validate()
    for name in ("CORE", "COLLECTIONS", "FEATURES", "ITEM_SEARCH"):
        assert client.conforms_to(name), name
    assert not client.conforms_to("FILTER")


def test_walking_the_catalog_leads_to_every_item_once_and_all_are_valid(client: Client, served: Served) -> None:
    collections = list(client.get_collections())
    of_scan = f"scan-{served.owners.scan}"
    assert [one.id for one in collections] == [*served.collections[:2], of_scan, *served.collections[2:]]
    assert [one.id for one in client.get_children()] == [one.id for one in collections]
    walked = []
    for collection in collections:
        collection.validate()
        for item in collection.get_items():
            item.validate()
            assert item.collection_id == collection.id
            walked.append(item.id)
    assert sorted(walked, key=int) == [*sorted(ALL), SCANNED, *(str(101 + number) for number in range(POINTS))]


def test_documents_are_valid_as_they_are_sent(served: Served) -> None:
    search = httpx.get(f"{served.url}search/?limit=1000", timeout=SECONDS).json()
    gone = [httpx.get(f"{served.url}collections/{one}/", timeout=SECONDS).json() for one in served.collections]
    items = [*search["features"], *(_item(served, collection, number) for collection, number in ((0, 6), (2, 7)))]
    assert len(items) == len([*ALL, SCANNED]) + POINTS + 2
    for document in [httpx.get(served.url, timeout=SECONDS).json(), *gone, *items]:
        validate_dict(document)


def _item(served: Served, collection: int, number: int) -> Any:
    return httpx.get(
        f"{served.url}collections/{served.collections[collection]}/items/{number}/", timeout=SECONDS
    ).json()


@METHODS
@pytest.mark.parametrize(
    ("search", "right"),
    [
        ({}, ALL),
        ({"bbox": [-1, -1, 1, 1]}, ["4", "1"]),
        ({"bbox": [-1, -1, -500, 1, 1, 500]}, ["4", "1"]),
        ({"bbox": [175, -1, -175, 1]}, ["3"]),
        ({"bbox": [-180, -90, 180, 90]}, ["5", "4", "3", "1"]),
        ({"intersects": {"type": "Point", "coordinates": [10, 10]}}, ["4", "1"]),
        ({"intersects": MIXED}, ["5"]),
        ({"datetime": "1999-05-06T07:08:09.123456Z"}, ["1"]),
        ({"datetime": "1999-05-07"}, ["1"]),
        ({"datetime": "../1999-12-31T00:00:00Z"}, ["1"]),
        ({"datetime": "2026-03-04T00:00:00Z/.."}, ["5", "2"]),
        ({"datetime": "2026-02-23/2026-02-23"}, ["4", "3"]),
        ({"datetime": "2026-02-23/2026-03-04", "bbox": [0, 0, 60, 60]}, ["5", "4"]),
        ({"datetime": "2000"}, []),
        ({"ids": ["2", "5", "6", "7", "none"]}, ["5", "2"]),
        ({"ids": ["none"]}, []),
        ({"max_items": 2}, ["5", "4"]),
        ({"limit": 2}, ALL),
        ({"limit": 1, "bbox": [-180, -90, 180, 90], "datetime": "1999/2026"}, ["5", "4", "3", "1"]),
    ],
)
def test_a_search_finds_what_is_in_all_of_its_bounds(
    client: Client, served: Served, method: str, search: dict[str, Any], right: list[str]
) -> None:
    assert found(client, served, method=method, **search) == right


@METHODS
def test_a_search_in_collections_finds_nothing_else(client: Client, served: Served, method: str) -> None:
    strike, _, one, other = served.collections
    assert found(client, served, method=method, collections=[strike]) == ["3", "2", "1"]
    assert found(client, served, method=method, collections=[other, one]) == ["5", "4"]
    assert found(client, served, method=method, collections=[one, "nothing"], bbox=[0, 0, 1, 1]) == ["4"]
    assert found(client, served, method=method, collections=["nothing", "strike-999"]) == []


@METHODS
@pytest.mark.parametrize("where", [{}, {"bbox": [-101, -60, -99, -40]}, {"datetime": "1999"}])
def test_following_the_links_from_page_to_page_finds_all_once(
    client: Client, served: Served, method: str, where: dict[str, Any]
) -> None:
    search = client.search(method=method, limit=7, collections=[served.collections[1]], **where)
    pages = [[item["id"] for item in page["features"]] for page in search.pages_as_dicts()]
    assert [len(page) for page in pages] == [7, 7, 7, 4]
    assert [one for page in pages for one in page] == [str(100 + POINTS - number) for number in range(POINTS)]


def test_what_an_item_is_of_is_found_by_it(client: Client, served: Served) -> None:
    for item in client.search(ids=ALL).items():
        begins = item.datetime or item.common_metadata.start_datetime
        assert begins is not None
        assert item.id in found(client, served, datetime=item.properties["datetime"] or begins)
        if item.geometry is not None:
            assert item.id in found(client, served, intersects=item.geometry)
            assert item.id in found(client, served, bbox=item.bbox)


def test_an_item_says_when_where_and_what(client: Client) -> None:
    items = {item.id: item for item in client.search(ids=ALL).items()}
    one, two, three, four = (items[number] for number in "1234")
    assert one.datetime is None
    assert (one.properties["start_datetime"], one.properties["keywords"]) == ("1999-05-06T07:08:09.123456Z", ["x"])
    assert (two.geometry, two.bbox, two.datetime) == (None, None, NOON + timedelta(microseconds=5))
    assert three.bbox == [170, -5, -170, 5]
    assert three.geometry is not None
    assert three.geometry["type"] == "MultiPolygon"
    assert four.datetime == NOON - timedelta(days=9)
    assert four.properties["processing:software"] == {"a": "1.0"}
    assert all(item.properties["title"] == f"{item.id}.tif" for item in items.values())


def test_an_asset_says_where_the_content_is_and_what_it_has_to_be(client: Client, served: Served) -> None:
    items = {item.id: item for item in client.search(ids=ALL).items()}
    (one, three, five) = (items[number].assets["data"] for number in "135")
    assert (one.href, one.media_type, one.roles) == ("http://files/x/1.tif", "image/tiff", ["data"])
    assert one.extra_fields == {"file:size": 1, "file:checksum": f"1220{1:064x}"}
    assert three.extra_fields.keys() == {"file:size"}
    assert five.href == f"{served.url.removesuffix('stac/')}files/5/content/"


def test_an_asset_can_be_downloaded_from_where_the_catalog_says(client: Client, served: Served) -> None:
    (item,) = client.search(ids=["5"]).items()
    asset = item.assets["data"]
    response = httpx.get(asset.get_absolute_href() or "", trust_env=False, timeout=SECONDS)
    assert (response.status_code, response.content) == (200, CONTENT)
    digest = hashlib.sha256(response.content).hexdigest()
    assert asset.extra_fields["file:checksum"] == f"1220{digest}"


def test_a_product_leads_to_what_it_was_made_from(client: Client, served: Served) -> None:
    (product,) = client.search(ids=["5"]).items()
    (four, six) = (link.resolve_stac_object().target for link in product.get_links("derived_from"))
    assert isinstance(four, pystac.Item)
    assert isinstance(six, pystac.Item)
    assert [link.href.rpartition("/items/")[2] for link in four.get_links("derived_from")] == ["1", "2"]
    assert (six.id, six.assets) == ("6", {})
    links = {link.rel: link.href.removeprefix(served.url.removesuffix("stac/")) for link in product.links}
    assert links["via"] == "products/5/"
    assert links["processing-execution"] == f"jobs/{served.owners.jobs[1]}/"


def test_what_is_superseded_or_deleted_is_there_for_those_who_have_a_link(client: Client, served: Served) -> None:
    strike, _, kind, _ = served.collections
    current = item_of(client, kind, "4")
    old, gone = item_of(client, kind, "7"), item_of(client, strike, "6")
    for item in (old, gone):
        item.validate()
        assert item.properties["deprecated"] is True
    assert old.assets.keys() == {"data"}
    (latest,) = old.get_links("latest-version")
    assert latest.href == f"{served.url}collections/{kind}/items/4"
    assert gone.assets == {}
    assert "deprecated" not in current.properties


def test_a_collection_says_who_made_its_items_where_and_when(client: Client, served: Served) -> None:
    strike, points, kind, mixed = (collection_of(client, one) for one in served.collections)
    assert strike.extent.spatial.bboxes == [[-180, -5, 180, 10]]  # one of them is on both sides of the antimeridian
    assert points.extent.spatial.bboxes == [[-100, -52.4, -100, -50]]
    day = [OLD.replace(hour=0, minute=0, second=0, microsecond=0)]
    day.append(day[0] + timedelta(days=1, microseconds=-1))
    assert points.extent.temporal.intervals == [day]
    # What has no time of its own is of the time when it was made, to the moment.
    assert strike.extent.temporal.intervals == [[day[0], NOON + timedelta(microseconds=5)]]
    assert mixed.extent.temporal.intervals == [[NOON, NOON]]
    assert (strike.title, kind.title) == ("strike a", "a 1.0")
    assert (strike.keywords, kind.keywords) == (["more", "text"], ["tests"])
    assert kind.providers is not None
    assert [(one.name, one.url) for one in kind.providers] == [("Ada", "http://ada.example/")]


def test_what_a_scan_ingested_is_a_collection_that_can_be_searched(client: Client, served: Served) -> None:
    scan = collection_of(client, f"scan-{served.owners.scan}")
    assert (scan.title, scan.keywords) == ("scan a", ["old"])
    assert scan.description == "Source files that the Scan scan a ingested."
    assert scan.extent.spatial.bboxes == [[-72, 40, -72, 40]]
    about = f"{served.url.removesuffix('stac/')}scans/{served.owners.scan}/"
    assert [link.href for link in scan.get_links("via")] == [about]
    assert [one.id for one in scan.get_items()] == [SCANNED]
    assert [one.id for one in client.search(collections=[scan.id], datetime="2025-01-01/..").items()] == []
    assert [one.id for one in client.search(bbox=[-73, 39, -71, 41], collections=[scan.id]).items()] == [SCANNED]


def test_an_item_is_in_its_own_collection_only(client: Client, served: Served) -> None:
    assert collection_of(client, served.collections[1]).get_item("1") is None
    assert httpx.get(f"{served.url}collections/{served.collections[1]}/items/1/", timeout=SECONDS).status_code == 404


@METHODS
def test_a_wrong_search_is_refused(client: Client, method: str) -> None:
    with pytest.raises(APIError, match=r"south, 2\.0, lies north of north, 1\.0") as caught:
        list(client.search(method=method, bbox=[0, 2, 1, 1]).items())
    assert caught.value.status_code == 400
