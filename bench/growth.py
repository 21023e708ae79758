"""What queue operations and lists cost beside few and beside very many finished jobs."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from bench.databases import Installation
from bench.figures import Figure, Goal, Section
from bench.history import fill
from bench.jobs import run_jobs
from bench.options import Options
from bench.progress import progress
from bench.server import Command, ScaleProcess
from scale_core.db.database import Database
from scale_core.plugin.registry import load_registry
from scale_core.services.context import Context
from scale_core.services.installation import prepare
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary

GOAL = Goal("ratio", "at most", 1.5, 1.2)
WORST = Goal("median", "at most", GOAL.target, GOAL.aim)
SPAN = "?started=PT6H"
WARM = 3
"""Requests before those that count."""

Call = Callable[[], object]


def measure(options: Options) -> Section:
    """Each request on both databases in turn, then jobs through the scheduler on both in turn."""
    few, many = options.history
    small, large = (with_history(options, size) for size in (few, many))
    with _both(small, large, "web") as (first, second):
        paths = _lists(first)
        operations = _lists_beside(first, second, paths, options) + _queue_beside(first, second, options)
    with _both(small, large, "up") as (first, second):
        operations.append(_jobs_beside(first, second, options))
    return section_of(operations, few, many)


def section_of(operations: list[Figure], few: int, many: int) -> Section:
    """What is to be said of operations, each with its cost beside few jobs as its floor."""
    ratios = {one.name: one.ratio or 0.0 for one in operations}
    worst = max(ratios, key=lambda name: ratios[name])
    above = sum(ratio > GOAL.target for ratio in ratios.values())
    return Section(
        f"With {many:,} finished jobs, beside {few:,}",
        [
            Figure(f"the worst of {len(ratios)} operations: {worst}", "times", [ratios[worst]], goal=WORST),
            Figure("all of them", "times", list(ratios.values())),
            Figure(f"how many take more than {GOAL.target:g} times as long", "operations", [above]),
        ],
        operations,
        [
            f"The floor is the cost with {few:,} finished jobs, of the same code at the same time.",
            f"Lists are asked for as they are without parameters: the first page. Statistics of a time range: {SPAN}.",
        ],
    )


def with_history(options: Options, size: int) -> Installation:
    """A data folder and a database with that many finished jobs."""

    def fill_it(database: Database) -> None:
        prepare(Context(database, load_registry(), SpecLibrary.packaged(), Settings(options.work)))
        fill(database, size)

    return options.databases.filled("history", size, fill_it, options.work)


@contextmanager
def _both(small: Installation, large: Installation, command: Command) -> Iterator[tuple[ScaleProcess, ScaleProcess]]:
    with ExitStack() as stack:
        first = stack.enter_context(ScaleProcess(small, command))
        second = stack.enter_context(ScaleProcess(large, command))
        yield first, second


def _lists(scale: ScaleProcess) -> list[str]:
    """Everything that can be read without an id or other parameters, found in Scale's own description of itself."""
    described = scale.send("GET", "/openapi.json")["paths"]
    paths = [path for path, operations in described.items() if "get" in operations and "{" not in path]
    asked = [path + _span(path, described[path]["get"]) for path in paths]
    return [path for path in asked if scale.http.get(path).is_success]


def _span(path: str, operation: dict[str, Any]) -> str:
    """For statistics of a time range, one that both histories fill: what is in it is what is counted."""
    names = {one["$ref"].rpartition("/")[2] for one in operation.get("parameters", ()) if "$ref" in one}
    return SPAN if path.endswith("/status/") and "started" in names else ""


def _lists_beside(first: ScaleProcess, second: ScaleProcess, paths: list[str], options: Options) -> list[Figure]:
    """A list, and the details of what it has first."""
    figures = []
    with progress("lists") as step:
        for number, path in enumerate(paths):
            figures.append(_beside(f"GET {path}", _get(first, path), _get(second, path), options.requests))
            step(number + 1, len(paths))
    for path in ("/jobs/", "/job-executions/", "/job-types/", "/nodes/", "/trigger-events/"):
        details = [f"{path}{one.send('GET', f'{path}?order=-id')['results'][0]['id']}/" for one in (first, second)]
        calls = _get(first, details[0]), _get(second, details[1])
        figures.append(_beside(f"GET {path}ID/", *calls, options.requests))
    return figures


def _get(scale: ScaleProcess, path: str) -> Call:
    return partial(scale.send, "GET", path)


def _queue_beside(first: ScaleProcess, second: ScaleProcess, options: Options) -> list[Figure]:
    """A job is queued, canceled and queued again; nobody runs it."""
    operations = (QueueOperations(first), QueueOperations(second))
    new = _beside("POST /queue/new-job/", operations[0].new, operations[1].new, options.requests)
    figures = [new]
    costs: dict[str, tuple[list[float], list[float]]] = {"cancel": ([], []), "requeue": ([], [])}
    with progress("queue operations") as step:
        for number in range(options.requests + WARM):
            for name, each in costs.items():
                for samples, one in zip(each, operations, strict=True):
                    seconds = _seconds(one.cancel if name == "cancel" else one.requeue)
                    if number >= WARM:
                        samples.append(seconds * 1000)
            step(number + 1, options.requests + WARM)
    for name, (few, many) in costs.items():
        request = "PATCH /jobs/ID/ (cancel)" if name == "cancel" else "POST /queue/requeue-jobs/ (by id)"
        figures.append(Figure(request, "ms", many, few, GOAL))
    return figures


class QueueOperations:
    """What is done to one job after another on one Scale."""

    def __init__(self, scale: ScaleProcess) -> None:
        self._scale = scale
        self._job_type = scale.job_type("bench-queue", "/bin/true")
        self._job = 0

    def new(self) -> None:
        """Queue a new job."""
        self._job = int(self._scale.new_job(self._job_type)["id"])

    def cancel(self) -> None:
        """Cancel the newest job."""
        self._scale.send("PATCH", f"/jobs/{self._job}/", {"status": "CANCELED"})

    def requeue(self) -> None:
        """Queue it again."""
        self._scale.send("POST", "/queue/requeue-jobs/", {"job_ids": [self._job]})


def _jobs_beside(first: ScaleProcess, second: ScaleProcess, options: Options) -> Figure:
    """What a job costs that is run by the scheduler."""
    costs: tuple[list[float], list[float]] = ([], [])
    for number in range(options.repeat):
        for samples, scale in zip(costs, (first, second), strict=True):
            ran = run_jobs(scale, options.history_jobs, f"jobs beside a history, {number + 1} of {options.repeat}")
            samples.append(1000 / ran.by_rows)
    return Figure(f"a job of {options.history_jobs} through the scheduler", "ms", costs[1], costs[0], GOAL)


def _beside(name: str, few: Call, many: Call, requests: int) -> Figure:
    """A call on both databases in turn."""
    costs: tuple[list[float], list[float]] = ([], [])
    for number in range(requests + WARM):
        for samples, call in zip(costs, (few, many), strict=True):
            seconds = _seconds(call)
            if number >= WARM:
                samples.append(seconds * 1000)
    return Figure(name, "ms", costs[1], costs[0], GOAL)


def _seconds(call: Call) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
