"""Pages are kept up to date by asking again: seldom, and without drawing anew what has not changed."""

import re

import pytest
from playwright.sync_api import Page, expect

from fakes.browser import Requests
from fakes.example import LivedIn
from fakes.waiting import until, until_equal

SECONDS = 3
WATCH = """() => {
  window.drawn = [];
  new MutationObserver((records) => {
    for (const one of records) window.drawn.push(...one.addedNodes, ...one.removedNodes);
  }).observe(document.querySelector("main"), { childList: true, subtree: true });
}"""
DRAWN = "() => window.drawn.map((node) => node.outerHTML ?? node.textContent)"


def unchanged(lived_in: LivedIn) -> float:
    """How many requests have been answered with: the same as before."""
    told = lived_in.http.get("/-/metrics").text
    return sum(map(float, re.findall(r'^scale_http_requests_total\{.*status="304".*\} (\S+)$', told, re.MULTILINE)))


@pytest.mark.parametrize("path", ["", "jobs", "map", "products/{product}"])
def test_a_page_asks_once_a_second_at_most_and_draws_nothing_for_the_same_answer(
    path: str, page: Page, lived_in: LivedIn
) -> None:
    product = lived_in.results("/products/", job_type_name="quicklook")[0]["id"]
    page.goto(f"{page.url}{path.format(product=product)}")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".loading")).to_have_count(0)
    if path == "map":
        expect(page.locator(".map path.land")).not_to_have_count(0)
    page.wait_for_load_state("networkidle")
    before = unchanged(lived_in)

    def drawn_meanwhile() -> list[str]:
        page.evaluate(WATCH)
        number, seconds = Requests(page).after(SECONDS)
        # One at each tick, of which there is one more than seconds between them; another may have been held up before.
        assert number <= seconds + 2
        drawn: list[str] = page.evaluate(DRAWN)
        return drawn

    # Once a minute there is something new; that is drawn.
    until_equal(drawn_meanwhile, [])
    # The browser asks whether its answer still holds, and is not sent it again.
    until(lambda: unchanged(lived_in) > before)
