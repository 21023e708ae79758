"""What it takes to find files by place and time among very many, beside a page of all of them."""

import time

from bench.databases import Installation
from bench.figures import BenchFailure, Figure, Goal, Section
from bench.footprints import fill
from bench.options import Options
from bench.pages import SIZE
from bench.progress import progress
from bench.server import ScaleProcess

GOAL = Goal("median", "at most", 50.0, 25.0)
WARM = 3

SEARCHES = {
    "ten degrees, a month": "bbox=0,40,10,50&data_started=2024-01-01T00:00:00Z&data_ended=2024-02-01T00:00:00Z",
    "half a continent, three months": "bbox=-10,30,40,60&data_started=2024-01-01T00:00:00Z"
    "&data_ended=2024-04-01T00:00:00Z",
    "across the antimeridian, three months": "bbox=170,-50,-170,50&data_started=2024-01-01T00:00:00Z"
    "&data_ended=2024-04-01T00:00:00Z",
    "all the Earth, a week": "bbox=-180,-90,180,90&data_started=2024-01-01T00:00:00Z&data_ended=2024-01-08T00:00:00Z",
    "a triangle, a year, latest first": "geometry=POLYGON((0 40,10 45,5 50,0 40))&data_started=2024-01-01T00:00:00Z"
    "&data_ended=2025-01-01T00:00:00Z&order=-data_started",
}
"""Searches by place and time: these have the goal."""

OTHERS = {
    "ten degrees, any time": "bbox=0,40,10,50",
    "anywhere, two days": "data_started=2024-01-01T00:00:00Z&data_ended=2024-01-03T00:00:00Z",
    "ten degrees and a country, a year": "bbox=0,40,10,50&countries=DEU&data_started=2024-01-01T00:00:00Z"
    "&data_ended=2025-01-01T00:00:00Z",
}


ITEMS = {
    "items of the catalog, ten degrees, a month": "bbox=0,40,10,50&datetime=2024-01-01T00:00:00Z/2024-02-01T00:00:00Z",
    "items, all the Earth, the first year": "bbox=-180,-90,180,90&datetime=../2022-01-01T00:00:00Z",
    "items, all the Earth, any time": "bbox=-180,-90,180,90",
    "items of a collection, a triangle": "collections=strike-1"
    '&intersects={"type":"Polygon","coordinates":[[[0,40],[10,45],[5,50],[0,40]]]}',
}
"""Searches of the STAC API; of how many items each finds nothing is told."""


def measure(options: Options) -> Section:
    """Each search in turn with the first page of all files."""
    with ScaleProcess(_with_footprints(options), "web") as scale:
        searched = [_search(scale, name, query, options.requests, GOAL) for name, query in SEARCHES.items()]
        others = [_search(scale, name, query, options.requests, None) for name, query in OTHERS.items()]
        items = [_items(scale, name, query, options.requests) for name, query in ITEMS.items()]
    worst = max(searched, key=lambda one: one.median)
    return Section(
        f"Searches among {options.footprints:,} footprints",
        [Figure(f"the worst of {len(searched)} searches by place and time", "ms", worst.values, goal=GOAL)],
        [*searched, *others, *items],
        [
            f"The first {SIZE} source files of each, with how many there are. The floor is the first page of all files "
            "(of all items) at the same time. Footprints are squares of 0.1 to 2 degrees, all over the Earth and "
            "through five years."
        ],
    )


def _search(scale: ScaleProcess, name: str, query: str, requests: int, goal: Goal | None) -> Figure:
    number = scale.send("GET", f"/sources/?page_size=1&{query}")["count"]
    if not number and requests > WARM:
        raise BenchFailure(f"{name}: nothing was found by {query}")
    samples = _timed(scale, name, f"/sources/?page_size={SIZE}&{query}", f"/sources/?page_size={SIZE}", requests)
    return Figure(f"{name}: {number:,} files", "ms", *samples, goal)


def _items(scale: ScaleProcess, name: str, query: str, requests: int) -> Figure:
    found = f"/stac/search/?limit={SIZE}&{query}"
    if not scale.send("GET", found)["numberReturned"] and requests > WARM:
        raise BenchFailure(f"{name}: nothing was found by {query}")
    return Figure(name, "ms", *_timed(scale, name, found, f"/stac/search/?limit={SIZE}", requests))


def _timed(scale: ScaleProcess, name: str, wanted: str, floor: str, requests: int) -> tuple[list[float], list[float]]:
    """The milliseconds that each of two requests took, in turn."""
    samples: tuple[list[float], list[float]] = ([], [])
    with progress(name) as step:
        for done in range(requests + WARM):
            for each, url in zip(samples, (wanted, floor), strict=True):
                began = time.perf_counter()
                scale.http.get(url).raise_for_status()
                if done >= WARM:
                    each.append((time.perf_counter() - began) * 1000)
            step(done + 1, requests + WARM)
    return samples


def _with_footprints(options: Options) -> Installation:
    """A data folder and a database with that many footprints."""
    number = options.footprints
    return options.databases.filled("footprints", number, lambda database: fill(database, number), options.work)
