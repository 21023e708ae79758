"""What retention costs that reaches the same number of executions, beside few and beside very many that it leaves."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial

from sqlalchemy import func, select

from bench.databases import Installation
from bench.figures import BenchFailure, Figure, Goal, Section
from bench.growth import with_history
from bench.history import SECONDS_BETWEEN_JOBS
from bench.options import Options
from bench.progress import progress
from scale_core.db.database import Database
from scale_core.db.models import JobExecution, MetricProgress
from scale_core.interfaces.engine import EngineSettings
from scale_core.plugin.registry import load_registry
from scale_core.services.context import Context
from scale_core.services.retention import RetentionService
from scale_core.services.retention_preview import RetentionPreviewService
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary
from scale_engine_local.engine import LocalEngine
from scale_generated.specs.retention import Retention

GOAL = Goal("ratio", "at most", 1.5, 1.2)
WARM = 1

PREVIEWS = {
    "logs and executions": {"executions_after": "P1D"},
    "products that are not published": {"unpublished_after": "P1D"},
    "published products": {"products_after": "P1D"},
    "source files": {"sources_after": "P1D"},
}


def measure(options: Options) -> Section:
    """Each step on both databases in turn."""
    few, many = options.history
    reached = min(options.retained, few // (2 * (options.repeat + WARM)))
    times: dict[str, dict[int, list[float]]] = {}
    with ExitStack() as stack:
        keepers = {size: stack.enter_context(_keeper(with_history(options, size))) for size in (few, many)}
        with progress("retention") as step:
            for done in range(options.repeat + WARM):
                for size, keeper in keepers.items():
                    keeper.later(reached)
                    for name, milliseconds in keeper.measured(reached):
                        samples = times.setdefault(name, {few: [], many: []})[size]
                        if done >= WARM:
                            samples.append(milliseconds)
                step(done + 1, options.repeat + WARM)
    figures = [Figure(name, "ms", each[many], each[few], GOAL) for name, each in times.items()]
    notes = [
        f"{reached:,} of the executions, and what they made, are old enough. The floor is the same beside {few:,}."
    ]
    return Section(f"Retention, with {many:,} finished jobs, beside {few:,}", figures, notes=notes)


@contextmanager
def _keeper(installation: Installation) -> Iterator["Keeper"]:
    with installation.opened() as database:
        yield Keeper(database, installation)


class Keeper:
    """Retention on a history, with a clock of its own."""

    def __init__(self, database: Database, installation: Installation) -> None:
        settings = Settings(installation.data_dir, installation.database_url)
        with database.read() as session:
            oldest = session.scalars(select(func.min(JobExecution.ended))).one()
        self._now: datetime = oldest + timedelta(days=1) if oldest else datetime.now(UTC)
        self._context = Context(database, load_registry(), SpecLibrary.packaged(), settings, now=lambda: self._now)
        self._engine = LocalEngine(EngineSettings(settings.data_dir))
        with database.write() as session:
            for name in self._context.registry.metrics:
                session.merge(MetricProgress(metric=name, next_day=date.max))

    def later(self, jobs: int) -> None:
        """Let so many more executions be a day old."""
        self._now += timedelta(seconds=SECONDS_BETWEEN_JOBS * jobs)

    def measured(self, reached: int) -> Iterator[tuple[str, float]]:
        """What previews find, and what it takes to archive the executions, in milliseconds.

        :raises BenchFailure: these are not about as many as they should be.
        """
        previews = RetentionPreviewService(self._context, self._engine)
        for name, rules in PREVIEWS.items():
            yield f"preview: {name}", _milliseconds(partial(previews.preview, rules))
        rules = PREVIEWS["logs and executions"]
        found = previews.preview(rules)["results"][-1]["count"]
        if not reached <= found <= reached + 1:
            raise BenchFailure(f"Retention should reach {reached} executions, but it reaches {found}.")
        service = RetentionService(self._context, self._engine, lambda: False)
        yield (
            f"archiving {reached:,} executions and their logs",
            _milliseconds(partial(service.run, Retention.from_document(rules))),
        )


def _milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000
