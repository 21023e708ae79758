"""Pages of a hundred, beside the same rows by bare SQL, orjson and Starlette."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles

import httpx
from sqlalchemy import Dialect, Select, select, text, update

from bench.figures import BenchFailure, Figure, Goal, Section
from bench.growth import with_history
from bench.options import Options
from bench.progress import progress
from bench.server import ScaleProcess
from scale_core.db.base import Base
from scale_core.db.bulk import table_of
from scale_core.db.database import Database
from scale_core.db.models import Job, JobExecution, ScaleFile
from scale_core.db.paths import PathQuery
from scale_core.testing.ports import reserved_port
from scale_generated import serializers

SIZE = 100
WARM = 20
START_SECONDS = 30.0

RATE = Goal("ratio", "at least", 0.5, 0.8)
TAIL = Goal("median", "at most", 4.0, 4.0)
QUICK = Goal("median", "at most", 20.0, 10.0)

QUEUED = 20_000
DASHBOARDS = ("/queue/status/", "/job-types/status/", "/status/")


@dataclass(frozen=True, slots=True)
class _List:
    """A list of the API, and what the floor selects for it."""

    path: str
    model: type[Base]
    columns: Sequence[str]
    where: str
    count: str

    def page(self, dialect: Dialect) -> str:
        """The statement for the first page."""
        query = PathQuery(self.model)
        named = [query.column(path).label(path) for path in self.columns]
        rows = query.join(select(*named)).where(text(self.where)).order_by(query.column("id")).limit(SIZE)
        return _text(rows, dialect)


def _text(statement: Select[tuple[object, ...]], dialect: Dialect) -> str:
    compiled = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    return str(compiled)


LISTS = (
    _List("/jobs/", Job, serializers.JOB_COLUMNS, "true", "SELECT sum(number) FROM job_tally"),
    _List(
        "/job-executions/",
        JobExecution,
        serializers.JOB_EXECUTION_COLUMNS,
        "true",
        "SELECT sum(number) FROM job_exe_tally",
    ),
    _List(
        "/products/",
        ScaleFile,
        serializers.PRODUCT_COLUMNS,
        "scale_file.file_type = 'PRODUCT' AND scale_file.is_published",
        "SELECT sum(number) FROM file_tally WHERE file_type = 'PRODUCT' AND is_published",
    ),
)


def measure(options: Options) -> Iterator[Section]:
    """Requests a second of Scale and of the floor, in turn, on each history; on the larger one how long what dashboards
    ask for takes, too."""
    for jobs in options.pages_history:
        with ScaleProcess(with_history(options, jobs), "web") as scale, _bare(scale.database) as bare:
            yield _pages(scale, bare, jobs, options)
            if jobs == options.pages_history[-1]:
                yield _dashboards(scale, jobs, options)


def _pages(scale: ScaleProcess, bare: httpx.Client, jobs: int, options: Options) -> Section:
    figures, details = [], []
    for one in LISTS:
        url = f"{one.path}?page_size={SIZE}"
        ours, floors = _seconds(scale.http, bare, url, options.page_requests)
        name = f"GET {url}, {jobs:,} jobs"
        figures.append(Figure(name, "requests/s", [1 / one for one in ours], [1 / one for one in floors], RATE))
        details.append(Figure(f"GET {url}, p99 by p50", "times", [_tail(ours)], goal=TAIL))
    return Section(
        f"Pages of {SIZE}, with {jobs:,} finished jobs",
        figures,
        details,
        [
            "One client, one request after the other. The floor runs SQL that was put together before, with the joins "
            "that the fields of the list need, and takes the count from a tally as Scale does."
        ],
    )


def _dashboards(scale: ScaleProcess, jobs: int, options: Options) -> Section:
    _queue_again(scale.database)
    figures = [
        Figure(f"GET {path}", "ms", _milliseconds(scale, path, options.requests), goal=QUICK) for path in DASHBOARDS
    ]
    notes = [f"{min(QUEUED, jobs):,} of the jobs are queued again, of all job types; nothing runs."]
    return Section(f"What dashboards ask for, with {jobs:,} finished jobs", figures, notes=notes)


def _queue_again(database: Database) -> None:
    with database.write() as session:
        for table in map(table_of, (Job, JobExecution)):
            last = select(table.c.id).order_by(table.c.id.desc()).limit(QUEUED)
            session.execute(update(table).where(table.c.id.in_(last)).values(status="QUEUED", ended=None))


def _milliseconds(scale: ScaleProcess, path: str, number: int) -> list[float]:
    samples = []
    for _ in range(number):
        began = time.perf_counter()
        scale.send("GET", path)
        samples.append((time.perf_counter() - began) * 1000)
    return samples


def _seconds(ours: httpx.Client, floor: httpx.Client, url: str, number: int) -> tuple[list[float], list[float]]:
    seconds: tuple[list[float], list[float]] = ([], [])
    with progress(url) as step:
        for done in range(number + WARM):
            for samples, client in zip(seconds, (ours, floor), strict=True):
                began = time.perf_counter()
                response = client.get(url)
                took = time.perf_counter() - began
                if not response.is_success or not response.json()["results"]:
                    raise BenchFailure(f"GET {url} was answered with {response.status_code}: {response.text[:200]}")
                if done >= WARM:
                    samples.append(took)
            step(done + 1, number + WARM)
    return seconds


def _tail(seconds: Sequence[float]) -> float:
    if len(seconds) < 2:
        return 1.0
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[98] / cuts[49]


@contextmanager
def _bare(database: Database) -> Iterator[httpx.Client]:
    """A client of the floor's server, which runs as long as the block."""
    with reserved_port() as port:
        yield from _serving(database, port)


def _serving(database: Database, port: int) -> Iterator[httpx.Client]:
    command = [sys.executable, "-m", "bench.bare_server", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
    try:
        if process.stdin is None:
            raise BenchFailure("The floor's server takes no input.")
        dialect = database.engine.dialect
        statements = {one.path: {"page": one.page(dialect), "count": one.count} for one in LISTS}
        url = database.url.render_as_string(hide_password=False)
        json.dump({"database": url, "statements": statements}, process.stdin)
        process.stdin.close()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            _wait(lambda: client.get("/").status_code == 404, process)
            yield client
    finally:
        process.terminate()
        process.wait()


def _wait(answers: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if answers():
                return
        except httpx.ConnectError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchFailure("The floor's server does not answer.") from None
            time.sleep(0.01)
