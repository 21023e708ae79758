"""Geometries, where there are any: the library for them is large, so that a process that sees none does without."""

import pkgutil
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scale_core.boundaries.countries import Countries
    from scale_core.domain.geo import Footprint
    from scale_core.domain.places import Box, Place

_GEO = "scale_core.domain.geo"
_ITEMS = "scale_core.domain.item_geometry"
_PLACES = "scale_core.domain.searched_places"


class Boundaries:
    """The boundaries of countries; loaded, once, when the first footprint comes. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._countries: Countries | None = None

    def countries_of(self, wkb: bytes) -> list[str]:
        """The codes of the countries that a geometry has a part of; see :meth:`Countries.of`."""
        with self._lock:
            if self._countries is None:
                self._countries = pkgutil.resolve_name("scale_core.boundaries.countries:Countries").packaged()
        return self._countries.of(wkb)


def footprint(geo_json: Mapping[str, Any]) -> "Footprint | None":
    """See :func:`scale_core.domain.geo.footprint`."""
    found: Footprint | None = pkgutil.resolve_name(f"{_GEO}:footprint")(geo_json)
    return found


def to_wkt(wkb: bytes) -> str:
    """See :func:`scale_core.domain.geo.to_wkt`."""
    text: str = pkgutil.resolve_name(f"{_GEO}:to_wkt")(wkb)
    return text


def item_geometry(wkb: bytes) -> dict[str, Any]:
    """See :func:`scale_core.domain.item_geometry.item_geometry`."""
    document: dict[str, Any] = pkgutil.resolve_name(f"{_ITEMS}:item_geometry")(wkb)
    return document


def place_of_bounds(text: str) -> "Place":
    """See :func:`scale_core.domain.searched_places.place_of_bounds`."""
    place: Place = pkgutil.resolve_name(f"{_PLACES}:place_of_bounds")(text)
    return place


def place_of_geometry(text: str) -> "Place":
    """See :func:`scale_core.domain.searched_places.place_of_geometry`."""
    place: Place = pkgutil.resolve_name(f"{_PLACES}:place_of_geometry")(text)
    return place


def place_of_boxes(boxes: "Sequence[Box]") -> "Place":
    """See :func:`scale_core.domain.searched_places.place_of_boxes`."""
    place: Place = pkgutil.resolve_name(f"{_PLACES}:place_of_boxes")(boxes)
    return place


def place_of_geo_json(geo_json: Mapping[str, Any]) -> "Place":
    """See :func:`scale_core.domain.searched_places.place_of_geo_json`."""
    place: Place = pkgutil.resolve_name(f"{_PLACES}:place_of_geo_json")(geo_json)
    return place
