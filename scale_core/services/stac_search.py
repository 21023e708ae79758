"""What a request to the STAC API looks for: from parameters, which are text, to a body, to a search (STAC API, Item
Search: Query Parameters and Fields)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeVar

from scale_core.db.items import ItemSearch
from scale_core.db.keyset import Place as RowPlace
from scale_core.domain.places import InvalidPlace, Place, boxes_of, read_numbers
from scale_core.domain.stac import CollectionKey, read_collection_id, read_id, read_interval
from scale_core.services.cursors import Cursor, read_cursor
from scale_core.services.exceptions import invalid
from scale_core.services.geometries import place_of_boxes, place_of_geo_json
from scale_core.specs import InvalidJSON, loads
from scale_generated import models
from scale_generated.defaults import STAC_SEARCH

T = TypeVar("T")

MOST_AT_ONCE: Final = 1000
"""Items on a page; who asks for more gets so many (OGC API Features, Requirement 22)."""

TOKEN: Final = "token"  # noqa: S105 - the name of a parameter
_WITH_HEIGHTS: Final = 6
_FEATURES: Final = ("Feature", "FeatureCollection")


class SearchQuery(Protocol):
    """The parameters of every list of items."""

    @property
    def bbox(self) -> str | None: ...
    @property
    def intersects(self) -> str | None: ...
    @property
    def datetime(self) -> str | None: ...
    @property
    def ids(self) -> str | None: ...
    @property
    def collections(self) -> str | None: ...
    @property
    def limit(self) -> int: ...
    @property
    def token(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A search, and which page of it.

    ``behind`` is the id that the page begins behind; ``bounds`` what a token for another page belongs to.
    """

    search: ItemSearch
    behind: int | None
    limit: int
    bounds: "_Bounds"

    def token(self, last_id: int) -> str:
        """The token of the page behind an item."""
        return Cursor(RowPlace(None, last_id), is_backwards=False).text(self.bounds)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """All that says what is found."""

    bbox: Sequence[float] | None
    intersects: Any
    datetime: str | None
    ids: Sequence[str] | None
    collections: Sequence[str] | None


def items_asked(query: SearchQuery, collection: CollectionKey) -> Asked:
    """What a list of the items of a collection is asked for.

    :raises Invalid: a parameter is wrong.
    """
    asked = search_asked(query)
    others = asked.search.collections
    is_wanted = others is None or collection in others
    return replace(asked, search=replace(asked.search, collections=(collection,) if is_wanted else ()))


def search_asked(query: SearchQuery) -> Asked:
    """What a search is asked for by parameters.

    :raises Invalid: a parameter is wrong.
    """
    body: models.StacSearch = {"limit": query.limit}
    if query.bbox is not None:
        body["bbox"] = _read("bbox", lambda: read_numbers(query.bbox or ""))
    if query.intersects is not None:
        body["intersects"] = _object(query.intersects)
    if query.datetime is not None:
        body["datetime"] = query.datetime
    if query.ids is not None:
        body["ids"] = _listed(query.ids)
    if query.collections is not None:
        body["collections"] = _listed(query.collections)
    if query.token is not None:
        body["token"] = query.token
    return _asked(body, "")


def body_asked(body: models.StacSearch) -> Asked:
    """What a search is asked for by a body.

    :raises Invalid: something in it is wrong.
    """
    return _asked(body, "/")


def _asked(body: models.StacSearch, prefix: str) -> Asked:
    """What a body asks for.

    :param prefix: of the pointers to what is wrong.
    """
    bounds = _Bounds(
        body.get("bbox"), body.get("intersects"), body.get("datetime"), body.get("ids"), body.get("collections")
    )
    token = body.get("token")
    behind = None if token is None else read_cursor(token, bounds, int, f"{prefix}{TOKEN}").place.row_id
    return Asked(_search(body, prefix), behind, min(body.get("limit", STAC_SEARCH["limit"]), MOST_AT_ONCE), bounds)


def _search(body: models.StacSearch, prefix: str) -> ItemSearch:
    ids, collections = body.get("ids"), body.get("collections")
    span = body.get("datetime")
    return ItemSearch(
        # An empty list says nothing of what is wanted, as in other servers.
        collections=_known(map(read_collection_id, collections)) if collections else None,
        ids=_known(map(read_id, ids)) if ids else None,
        place=_place(body, prefix),
        span=None if span is None else _read(f"{prefix}datetime", lambda: read_interval(span)),
    )


def _place(body: models.StacSearch, prefix: str) -> Place | None:
    bbox, intersects = body.get("bbox"), body.get("intersects")
    if bbox is not None and intersects is not None:
        raise invalid(f"{prefix}intersects", "There is a bbox too: send the one or the other.")
    if bbox is not None:
        return _read(f"{prefix}bbox", lambda: place_of_boxes(boxes_of(_flat(bbox))))
    if intersects is not None:
        return _read(f"{prefix}intersects", lambda: _place_of(intersects))
    return None


def _flat(bbox: Sequence[float]) -> Sequence[float]:
    """West, south, east, north of a box that may have heights."""
    return [*bbox[0:2], *bbox[3:5]] if len(bbox) == _WITH_HEIGHTS else bbox


def _place_of(geometry: models.StacGeometry) -> Place:
    if geometry.get("type") in _FEATURES:
        raise InvalidPlace(f"a {geometry['type']} is no geometry: send its geometry")
    return place_of_geo_json(geometry)


def _object(text: str) -> Any:
    try:
        document = loads(text.encode())
    except InvalidJSON as error:
        raise invalid("intersects", f"This is no GeoJSON: {error}.") from error
    if not isinstance(document, dict):
        raise invalid("intersects", "This is no GeoJSON geometry, which is a JSON object.")
    return document


def _listed(text: str) -> list[str]:
    """What is separated by commas."""
    return [one for part in text.split(",") if (one := part.strip())]


def _known(found: Iterable[T | None]) -> tuple[T, ...]:
    """Those that can be; there are no items of others."""
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _read(pointer: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError as error:  # InvalidPlace is one
        raise invalid(pointer, f"{error}.") from error
