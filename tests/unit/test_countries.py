"""The boundaries of countries that come with Scale."""

import re

import pytest
import shapely

from scale_core.boundaries.countries import Countries
from scale_core.services.geometries import Boundaries


@pytest.fixture(scope="module")
def countries() -> Countries:
    return Countries.packaged()


def of(countries: Countries, geometry: shapely.Geometry) -> list[str]:
    return countries.of(shapely.to_wkb(geometry))


@pytest.mark.parametrize(
    ("longitude", "latitude", "code"),
    [
        (13.4, 52.5, "DEU"),
        (2.35, 48.85, "FRA"),
        (10.75, 59.91, "NOR"),
        (-77.04, 38.9, "USA"),
        (12.453, 41.903, "VAT"),
        (103.82, 1.35, "SGP"),
        (73.51, 4.175, "MDV"),
        (21.16, 42.67, "XKX"),
        (37.62, 55.75, "RUS"),
        (0, -80, "ATA"),
    ],
)
def test_a_place_lies_in_its_country(countries: Countries, longitude: float, latitude: float, code: str) -> None:
    assert of(countries, shapely.Point(longitude, latitude)) == [code]


def test_a_footprint_has_all_countries_that_it_has_a_part_of_in_order(countries: Countries) -> None:
    assert of(countries, shapely.box(5, 49, 8, 52)) == ["BEL", "DEU", "FRA", "LUX", "NLD"]
    assert of(countries, shapely.GeometryCollection([shapely.Point(13.4, 52.5), shapely.Point(2.35, 48.85)])) == [
        "DEU",
        "FRA",
    ]


def test_at_sea_there_is_none(countries: Countries) -> None:
    assert of(countries, shapely.box(-150, -40, -140, -30)) == []


def test_a_country_lies_on_both_sides_of_the_antimeridian(countries: Countries) -> None:
    for side in (shapely.box(176, 64, 180, 70), shapely.box(-180, 64, -171, 68)):
        assert "RUS" in of(countries, side)


def test_all_the_world_has_all_countries_by_their_codes(countries: Countries) -> None:
    found = of(countries, shapely.box(-180, -90, 180, 90))
    assert all(re.fullmatch("[A-Z]{3}", code) for code in found)
    assert len(found) == len(set(found)) > 230


def test_they_are_loaded_once_and_only_if_there_is_a_footprint() -> None:
    boundaries = Boundaries()
    assert boundaries.countries_of(shapely.to_wkb(shapely.Point(13.4, 52.5))) == ["DEU"]
    assert boundaries.countries_of(shapely.to_wkb(shapely.Point(0, 0))) == []
