"""Every page in a browser: with data and without, dark and light, wide and narrow, for those who cannot see it too."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from fakes.browser import MILLISECONDS, WIDE, Faults, Requests, accessibility_faults, look_at, settled, sign_in
from fakes.example import LivedIn
from fakes.pages import PAGES
from fakes.running import RunningScale
from fakes.waiting import until

LISTS: Final = {"jobs": "No job", "recipes": "No recipe", "ingests": "No ingest", "sources": "No source file"} | {
    "products": "No product",
    "map": "There is no product yet",
    "recipe-types": "There is no recipe type yet",
    "strikes": "There is no Strike yet",
    "workspaces": "There is no workspace yet",
}


@pytest.fixture(scope="module")
def tour(browser: Browser) -> Iterator[Page]:
    """One page that goes everywhere."""
    opened = browser.new_page()
    opened.set_default_timeout(MILLISECONDS)
    yield opened
    opened.close()


def test_every_page_of_the_interface_is_looked_at() -> None:
    routes = (Path(__file__).parents[2] / "ui" / "src" / "routes.ts").read_text()
    patterns = {pattern.strip("/") for pattern in re.findall(r'\["(/[^"]*)", [A-Z]\w+\],', routes)}
    seen = {re.sub(r"{\w+}", ":id", path.partition("?")[0]) for path in PAGES.values()}
    # Those on which things are made and changed are looked at in test_editing.py.
    others = {pattern for pattern in patterns if not pattern.endswith(("/new", "/edit"))}
    # A file of which it is not known what it is looks like the product or source that it is.
    assert others - seen == {"files/:id"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_with_data_has_no_fault(
    name: str, tour: Page, places: Mapping[str, str], lived_in: LivedIn, axe: str, shots: Path
) -> None:
    faults = Faults(tour)
    tour.set_viewport_size(WIDE)
    tour.goto(f"{lived_in.http.base_url}ui/{places[name]}")
    settled(tour)
    expect(tour.locator(".problem")).to_have_count(0)
    look_at(tour, shots / name, axe)
    assert faults.found == []


def test_the_page_to_sign_in_has_no_fault(tour: Page, guarded: RunningScale, axe: str, shots: Path) -> None:
    tour.set_viewport_size(WIDE)
    tour.goto(f"{guarded.http.base_url}ui/")
    expect(tour.get_by_role("button", name="Sign in")).to_be_visible()
    look_at(tour, shots / "sign-in", axe)


@pytest.fixture(scope="module")
def operator(browser: Browser, guarded: RunningScale) -> Iterator[Page]:
    """A page of the Scale in which nothing has happened, in which an operator has signed in."""
    opened = browser.new_page()
    opened.set_default_timeout(MILLISECONDS)
    opened.goto(f"{guarded.http.base_url}ui/")
    sign_in(opened, "olga")
    expect(opened.get_by_role("navigation", name="Main")).to_be_visible()
    yield opened
    opened.close()


@pytest.mark.parametrize("path", ["", *LISTS, "job-types", "nodes", "system", "metrics", "configuration"])
def test_a_page_without_data_says_what_to_do(path: str, operator: Page, guarded: RunningScale, axe: str) -> None:
    operator.goto(f"{guarded.http.base_url}ui/{path}{'?status=FAILED' if path == 'jobs' else ''}")
    settled(operator)
    expect(operator.locator(".problem")).to_have_count(0)
    if path in LISTS:
        expect(operator.locator(".empty strong")).to_contain_text(LISTS[path])
    assert accessibility_faults(operator, axe) == []


def test_a_source_leads_to_its_products_and_a_product_to_its_source(page: Page, places: Mapping[str, str]) -> None:
    page.goto(f"{page.url}{places['product']}")
    lineage = page.get_by_role("group", name="Lineage of the file")
    expect(lineage.get_by_text("Quicklook", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="Content of")).to_be_visible()
    lineage.locator("a", has_text="source").first.click()
    expect(lineage.locator("a", has_text=re.compile(r"ingest \d+, INGESTED"))).to_be_visible()
    expect(lineage.locator("a", has_text="product")).to_have_count(3)


def test_a_recipe_is_a_graph_coloured_by_the_states_of_its_jobs(page: Page, lived_in: LivedIn) -> None:
    page.goto(f"{page.url}jobs/{lived_in.failed_job}")
    page.get_by_role("link", name="Night Lights").click()
    graph = page.get_by_role("group", name="Jobs of the recipe")
    expect(graph.locator(".node.bad")).to_contain_text("make_geotiff")
    expect(graph.locator(".node.held")).to_contain_text("BLOCKED")
    graph.locator("a", has_text="make_geotiff").click()
    expect(page.get_by_role("heading", name=f"Job {lived_in.failed_job}")).to_be_visible()


def test_what_is_not_there_is_said(page: Page) -> None:
    page.goto(f"{page.url}jobs/999999")
    expect(page.get_by_role("alert")).to_contain_text("999999")
    page.goto(page.url.replace("jobs/999999", "nothing"))
    expect(page.get_by_text("There is no such page.")).to_be_visible()


def test_times_are_local_and_their_utc_is_shown_on_hover(page: Page, lived_in: LivedIn) -> None:
    created = lived_in.get(f"/jobs/{lived_in.failed_job}/")["created"]
    page.goto(f"{page.url}jobs/{lived_in.failed_job}")
    time = page.locator(f'time[datetime="{created}"]').first
    expect(time).to_have_attribute("title", created.replace("T", " ").replace("Z", " UTC"))
    # The browser is in Tokyo, nine hours ahead.
    hour = (int(created[11:13]) + 9) % 24
    expect(time).to_contain_text(f"{hour:02}:{created[14:19]}")


def test_a_chosen_theme_stays(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Theme: system").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", "rgb(15, 20, 23)")


def test_every_part_of_a_page_is_reached_by_keys(page: Page) -> None:
    settled(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.goto(f"{page.url}jobs")
    page.get_by_role("button", name="Created").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Created")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="Cancel…").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_page_that_nobody_sees_asks_nothing_and_one_that_is_seen_once_a_second(page: Page) -> None:
    settled(page)
    page.wait_for_load_state("networkidle")
    with page.expect_request("**/*"):
        requests = Requests(page)
    number, seconds = requests.after(3)
    assert number <= seconds + 2  # see test_polling.py
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    page.wait_for_timeout(500)
    number, _seconds = Requests(page).after(1.5)
    assert number == 0


def test_a_page_is_seen_soon_and_a_long_list_scrolls(
    page: Page, lived_in: LivedIn, tell: Callable[[str], object]
) -> None:
    found = lived_in.get("/jobs/", page_size=1)
    rows = [{**found["results"][0], "id": number} for number in range(1, 1001)]
    page.route(re.compile(r"/jobs/\?"), lambda route: route.fulfill(json={**found, "count": 1000, "results": rows}))
    page.goto(f"{page.url}jobs?page_size=1000")
    expect(page.locator("tbody tr")).to_have_count(1000)
    paint = until(lambda: page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime"))
    longest = page.evaluate(SCROLL)
    tell(f"first contentful paint: {paint:.0f} ms; longest frame while 1,000 rows scroll: {longest:.0f} ms")


SCROLL: Final = """async () => {
  let longest = 0;
  let last = performance.now();
  for (let step = 0; step < 60; step++) {
    window.scrollBy(0, document.documentElement.scrollHeight / 60);
    const now = await new Promise(requestAnimationFrame);
    longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
}"""
