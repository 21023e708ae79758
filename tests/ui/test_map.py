"""Where data is, on a map: found in an area and a time, beside its list, and on the page of a file."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from fakes.browser import accessibility_faults
from fakes.example import BROKEN, TILES, LivedIn

EVERYWHERE = "-180,-90,180,90"


@pytest.fixture(scope="module")
def product(lived_in: LivedIn) -> dict[str, Any]:
    """A product of 15 degrees each way, as those of all tiles are, and far from the antimeridian: it is drawn once."""
    (found,) = lived_in.results("/products/", file_name=f"{TILES[0].stem}.tif", job_type_name="geotiff-maker")
    return found


@pytest.fixture
def map_page(page: Page) -> Page:
    """The page of the map, with the products that the example made."""
    page.goto(f"{page.url}map")
    expect(land(page)).not_to_have_count(0)
    return page


def land(page: Page) -> Locator:
    """The outlines of countries."""
    return page.locator(".map path.land")


def footprint(page: Page, file_id: int) -> Locator:
    """What shows where a file is; near the antimeridian it is there once more, beyond what is seen of the map."""
    return page.locator(f'.map path.footprint[data-id="{file_id}"]:visible')


def line(page: Page, file_id: int) -> Locator:
    """What the list beside the map has of a file."""
    return page.locator(f'.found li[data-id="{file_id}"]')


def corners_of(product: dict[str, Any]) -> tuple[float, float, float, float]:
    """West, south, east, north of a footprint."""
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", product["geometry"])]
    return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])


def drag(page: Page, over: Locator, margin: int) -> None:
    """Draw a box around something with the mouse."""
    box = over.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] - margin, box["y"] - margin)
    page.mouse.down()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.move(box["x"] + box["width"] + margin, box["y"] + box["height"] + margin)
    page.mouse.up()


def test_a_product_of_the_example_is_on_the_map_and_leads_to_its_page(map_page: Page, product: dict[str, Any]) -> None:
    expect(footprint(map_page, product["id"])).to_be_visible()
    line(map_page, product["id"]).get_by_role("link").click()
    expect(map_page.get_by_role("heading", name=product["file_name"])).to_be_visible()
    expect(map_page.get_by_role("region", name="Footprint of").locator("path.footprint")).to_be_visible()
    map_page.get_by_role("link", name="What else is there").click()
    expect(map_page).to_have_url(re.compile("bbox="))
    expect(footprint(map_page, product["id"])).to_be_visible()


def test_what_is_pointed_at_in_the_list_or_on_the_map_stands_out_in_both(
    map_page: Page, product: dict[str, Any]
) -> None:
    shape, entry = footprint(map_page, product["id"]), line(map_page, product["id"])
    hot = re.compile(r"\bhot\b")
    entry.hover()
    expect(shape).to_have_class(hot)
    map_page.get_by_role("heading", name="Map").hover()
    expect(shape).not_to_have_class(hot)
    # The newest footprint of the same tile lies on top of all others: whichever it is, its line stands out.
    box = shape.bounding_box()
    assert box is not None
    map_page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(map_page.locator(".found li.hot")).to_have_count(1)
    expect(map_page.locator(".map path.hot")).to_have_count(1)
    expect(map_page.get_by_role("tooltip")).to_have_count(1)
    map_page.get_by_role("heading", name="Map").hover()
    expect(map_page.get_by_role("tooltip")).to_have_count(0)
    entry.get_by_role("link").focus()
    expect(shape).to_have_class(hot)


def test_a_box_that_is_drawn_finds_what_is_in_it_and_survives_a_reload(
    map_page: Page, product: dict[str, Any], lived_in: LivedIn
) -> None:
    here = lived_in.get("/products/", bbox=",".join(map(str, corners_of(product))))["count"]
    everywhere = lived_in.get("/products/", page_size=1)["count"]
    assert 0 < here < everywhere
    map_page.get_by_role("button", name="Draw a box").click()
    drag(map_page, footprint(map_page, product["id"]), 6)
    expect(map_page).to_have_url(re.compile("bbox="))
    expect(map_page.locator(".found li")).to_have_count(here)
    map_page.reload()
    expect(map_page.locator(".map path.area-searched")).not_to_have_count(0)
    expect(map_page.locator(".found li")).to_have_count(here)
    expect(footprint(map_page, product["id"])).to_be_visible()
    map_page.get_by_role("button", name="Clear the area").click()
    expect(map_page.locator(".found li")).to_have_count(everywhere)
    expect(map_page.locator(".map path.area-searched")).to_have_count(0)


def test_a_polygon_is_drawn_corner_by_corner(map_page: Page, product: dict[str, Any], lived_in: LivedIn) -> None:
    here = lived_in.get("/products/", bbox=",".join(map(str, corners_of(product))))["count"]
    map_page.get_by_role("button", name="Draw a polygon").click()
    box = footprint(map_page, product["id"]).bounding_box()
    assert box is not None
    x, y, width, height = box["x"], box["y"], box["width"], box["height"]
    for corner in ((x - 6, y - 6), (x + width + 6, y - 6), (x + width / 2, y + height + 6)):
        map_page.mouse.click(*corner)
    map_page.keyboard.press("Enter")
    expect(map_page).to_have_url(re.compile("geometry=POLYGON"))
    expect(map_page.locator(".found li")).to_have_count(here)


def test_a_click_that_follows_at_once_on_the_choice_of_a_tool_is_a_corner(map_page: Page) -> None:
    map_page.get_by_role("button", name="Draw a polygon").evaluate(
        """async (button) => {
            const surface = document.querySelector(".map-surface");
            const at = surface.getBoundingClientRect();
            const point = (name, distance) => surface.dispatchEvent(new PointerEvent(name, {
                bubbles: true, cancelable: true, clientX: at.x + distance, clientY: at.y + distance,
            }));
            button.click();
            await Promise.resolve().then(() => {}).then(() => {});  // nothing is painted before that
            point("pointerdown", 90);
            point("pointerup", 90);
            point("pointermove", 150);
        }"""
    )
    # A line of two corners, the second of them below the pointer.
    expect(map_page.locator(".map path.sketch")).to_have_attribute("d", re.compile("L"))


def test_a_drawing_that_is_given_up_changes_nothing(map_page: Page) -> None:
    map_page.get_by_role("button", name="Draw a polygon").click()
    map_page.locator(".map-surface").click()
    expect(map_page.locator(".map path.sketch")).to_have_count(1)
    map_page.keyboard.press("Escape")
    expect(map_page.locator(".map path.sketch")).to_have_count(0)
    expect(map_page.get_by_role("button", name="Draw a polygon")).to_have_attribute("aria-pressed", "false")
    assert map_page.url.endswith("/map")


def test_an_area_is_given_in_numbers_with_the_keyboard_alone(map_page: Page, product: dict[str, Any]) -> None:
    map_page.get_by_text("Area in numbers").focus()
    map_page.keyboard.press("Enter")
    west, south, east, north = corners_of(product)
    for name, value in {"West": west, "South": south, "East": east, "North": north}.items():
        map_page.keyboard.press("Tab")
        expect(map_page.get_by_role("spinbutton", name=name)).to_be_focused()
        map_page.keyboard.type(f"{value:g}")
    map_page.keyboard.press("Enter")
    expect(map_page).to_have_url(re.compile(re.escape(f"bbox={west:g}%2C{south:g}%2C{east:g}%2C{north:g}")))
    expect(line(map_page, product["id"])).to_be_visible()


def test_what_is_wrong_with_an_area_is_said_in_the_words_of_the_api(map_page: Page) -> None:
    map_page.get_by_text("Area in numbers").click()
    map_page.get_by_role("textbox", name="WKT or GeoJSON").fill("POLYGON ((0 0")
    map_page.get_by_role("button", name="Search in the geometry").click()
    expect(map_page.get_by_role("alert")).to_contain_text("geometry")


def test_a_time_of_the_data_is_chosen_in_the_local_zone(map_page: Page) -> None:
    # The tiles are of 2012; the browser is in Tokyo, nine hours ahead of UTC.
    map_page.get_by_label("Data until").fill("2012-01-01T09:00")
    expect(map_page).to_have_url(re.compile(re.escape("data_ended=2012-01-01T00%3A00%3A00.000Z")))
    expect(map_page.get_by_text("No product fits")).to_be_visible()
    map_page.reload()
    expect(map_page.get_by_label("Data until")).to_have_value("2012-01-01T09:00")


def test_sources_and_ingests_are_on_the_map_too(map_page: Page, lived_in: LivedIn) -> None:
    for kind, tone in (("sources", "active"), ("ingests", "good")):
        found = lived_in.results(f"/{kind}/", bbox=EVERYWHERE)
        map_page.get_by_role("combobox", name="Show").select_option(kind)
        for one in found:
            expect(footprint(map_page, one["id"])).to_have_class(re.compile(rf"\b{tone}\b"))
        # The source that could not be read has no place.
        expect(map_page.locator(".found li").filter(has_text=BROKEN)).to_contain_text("no footprint")
    assert len(found) > 0


def test_a_footprint_across_the_antimeridian_is_in_one_piece(page: Page, lived_in: LivedIn) -> None:
    found = lived_in.get("/products/", page_size=1)
    halves = "((170 0, 180 0, 180 9, 170 9, 170 0)), ((-180 0, -172 0, -172 9, -180 9, -180 0))"
    name = "<b>across</b>.tif"
    row = {**found["results"][0], "id": 1, "file_name": name, "geometry": f"MULTIPOLYGON ({halves})"}
    page.route(re.compile(r"/products/\?"), lambda route: route.fulfill(json={**found, "count": 1, "results": [row]}))
    page.goto(f"{page.url}map?bbox=165,-5,-165,15")
    shape = footprint(page, 1)
    expect(shape).to_be_visible()
    box = shape.bounding_box()
    assert box is not None
    # 18 degrees by 9, however long a degree is on the screen.
    assert box["width"] / box["height"] == pytest.approx(2, abs=0.1)
    shape.hover()
    expect(page.get_by_role("tooltip")).to_have_text(name)


def test_of_many_the_newest_are_shown_and_it_is_said_of_how_many(page: Page, lived_in: LivedIn) -> None:
    found = lived_in.get("/products/", page_size=1)
    place = "POLYGON (({0} 0, {1} 0, {1} 1, {0} 1, {0} 0))"
    rows = [
        {**found["results"][0], "id": number, "geometry": place.format(number / 4, number / 4 + 1)}
        for number in range(200)
    ]
    answer = {**found, "count": 12_345, "results": rows, "next": f"{lived_in.http.base_url}products/?page=2"}
    page.route(re.compile(r"/products/\?"), lambda route: route.fulfill(json=answer))
    page.goto(f"{page.url}map")
    expect(page.locator(".map path.footprint")).to_have_count(200)
    expect(page.get_by_text("The newest 200 of 12,345 are shown")).to_be_visible()
    page.get_by_role("button", name="Next page").click()
    expect(page).to_have_url(re.compile("page=2"))


def test_a_map_and_its_list_have_the_same_filters(map_page: Page, product: dict[str, Any], lived_in: LivedIn) -> None:
    box = ",".join(f"{corner:g}" for corner in corners_of(product))
    shown = lived_in.get("/products/", bbox=box)["count"]
    map_page.goto(f"{map_page.url}?bbox={box}")
    expect(map_page.locator(".found li")).to_have_count(shown)
    map_page.get_by_role("link", name="As a list").click()
    expect(map_page.get_by_role("heading", name="Products")).to_be_visible()
    expect(map_page.locator("tbody tr")).to_have_count(shown)
    map_page.get_by_role("link", name="On the map").click()
    expect(map_page.locator(".found li")).to_have_count(shown)


def test_a_geojson_is_drawn_on_the_page_of_its_file(page: Page, lived_in: LivedIn, axe: str) -> None:
    points = lived_in.results("/products/", job_type_name="point-detector")[0]
    page.goto(f"{page.url}products/{points['id']}")
    drawn = page.get_by_role("region", name=f"Map of {points['file_name']}")
    expect(drawn.locator("path.footprint")).not_to_have_count(0)
    expect(page.get_by_role("region", name=f"Content of {points['file_name']}")).to_contain_text("FeatureCollection")
    assert accessibility_faults(page, axe) == []


def test_a_lineage_leads_from_product_to_product(page: Page, lived_in: LivedIn, product: dict[str, Any]) -> None:
    page.goto(f"{page.url}products/{product['id']}")
    lineage = page.get_by_role("group", name="Lineage of the file")
    for kind in (r"ingest \d+, INGESTED", "source", "INGEST rule", r"recipe \d+", r"job \d+, COMPLETED"):
        expect(lineage.get_by_text(re.compile(f"^{kind}$")).first).to_be_attached()
    lineage.locator("a", has_text="Point Detector").click()
    expect(page.get_by_role("navigation", name="Breadcrumb")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="Point Detector").first).to_be_visible()
