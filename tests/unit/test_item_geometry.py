"""Footprints as STAC may have them."""

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from scale_core.domain.geo import to_wkb
from scale_core.domain.item_geometry import item_geometry

POINT = shapely.Point(1, 2)
LINE = shapely.LineString([(0, 0), (1, 1)])
SQUARE = shapely.box(0, 0, 2, 2)
ACROSS = [shapely.box(170, 0, 180, 1), shapely.box(-180, 0, -170, 1)]


def read(*parts: BaseGeometry) -> BaseGeometry:
    """What becomes of a collection."""
    return shapely.geometry.shape(item_geometry(to_wkb(shapely.GeometryCollection(parts))))


@pytest.mark.parametrize("geometry", [POINT, LINE, SQUARE, shapely.MultiPolygon(ACROSS)])
def test_what_is_no_collection_stays_what_it_is(geometry: BaseGeometry) -> None:
    assert shapely.geometry.shape(item_geometry(to_wkb(geometry))).equals(geometry)


def test_a_collection_of_one_kind_is_all_of_it_together() -> None:
    assert read(POINT, shapely.MultiPoint([(5, 5), (6, 6)])).equals(shapely.MultiPoint([(1, 2), (5, 5), (6, 6)]))
    assert read(LINE, shapely.LineString([(5, 5), (6, 6)])).geom_type == "MultiLineString"
    assert read(SQUARE, shapely.box(1, 1, 3, 3)).area == 7
    assert read(*ACROSS).equals(shapely.MultiPolygon(ACROSS))


def test_a_collection_of_several_kinds_is_the_box_that_bounds_it() -> None:
    assert read(shapely.Point(5, 6), SQUARE).equals(shapely.box(0, 0, 5, 6))
    assert read(shapely.Point(5, 0), shapely.LineString([(0, 0), (1, 0)])).equals(shapely.LineString([(0, 0), (5, 0)]))
    assert read(shapely.Point(175, 5), *ACROSS).equals(
        shapely.MultiPolygon([shapely.box(170, 0, 180, 5), shapely.box(-180, 0, -170, 5)])
    )


CORNERS = st.tuples(st.sampled_from([-180.0, -170.0, 0.0, 170.0, 180.0]), st.sampled_from([-10.0, 0.0, 10.0]))
PARTS = st.one_of(
    st.builds(shapely.Point, CORNERS),
    st.builds(shapely.LineString, st.lists(CORNERS, min_size=2, max_size=3, unique=True)),
    st.builds(lambda one, other: shapely.box(*one, *other), CORNERS, CORNERS).filter(lambda one: one.is_valid),
)


@given(st.lists(PARTS, min_size=1, max_size=4))
def test_it_is_never_a_collection_and_meets_every_part(parts: list[BaseGeometry]) -> None:
    found = read(*parts)
    assert found.geom_type != "GeometryCollection"
    assert found.is_valid
    around = shapely.union_all([translate(found, turn) for turn in (-360, 0, 360)])
    assert all(around.intersects(part) for part in parts)
