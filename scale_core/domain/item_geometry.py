"""Footprints as items of STAC have them: of any kind but GeometryCollection (STAC, Item JSON Schema)."""

import json
from collections.abc import Sequence
from typing import Any, cast

import shapely
from shapely.geometry.base import BaseGeometry

from scale_core.domain import antimeridian
from scale_core.domain.places import boxes_within
from scale_core.domain.searched_places import geometry_of


def item_geometry(wkb: bytes) -> dict[str, Any]:
    """The GeoJSON of a footprint as it is stored. Of a collection of geometries of one kind it is all these together,
    of one of several kinds the box that bounds it: two boxes if it reaches across the antimeridian."""
    geometry = shapely.from_wkb(wkb)
    if geometry.geom_type == "GeometryCollection":
        geometry = _of_one_kind(geometry)
    document: dict[str, Any] = json.loads(shapely.to_geojson(geometry))
    return document


def _of_one_kind(collection: BaseGeometry) -> BaseGeometry:
    parts = [*antimeridian.parts_of(collection)]
    if len({part.geom_type for part in parts}) > 1:
        boxes = [geometry_of(box) for box in boxes_within(*antimeridian.bounds(collection))]
        # One of two may be a line along the antimeridian, which is an edge of the other.
        most = max(shapely.get_dimensions(box) for box in boxes)
        parts = [box for box in boxes if shapely.get_dimensions(box) == most]
    return _together(parts)


def _together(parts: Sequence[BaseGeometry]) -> BaseGeometry:
    kind, whole = parts[0].geom_type, [*parts]
    together: Any  # says shapely, for these take arrays too
    if kind == "Point":
        together = shapely.multipoints(whole)
    elif kind == "LineString":
        together = shapely.multilinestrings(whole)
    else:
        together = shapely.union_all(whole)  # polygons may overlap, as those of a MultiPolygon may not
    return cast("BaseGeometry", together)
