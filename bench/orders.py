"""What the first hundred pages of long lists cost in each order that the document says to be flat, beside a list of a
tenth of the length; and what pages far behind cost who follows the links to them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bench.figures import Figure, Goal, Section
from bench.growth import with_history
from bench.options import Options
from bench.pages import SIZE
from bench.progress import progress
from bench.server import ScaleProcess

PAGES = (1, 10, 100)
AGAIN = 5
"""How many times as often a page is asked for again that seems to miss the goal: most do so by chance."""

GOAL = Goal("ratio", "at most", 1.3, 1.1)
WORST = Goal("median", "at most", GOAL.target, GOAL.aim)

FOLLOWED = ("/jobs/?order=-last_modified", "/jobs/?order=job_type__name", "/products/?order=created")
"""Lists whose links are followed: from an index, from groups, and merged from two."""
DEEP = 1000
SAMPLES = 20

FILTERS = {
    "/jobs/": ("status=FAILED", "job_type_name=type-5", "job_type_category=category-1"),
    "/job-executions/": ("status=FAILED", "job_type_name=type-5", "node_id=1003"),
    "/products/": ("job_type_name=type-5", "is_operational=true"),
    "/sources/": ("is_parsed=true",),
    "/files/": ("workspace_name=history",),
    "/ingests/": ("status=ERRORED",),
    "/recipes/": ("type_name=type-0",),
    "/trigger-events/": ("type=INGEST",),
}
FILTERED_ORDERS = ("id", "last_modified")


@dataclass(frozen=True, slots=True)
class Beside:
    """The shortest time that each of two Scales took for a page, in milliseconds: what else goes on only adds."""

    name: str
    many: float
    few: float

    @property
    def ratio(self) -> float:
        """How many times as long it took beside many."""
        return self.many / self.few


def measure(options: Options) -> Section:
    """Each page of each order on both databases in turn."""
    few, many = options.pages_history
    with ExitStack() as stack:
        small, large = (stack.enter_context(ScaleProcess(with_history(options, size), "web")) for size in (few, many))
        asked = [(path, list(_queries(path, orders))) for path, orders in _flat_orders(large)]
        figures = [_worst(small, large, path, queries, options.page_orders) for path, queries in asked]
        followed = [_followed(large, url) for url in FOLLOWED]
    pages = sum(len(queries) for _path, queries in asked) * len(PAGES)
    ratios = [one.ratio or 0.0 for one in figures]
    return Section(
        f"Orders of lists, with {many:,} finished jobs, beside {few:,}",
        [Figure(f"the worst of {pages:,} pages", "times", [max(ratios)], goal=WORST), *followed],
        figures,
        [
            f"Pages {', '.join(map(str, PAGES))} of {SIZE}, forwards and backwards, in each order that the document "
            "says to be flat, and with filters by id and last_modified; of each list the page with the highest ratio. "
            "The floor is the same page of the shorter list; a page that this does not have is left out.",
            f"Each is the shortest time of {options.page_orders} requests, or of {AGAIN} times as many.",
            f"Page {DEEP:,} is come to by following `next`; its floor is page 1, asked for in turn with it. Of a list "
            "that has fewer pages it is the last full one.",
        ],
    )


def _followed(scale: ScaleProcess, url: str) -> Figure:
    """The time of a page that its links lead to, beside that of the first."""
    first = f"{url}&page_size={SIZE}"
    page = scale.send("GET", first)
    number, deep = 1, first
    with progress(url) as step:
        while number < DEEP and (following := page["next"]) is not None:
            page = scale.send("GET", following)
            if len(page["results"]) < SIZE:
                break
            number, deep = number + 1, following
            step(number, DEEP)
    times: list[list[float]] = [[], []]
    for _ in range(SAMPLES):
        for samples, one in zip(times, (deep, first), strict=True):
            began = time.perf_counter()
            scale.http.get(one).raise_for_status()
            samples.append((time.perf_counter() - began) * 1000)
    return Figure(f"GET {url}, page {number:,} by `next`, beside page 1", "ms", times[0], times[1], GOAL)


def _flat_orders(scale: ScaleProcess) -> Iterator[tuple[str, Sequence[str]]]:
    for path, operations in scale.send("GET", "/openapi.json")["paths"].items():
        orders = operations.get("get", {}).get("x-scale-flat-orders", ())
        if orders and scale.send("GET", f"{path}?page_size=1")["results"]:
            yield path, orders


def _queries(path: str, orders: Sequence[str]) -> Iterator[str]:
    for order in orders:
        for direction in ("", "-"):
            yield f"order={direction}{order}"
            if order in FILTERED_ORDERS:
                yield from (f"{one}&order={direction}{order}" for one in FILTERS.get(path, ()))


def _worst(small: ScaleProcess, large: ScaleProcess, path: str, queries: Sequence[str], requests: int) -> Figure:
    found = []
    with progress(path) as step:
        for number, query in enumerate(queries):
            found += [one for page in PAGES if (one := _beside(small, large, path, query, page, requests)) is not None]
            step(number + 1, len(queries))
    worst = max(found, key=lambda one: one.ratio)
    return Figure(f"GET {path}, worst of {len(found)}: {worst.name}", "ms", [worst.many], [worst.few], GOAL)


def _beside(small: ScaleProcess, large: ScaleProcess, path: str, query: str, page: int, requests: int) -> Beside | None:
    url = f"{path}?{query}&page={page}&page_size={SIZE}"
    if page > 1 and len(small.send("GET", url)["results"]) < SIZE:
        return None
    best = [float("inf"), float("inf")]
    done = 0
    while done < requests or (done < AGAIN * requests and best[1] > GOAL.target * best[0]):
        for place, scale in enumerate((small, large)):
            began = time.perf_counter()
            scale.http.get(url).raise_for_status()
            best[place] = min(best[place], (time.perf_counter() - began) * 1000)
        done += 1
    return Beside(f"{query}, page {page}", best[1], best[0])
