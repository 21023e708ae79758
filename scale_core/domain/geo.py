"""Footprints: where on Earth a file's data lies (reference: Results Manifest, ``geo_json``). WGS 84 throughout."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from scale_core.domain import antimeridian

GEOMETRY_TYPES: Final = (
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)


class InvalidGeometry(ValueError):
    """A GeoJSON document is not usable as a footprint. The message says why and what would be right."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """A geometry in degrees of longitude and latitude, without heights.

    ``wkb`` and ``center_wkb`` are little-endian WKB without SRID, ``wkt`` and ``center_wkt`` the same as text;
    ``west``, ``south``, ``east``, ``north`` bound it, and west lies east of east if it reaches across the antimeridian;
    the center is its centroid; ``properties`` are what the GeoJSON says about it, see :func:`feature_properties`.
    """

    wkb: bytes
    wkt: str
    west: float
    south: float
    east: float
    north: float
    center_wkb: bytes
    center_wkt: str
    properties: Mapping[str, Any]


def footprint(geo_json: Mapping[str, Any]) -> Footprint | None:
    """The footprint of a Geometry, Feature or FeatureCollection, 2D or 3D; None where it has no coordinates.

    Several features become a collection of their geometries. Heights are left out: the GeoJSON itself keeps them.

    :raises InvalidGeometry: it is no GeoJSON, a geometry crosses itself, or its coordinates are off the Earth.
    """
    geometry = read_geo_json(geo_json)
    if geometry is None:
        return None
    west, south, east, north = antimeridian.bounds(geometry)
    center = antimeridian.center(geometry)
    return Footprint(
        wkb=to_wkb(geometry),
        wkt=_wkt(geometry),
        west=west,
        south=south,
        east=east,
        north=north,
        center_wkb=to_wkb(center),
        center_wkt=_wkt(center),
        properties=feature_properties(geo_json),
    )


def read_geo_json(geo_json: Mapping[str, Any]) -> BaseGeometry | None:
    """All geometries of a Geometry, Feature or FeatureCollection as one, without heights; None where there are none.

    :raises InvalidGeometry: as :func:`footprint`.
    """
    geometries = [each for each in map(_geometry, _geometry_documents(geo_json)) if not each.is_empty]
    if len(geometries) > 1:
        return shapely.GeometryCollection(geometries)
    return geometries[0] if geometries else None


def feature_properties(geo_json: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a Feature; of a FeatureCollection those that all its features share, with the same value."""
    if geo_json.get("type") == "Feature":
        return dict(geo_json.get("properties") or {})
    if geo_json.get("type") != "FeatureCollection":
        return {}
    features = geo_json.get("features") or []
    each_ones = [(feature.get("properties") or {}) for feature in features]
    if not each_ones:
        return {}
    first, *others = each_ones
    return {key: value for key, value in first.items() if all(key in one and one[key] == value for one in others)}


def to_wkt(wkb: bytes) -> str:
    """The text of a geometry as it is stored."""
    return _wkt(shapely.from_wkb(wkb))


def _geometry_documents(geo_json: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The geometries in a GeoJSON document; features whose geometry is null have none."""
    kind = geo_json.get("type")
    if kind == "FeatureCollection":
        features = geo_json.get("features")
        if not isinstance(features, Sequence) or isinstance(features, str):
            raise InvalidGeometry("a FeatureCollection has a list of features")
        for feature in features:
            if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
                raise InvalidGeometry('each of the features of a FeatureCollection has the type "Feature"')
            yield from _geometry_documents(feature)
    elif kind == "Feature":
        yield from _of_feature(geo_json)
    elif kind in GEOMETRY_TYPES:
        yield geo_json
    else:
        right = ", ".join(("Feature", "FeatureCollection", *GEOMETRY_TYPES))
        raise InvalidGeometry(f"{kind!r} is no type of GeoJSON; it is one of {right}")


def _of_feature(feature: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    geometry, properties = feature.get("geometry"), feature.get("properties")
    if properties is not None and not isinstance(properties, Mapping):
        raise InvalidGeometry("the properties of a Feature are an object or null")
    if geometry is None:
        return
    if not isinstance(geometry, Mapping) or geometry.get("type") not in GEOMETRY_TYPES:
        raise InvalidGeometry(f"the geometry of a Feature is null or one of {', '.join(GEOMETRY_TYPES)}")
    yield geometry


def _geometry(document: Mapping[str, Any]) -> BaseGeometry:
    try:
        geometry = shapely.force_2d(shapely.from_geojson(json.dumps(document, allow_nan=False)))
    except (ShapelyError, TypeError, ValueError, RecursionError) as error:
        raise InvalidGeometry(f"the {document['type']} cannot be read: {error}") from error
    check(geometry, document["type"])
    return geometry


def check(geometry: BaseGeometry, kind: str) -> None:
    """Raise InvalidGeometry unless a geometry of this kind crosses nothing and lies on the Earth."""
    _check_range(geometry)
    if not geometry.is_valid:
        why = shapely.is_valid_reason(geometry)
        raise InvalidGeometry(f"the {kind} is not valid: {why}; rings may not cross or overlap")


def _check_range(geometry: BaseGeometry) -> None:
    if geometry.is_empty:
        return
    west, south, east, north = geometry.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        found = f"{west} to {east}, {south} to {north}"
        raise InvalidGeometry(
            f"coordinates are longitudes from -180 to 180 and latitudes from -90 to 90 (WGS 84), not {found}; "
            "what reaches across the antimeridian is cut there in two"
        )


def to_wkb(geometry: BaseGeometry) -> bytes:
    """A geometry as it is stored."""
    return shapely.to_wkb(geometry, byte_order=1)


def _wkt(geometry: BaseGeometry) -> str:
    return shapely.to_wkt(geometry, rounding_precision=-1)
