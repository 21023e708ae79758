"""Boxes and geometries that files are looked for in, and what reaches across the antimeridian."""

import json
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from scale_core.domain.geo import footprint
from scale_core.domain.places import Box, InvalidPlace, read_bounds
from scale_core.domain.searched_places import place_of_bounds, place_of_geometry

EAST, WEST = shapely.box(170, 0, 180, 10), shapely.box(-180, 0, -170, 10)


def geo_json(geometry: BaseGeometry) -> dict[str, Any]:
    document: dict[str, Any] = shapely.geometry.mapping(geometry)
    return document


def test_a_box_has_four_sides() -> None:
    assert read_bounds("-10.5,35,4.5,44") == (Box(-10.5, 35, 4.5, 44),)
    assert read_bounds(" 1 , 2 , 3 , 4 ") == (Box(1, 2, 3, 4),)


def test_a_box_whose_west_lies_east_of_its_east_is_one_on_each_side_of_the_antimeridian() -> None:
    assert read_bounds("170,-5,-160,5") == (Box(170, -5, 180, 5), Box(-180, -5, -160, 5))
    place = place_of_bounds("170,-5,-160,5")
    assert place.is_boxes
    assert shapely.from_wkb(place.wkb).area == 300


@pytest.mark.parametrize(
    ("bounds", "kind"), [("1,2,1,2", "Point"), ("1,2,1,3", "LineString"), ("1,2,3,2", "LineString")]
)
def test_a_box_without_width_or_height_is_what_it_is(bounds: str, kind: str) -> None:
    geometry = shapely.from_wkb(place_of_bounds(bounds).wkb)
    assert (geometry.geom_type, geometry.is_valid) == (kind, True)


@pytest.mark.parametrize("text", ["POINT Z (1 2 3)", '{"type": "Point", "coordinates": [1, 2, 3]}'])
def test_a_geometry_is_wkt_or_geo_json_without_heights(text: str) -> None:
    place = place_of_geometry(text)
    assert shapely.from_wkb(place.wkb) == shapely.Point(1, 2)
    assert place.boxes == (Box(1, 2, 1, 2),)
    assert not place.is_boxes


def test_features_are_looked_in_together() -> None:
    features = [{"type": "Feature", "properties": None, "geometry": geo_json(one)} for one in (EAST, WEST)]
    place = place_of_geometry(json.dumps({"type": "FeatureCollection", "features": features}))
    assert place.boxes == (Box(170, 0, 180, 10), Box(-180, 0, -170, 10))


@given(
    st.text(max_size=30)
    | st.lists(st.floats() | st.text(max_size=3), max_size=5).map(lambda some: ",".join(map(str, some)))
)
def test_any_text_is_a_box_or_refused(text: str) -> None:
    try:
        boxes = read_bounds(text)
    except InvalidPlace:
        return
    assert all(-180 <= one.west <= one.east <= 180 and -90 <= one.south <= one.north <= 90 for one in boxes)


@given(
    st.text(max_size=30)
    | st.sampled_from(["POINT", "{", "POLYGON ((", '{"type":"Point","coordinates":']).flatmap(
        lambda start: st.text(max_size=20).map(lambda rest: start + rest)
    )
)
def test_any_text_is_a_geometry_or_refused(text: str) -> None:
    try:
        place = place_of_geometry(text)
    except InvalidPlace:
        return
    assert shapely.from_wkb(place.wkb).is_valid


@pytest.mark.parametrize(
    ("geometry", "bounds", "center"),
    [
        (shapely.MultiPolygon([EAST, WEST]), (170, 0, -170, 10), 180),
        (shapely.GeometryCollection([WEST, shapely.MultiPolygon([EAST])]), (170, 0, -170, 10), 180),
        (shapely.MultiPolygon([EAST, shapely.box(-180, 0, -160, 10)]), (170, 0, -160, 10), -175),
        (shapely.MultiPolygon([shapely.box(160, 0, 180, 10), WEST]), (160, 0, -170, 10), 175),
        (shapely.MultiPoint([(-180, 1), (0, 1), (90, 1), (180, 1)]), (0, 1, -180, 1), 112.5),
        (shapely.box(-180, -90, 180, 90), (-180, -90, 180, 90), 0),
        (shapely.MultiPolygon([shapely.box(-180, 0, 10, 1), shapely.box(5, 2, 180, 3)]), (-180, 0, 180, 3), 0.1),
        (EAST, (170, 0, 180, 10), 175),
        (shapely.MultiPolygon([EAST, shapely.box(0, 0, 10, 10)]), (0, 0, 180, 10), 90),
    ],
)
def test_bounds_leave_the_widest_gap_out_where_a_footprint_reaches_both_edges_of_the_map(
    geometry: BaseGeometry, bounds: tuple[float, ...], center: float
) -> None:
    found = footprint(geo_json(geometry))
    assert found is not None
    assert (found.west, found.south, found.east, found.north) == bounds
    assert shapely.get_x(shapely.from_wkb(found.center_wkb)) == pytest.approx(center, abs=0.1)
