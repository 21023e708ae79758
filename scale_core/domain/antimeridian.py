"""Bounds and centres of geometries that are cut in two at the antimeridian (RFC 7946, 3.1.9 and 5.2)."""

from collections.abc import Iterator
from typing import Final

import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

_EDGE: Final = 180.0


def bounds(geometry: BaseGeometry) -> tuple[float, float, float, float]:
    """West, south, east and north of a geometry; west lies east of east if it reaches across the antimeridian: if it
    has points on both of the map's edges, and a gap between them."""
    west, south, east, north = map(float, geometry.bounds)
    gap = _gap(geometry) if (west, east) == (-_EDGE, _EDGE) else None
    return (west, south, east, north) if gap is None else (gap[1], south, gap[0], north)


def center(geometry: BaseGeometry) -> BaseGeometry:
    """The centroid of a geometry; of one that reaches across the antimeridian that of its two halves put together."""
    west, _south, east, _north = bounds(geometry)
    if west <= east:
        return geometry.centroid
    parts = list(parts_of(geometry))
    halves = [translate(one, 2 * _EDGE) if one.bounds[2] <= east else one for one in parts]
    whole = shapely.GeometryCollection(halves).centroid
    return shapely.Point(whole.x - 2 * _EDGE, whole.y) if whole.x > _EDGE else whole


def _gap(geometry: BaseGeometry) -> tuple[float, float] | None:
    """The widest span of longitudes between its parts; None: there is none."""
    spans = sorted((one.bounds[0], one.bounds[2]) for one in parts_of(geometry))
    widest: tuple[float, float] | None = None
    reach = spans[0][1]
    for west, east in spans[1:]:
        if west > reach and (widest is None or west - reach > widest[1] - widest[0]):
            widest = float(reach), float(west)
        reach = max(reach, east)
    return widest


def parts_of(geometry: BaseGeometry) -> Iterator[BaseGeometry]:
    """The simple geometries that a geometry is made of."""
    if not hasattr(geometry, "geoms"):
        yield geometry
        return
    for one in geometry.geoms:
        if not one.is_empty:
            yield from parts_of(one)
