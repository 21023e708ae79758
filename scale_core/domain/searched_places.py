"""What a request for files says of where, as a geometry."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from scale_core.domain import antimeridian
from scale_core.domain.geo import GEOMETRY_TYPES, InvalidGeometry, check, read_geo_json, to_wkb
from scale_core.domain.places import Box, InvalidPlace, Place, boxes_within, read_bounds


def place_of_bounds(text: str) -> Place:
    """What lies within ``west,south,east,north``.

    :raises InvalidPlace: it is not that, or lies off the Earth.
    """
    return place_of_boxes(read_bounds(text))


def place_of_boxes(boxes: Sequence[Box]) -> Place:
    """What lies within one box or several."""
    parts = [geometry_of(box) for box in boxes]
    return Place(
        to_wkb(parts[0] if len(parts) == 1 else shapely.GeometryCollection(parts)), tuple(boxes), is_boxes=True
    )


def place_of_geometry(text: str) -> Place:
    """What lies within WKT or GeoJSON: a geometry, a Feature or a FeatureCollection.

    :raises InvalidPlace: it is neither, empty, crosses itself, or lies off the Earth.
    """
    return _place(lambda: _of_geo_json(text) if text.lstrip().startswith("{") else _of_wkt(text))


def place_of_geo_json(geo_json: Mapping[str, Any]) -> Place:
    """What lies within a geometry.

    :raises InvalidPlace: it is none, empty, crosses itself, or lies off the Earth.
    """
    return _place(lambda: read_geo_json(geo_json))


def _place(read: Callable[[], BaseGeometry | None]) -> Place:
    try:
        geometry = read()
    except InvalidGeometry as error:
        raise InvalidPlace(str(error)) from error
    if geometry is None or geometry.is_empty:
        raise InvalidPlace("the geometry has no coordinates: nothing lies in it")
    return Place(to_wkb(geometry), boxes_within(*antimeridian.bounds(geometry)), is_boxes=False)


def geometry_of(box: Box) -> BaseGeometry:
    """What a box is; a point or a line where it has no width or no height, which is no polygon."""
    if box.west < box.east and box.south < box.north:
        return shapely.box(box.west, box.south, box.east, box.north)
    if (box.west, box.south) == (box.east, box.north):
        return shapely.Point(box.west, box.south)
    return shapely.LineString([(box.west, box.south), (box.east, box.north)])


def _of_geo_json(text: str) -> BaseGeometry | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidPlace(f"it begins like GeoJSON and is no JSON: {error}") from error
    return read_geo_json(document)


def _of_wkt(text: str) -> BaseGeometry:
    try:
        geometry = shapely.from_wkt(text)
    except (ShapelyError, ValueError) as error:
        right = "POLYGON ((0 0, 9 0, 9 9, 0 0)), or GeoJSON"
        raise InvalidPlace(f"it is no WKT ({error}); write a geometry such as {right}") from error
    kind = geometry.geom_type
    if kind not in GEOMETRY_TYPES:
        raise InvalidPlace(f"{kind!r} is no geometry to look in; it is one of {', '.join(GEOMETRY_TYPES)}")
    flat: BaseGeometry = shapely.force_2d(geometry)
    check(flat, kind)
    return flat
