"""Footprints from GeoJSON."""

from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from scale_core.domain.geo import InvalidGeometry, footprint, to_wkt

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]}


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def test_a_polygon_has_bounds_and_a_center() -> None:
    found = footprint(SQUARE)
    assert found is not None
    assert (found.west, found.south, found.east, found.north) == (0, 0, 10, 10)
    assert found.wkt == "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))"
    assert found.center_wkt == "POINT (5 5)"
    assert to_wkt(found.wkb) == found.wkt
    assert to_wkt(found.center_wkb) == found.center_wkt
    assert found.properties == {}


def test_heights_are_left_out() -> None:
    found = footprint({"type": "Point", "coordinates": [1.5, 0.1, 300]})
    assert found is not None
    assert found.wkt == found.center_wkt == "POINT (1.5 0.1)"
    assert not shapely.from_wkb(found.wkb).has_z


def test_a_feature_brings_its_properties() -> None:
    found = footprint(feature(SQUARE, sensor="night"))
    assert found is not None
    assert found.properties == {"sensor": "night"}


def test_several_features_become_a_collection_with_what_they_share() -> None:
    points = [feature({"type": "Point", "coordinates": [x, 1]}, sensor="night", number=x) for x in (1, 3)]
    found = footprint({"type": "FeatureCollection", "features": [*points, feature(None, sensor="night")]})
    assert found is not None
    assert found.wkt == "GEOMETRYCOLLECTION (POINT (1 1), POINT (3 1))"
    assert found.center_wkt == "POINT (2 1)"
    assert found.properties == {"sensor": "night"}


def test_a_collection_of_one_feature_is_that_feature() -> None:
    found = footprint({"type": "FeatureCollection", "features": [feature(SQUARE, a=1)]})
    assert found is not None
    assert found.wkt.startswith("POLYGON")
    assert found.properties == {"a": 1}


@pytest.mark.parametrize(
    "nothing",
    [
        {"type": "FeatureCollection", "features": []},
        feature(None),
        {"type": "Polygon", "coordinates": []},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "FeatureCollection", "features": [feature(None), feature({"type": "Point", "coordinates": []})]},
    ],
)
def test_without_coordinates_there_is_no_footprint(nothing: dict[str, Any]) -> None:
    assert footprint(nothing) is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "None is no type of GeoJSON; it is one of Feature"),
        ({"type": "Sphere"}, "'Sphere' is no type"),
        ({"type": ["Point"]}, "is no type"),
        ({"type": "Point"}, "cannot be read"),
        ({"type": "Point", "coordinates": ["a", 1]}, "cannot be read"),
        ({"type": "Point", "coordinates": [float("nan"), 1]}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0]]]}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, "Self-intersection"),
        ({"type": "Point", "coordinates": [181, 0]}, "latitudes from -90 to 90"),
        ({"type": "Point", "coordinates": [0, -91]}, "latitudes from -90 to 90"),
        ({"type": "FeatureCollection", "features": {}}, "list of features"),
        ({"type": "FeatureCollection"}, "list of features"),
        ({"type": "FeatureCollection", "features": [SQUARE]}, 'the type "Feature"'),
        (feature({"type": "Feature"}), "geometry of a Feature"),
        ({"type": "Feature", "geometry": SQUARE, "properties": "x"}, "properties of a Feature"),
    ],
)
def test_what_is_no_footprint_is_refused_with_a_reason(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidGeometry) as caught:
        footprint(wrong)
    assert says in str(caught.value)


ANYTHING = st.recursive(
    st.none() | st.integers(-200, 200) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "coordinates", "geometry", "features", "properties"]), inner)
    ),
    max_leaves=12,
)
TYPES = st.sampled_from(["Point", "Polygon", "MultiPoint", "Feature", "FeatureCollection", "GeometryCollection"])


@given(TYPES, ANYTHING, ANYTHING, ANYTHING)
def test_any_object_is_a_footprint_or_refused(kind: str, coordinates: Any, inner: Any, properties: Any) -> None:
    document = {
        "type": kind,
        "coordinates": coordinates,
        "geometry": inner,
        "geometries": inner,
        "features": inner,
        "properties": properties,
    }
    try:
        found = footprint(document)
    except InvalidGeometry:
        return
    assert found is None or (-180 <= min(found.west, found.east) <= max(found.west, found.east) <= 180)
    assert found is None or -90 <= found.south <= found.north <= 90


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=5))
def test_the_center_lies_within_the_bounds(points: list[tuple[float, float]]) -> None:
    found = footprint({"type": "MultiPoint", "coordinates": points})
    assert found is not None
    x, y = shapely.get_coordinates(shapely.from_wkb(found.center_wkb))[0]
    slack = 1e-6
    if found.west <= found.east:
        assert found.west - slack <= x <= found.east + slack
    else:
        assert x >= found.west - slack or x <= found.east + slack
    assert found.south - slack <= y <= found.north + slack
