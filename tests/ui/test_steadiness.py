"""What can be clicked on stays where it is while answers arrive: whoever is about to click does not miss it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route

from fakes.browser import MILLISECONDS, NARROW, WIDE
from fakes.example import LivedIn
from fakes.pages import PAGES
from fakes.waiting import until

FEW_PIXELS: Final = 4
"""By how much a thing may move: the smallest, a box to tick of 15 pixels, is still met by a click on its middle."""

WATCH: Final = """([fewPixels, order]) => {
  const frame = () => new Promise(requestAnimationFrame);

  // Answers arrive one by one, each after all that could be drawn without it has been: also that one waits, which is
  // told a while later.
  const ask = window.fetch;
  const late = [];
  let waited = 0;
  let came = "the page";
  const drawn = async () => {
    await frame();
    do await frame(); while (document.querySelector(".loading:empty"));
  };
  const give = async () => {
    while (late.length) {
      await drawn();
      const [answer, arrive] = order === "newest first" ? late.pop() : late.shift();
      came = answer.url;
      arrive(answer);
    }
  };
  window.fetch = async (...request) => {
    waited++;
    const answer = await ask(...request);
    await answer.clone().arrayBuffer();
    const arrived = new Promise((arrive) => late.push([answer, arrive]));
    if (late.length === 1) void give();
    return arrived.finally(() => waited--);
  };

  // Where everything that can be clicked on was seen first: how far out its sides are. What grows is where it was.
  const boxes = new WeakMap();
  const moved = [];
  const boxOf = (one) => {
    const { left, top, right, bottom } = one.getBoundingClientRect();
    return [-left - scrollX, -top - scrollY, right + scrollX, bottom + scrollY].map(Math.round);
  };
  const look = () => {
    for (const one of document.querySelectorAll("a[href], button, input, select, textarea, summary")) {
      if (!one.checkVisibility() || !one.getClientRects().length) continue;
      const [old, box] = [boxes.get(one), boxOf(one)];
      if (old && !old.some((side, index) => box[index] < side - fewPixels)) continue;
      boxes.set(one, box);
      if (!old) continue;
      const name = (one.textContent || one.ariaLabel || "").slice(0, 40);
      moved.push(`${one.localName} "${name}": ${old.map(Math.abs)} -> ${box.map(Math.abs)} with ${came}`);
    }
    requestAnimationFrame(look);
  };
  look();

  // For how many drawings something was so. What is drawn may ask for more a drawing later.
  const LASTING = 4;
  const lasting = { answered: 0, complete: 0 };
  const count = () => {
    const isAnswered = !waited && document.querySelector("h1");
    const isComplete = !document.querySelector(".loading") && [...document.images].every((one) => one.complete);
    lasting.answered = isAnswered ? lasting.answered + 1 : 0;
    lasting.complete = isAnswered && isComplete ? lasting.complete + 1 : 0;
    requestAnimationFrame(count);
  };
  count();

  window.steady = {
    moved,
    isAnswered: () => lasting.answered > LASTING,
    isComplete: () => lasting.complete > LASTING,
  };
}"""

LATE_PARTS: Final = re.compile(r"/assets/map-[^/]*js$|/content/$")
"""What pages load besides answers: the map, which has its own script, and pictures."""

SIGHTS: Final = {"wide": (WIDE, "oldest first"), "narrow": (NARROW, "newest first")}
"""How wide pages are, and in which order what they asked for arrives."""


@pytest.fixture(scope="module", params=SIGHTS)
def late(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page to which answers come late, and which knows what moved meanwhile."""
    size, order = SIGHTS[request.param]
    opened = browser.new_page(viewport=size)
    opened.set_default_timeout(MILLISECONDS)
    opened.add_init_script(f"({WATCH})({json.dumps([FEW_PIXELS, order])})")
    yield opened
    opened.close()


@contextmanager
def held(page: Page, wanted: re.Pattern[str]) -> Iterator[None]:
    """Has what is wanted besides answers wait until the end."""
    routes: list[Route] = []

    def hold(route: Route) -> None:
        # What is fetched is an answer.
        if route.request.resource_type == "fetch":
            route.continue_()
        else:
            routes.append(route)

    page.route(wanted, hold)
    yield
    for route in routes:
        route.continue_()
    page.unroute(wanted)


def moved_on(page: Page, url: str) -> str:
    """What moved on a page until all of it was there."""
    with held(page, LATE_PARTS):
        page.goto(url, wait_until="commit")
        until(lambda: page.evaluate("window.steady.isAnswered()"))
    until(lambda: page.evaluate("window.steady.isComplete()"))
    return "\n".join(page.evaluate("window.steady.moved"))


@pytest.mark.parametrize("name", PAGES)
def test_what_can_be_clicked_on_stays_where_it_is_while_answers_arrive(
    name: str, late: Page, places: Mapping[str, str], lived_in: LivedIn
) -> None:
    assert moved_on(late, f"{lived_in.http.base_url}ui/{places[name]}") == ""


Answers = Mapping[str, Callable[[str], object]]
"""What is answered to addresses that have something in them, by the address."""


@pytest.fixture(scope="module")
def busy(lived_in: LivedIn) -> Answers:
    """What a Scale answers in which more happened than in ours: as much as there is a place for."""
    failed = lived_in.get("/jobs/", status="FAILED")["results"][0]
    types = lived_in.get("/job-types/status/")["results"]
    columns = lived_in.get("/metrics/job-types/")["columns"]
    days = [f"2026-03-{day:02}" for day in range(1, 31)]
    ends = {"min_x": days[0], "max_x": days[-1], "min_y": 5, "max_y": 5}
    values = [{"date": day, "value": 5} for day in days]
    counts = [
        {"status": "FAILED", "count": 123, "most_recent": None, "category": category}
        for category in ("ALGORITHM", "DATA", "SYSTEM")
    ]
    load = {"running_count": 123, "queued_count": 1234, "pending_count": 123}

    def plots(url: str) -> object:
        asked = httpx.URL(url).params.get_list("column")
        return [{"column": one, **ends, "values": values} for one in columns if one["name"] in asked]

    return {
        "/jobs/?": lambda _url: [{**failed, "id": 1000 + number} for number in range(6)],
        "/job-types/status/": lambda _url: [{**one, "job_counts": counts} for one in types],
        "/load/": lambda _url: [{**load, "time": f"{day}T00:00:00Z"} for day in days],
        "/plot-data/": plots,
    }


@contextmanager
def told(page: Page, answers: Answers) -> Iterator[None]:
    """Has a page told the results that are not those of the Scale."""

    def answer(route: Route) -> None:
        url = route.request.url
        found = next((results for part, results in answers.items() if part in url), None)
        if found is None:
            route.fallback()
        else:
            route.fulfill(json={"results": found(url)})

    page.route("**/*", answer)
    yield
    page.unroute("**/*")


@pytest.mark.parametrize("name", ["dashboard", "job-type", "metrics"])
def test_much_that_arrives_has_its_place_as_well(
    name: str, late: Page, places: Mapping[str, str], lived_in: LivedIn, busy: Answers, shots: Path
) -> None:
    with told(late, busy):
        assert moved_on(late, f"{lived_in.http.base_url}ui/{places[name]}") == ""
        late.screenshot(path=shots / f"{name}-busy-{late.evaluate('innerWidth')}.png", full_page=True)
