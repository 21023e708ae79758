"""What happened on a day, for metrics: one GROUP BY for each kind of fact, along the index on when things ended."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import CTE, ColumnElement, Executable, Row, Select, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from scale_core.db.database import Database
from scale_core.db.models import Error, Ingest, Job, JobExecution, ScaleFile, WorkspaceUsage
from scale_core.db.moments import not_below_zero, seconds_between
from scale_core.interfaces.metric import EndedExecutions, EndedIngests, EndedJobs, NewFiles, Spread, StorageUse
from scale_generated.enums import ErrorCategory, IngestStatus, JobExecutionStatus, JobStatus

STEPS = ("pre", "job", "post")
EXECUTION_TIMES = ("queue", *STEPS, "run", "stage")
INGEST_NUMBERS = ("size", "transfer", "ingest")
PARTS = ("count", "sum", "min", "max")

Seconds = Callable[[Any, Any], ColumnElement[float]]


class DayFacts:
    """A day (:class:`scale_core.interfaces.metric.MetricDay`). What was asked once is kept."""

    def __init__(self, database: Database, day: date) -> None:
        self._database = database
        self._day = day

    @property
    def day(self) -> date:
        """Which day (UTC)."""
        return self._day

    @property
    def started(self) -> datetime:
        """When it began."""
        return datetime.combine(self._day, time(), UTC)

    @property
    def ended(self) -> datetime:
        """When it was over."""
        return self.started + timedelta(days=1)

    def jobs(self) -> Sequence[EndedJobs]:
        """The jobs that ended on it."""
        return self._jobs

    def executions(self) -> Sequence[EndedExecutions]:
        """The executions that ended on it."""
        return self._executions

    def ingests(self) -> Sequence[EndedIngests]:
        """The ingests of Strike processes that ended on it."""
        return self._ingests

    def scan_ingests(self) -> Sequence[EndedIngests]:
        """The ingests of Scans that ended on it."""
        return self._scan_ingests

    def new_files(self) -> Sequence[NewFiles]:
        """The files that came on it."""
        return self._new_files

    def storage(self) -> Sequence[StorageUse]:
        """The space of each workspace."""
        return self._storage

    @cached_property
    def _jobs(self) -> list[EndedJobs]:
        keys = (Job.job_type_id, Job.status, Job.error_id, Error.category)
        statement = (
            select(*keys, func.count().label("number"))
            .outerjoin(Error, Job.error_id == Error.id)
            .where(*self._on_it(Job.ended))
            .group_by(*keys)
        )
        return [
            EndedJobs(
                row.job_type_id,
                JobStatus(row.status),
                row.error_id,
                None if row.category is None else ErrorCategory(row.category),
                row.number,
            )
            for row in self._rows(statement)
        ]

    @cached_property
    def _executions(self) -> list[EndedExecutions]:
        keys = ("job_type_id", "status", "error_id")
        each = _execution_times(self._on_it(JobExecution.ended), self._seconds)
        return [
            EndedExecutions(
                row.job_type_id,
                JobExecutionStatus(row.status),
                row.error_id,
                row.number,
                *(_spread(row, name) for name in EXECUTION_TIMES),
            )
            for row in self._rows(_spreads(each, keys, EXECUTION_TIMES))
        ]

    @cached_property
    def _ingests(self) -> list[EndedIngests]:
        return self._ingests_of(Ingest.strike_id)

    @cached_property
    def _scan_ingests(self) -> list[EndedIngests]:
        return self._ingests_of(Ingest.scan_id)

    def _ingests_of(self, seer_id: InstrumentedAttribute[int | None]) -> list[EndedIngests]:
        numbers = (
            Ingest.file_size.label("size"),
            self._seconds(Ingest.transfer_started, Ingest.transfer_ended).label("transfer"),
            self._seconds(Ingest.ingest_started, Ingest.ingest_ended).label("ingest"),
        )
        rows = select(seer_id.label("seer_id"), Ingest.status, *numbers).where(seer_id.is_not(None))
        ended = rows.where(*self._on_it(Ingest.ingest_ended))
        # A deferred file is never ingested; what happened last to it is that it was deferred.
        deferred = rows.where(
            Ingest.status == IngestStatus.DEFERRED, Ingest.ingest_ended.is_(None), *self._on_it(Ingest.last_modified)
        )
        each = _once(union_all(ended, deferred))
        return [
            EndedIngests(
                row.seer_id, IngestStatus(row.status), row.number, *(_spread(row, name) for name in INGEST_NUMBERS)
            )
            for row in self._rows(_spreads(each, ("seer_id", "status"), INGEST_NUMBERS))
        ]

    @cached_property
    def _new_files(self) -> list[NewFiles]:
        keys = (ScaleFile.workspace_id, ScaleFile.file_type)
        statement = (
            select(*keys, func.count().label("number"), func.sum(ScaleFile.file_size).label("size"))
            .where(*self._on_it(ScaleFile.created))
            .group_by(*keys)
        )
        return [NewFiles(row.workspace_id, row.file_type, row.number, int(row.size)) for row in self._rows(statement)]

    @cached_property
    def _storage(self) -> list[StorageUse]:
        statement = select(WorkspaceUsage).where(WorkspaceUsage.day == self._day)
        with self._database.read() as session:
            rows = session.scalars(statement.order_by(WorkspaceUsage.workspace_id)).all()
        return [StorageUse(row.workspace_id, row.used_size, row.total_size) for row in rows]

    def _on_it(self, moment: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return moment >= self.started, moment < self.ended

    def _seconds(self, started: Any, ended: Any) -> ColumnElement[float]:
        return seconds_between(started, ended, is_sqlite=self._database.is_sqlite)

    def _rows(self, statement: Executable) -> Sequence[Row[Any]]:
        with self._database.read() as session:
            return session.execute(statement).all()


def _execution_times(where: Sequence[ColumnElement[bool]], seconds: Seconds) -> CTE:
    """Of each execution: job type, status, error, and the seconds of :data:`EXECUTION_TIMES`."""
    steps = [
        seconds(getattr(JobExecution, f"{step}_started"), getattr(JobExecution, f"{step}_completed")) for step in STEPS
    ]
    run = seconds(JobExecution.started, JobExecution.ended)
    stage = not_below_zero(run - sum((func.coalesce(step, 0.0) for step in steps), start=literal(0.0)))
    times = (seconds(JobExecution.queued, JobExecution.started), *steps, run, stage)
    named = [time.label(name) for name, time in zip(EXECUTION_TIMES, times, strict=True)]
    keys = (JobExecution.job_type_id, JobExecution.status, JobExecution.error_id)
    return _once(select(*keys, *named).where(*where))


def _once(rows: Any) -> CTE:
    """The rows of a SELECT, each worked out once and not again for each aggregate: a third of the time."""
    each: CTE = rows.cte().prefix_with("MATERIALIZED")
    return each


def _spreads(each: CTE, keys: Sequence[str], names: Sequence[str]) -> Select[Any]:
    """The rows counted by ``keys``, with count, sum, minimum and maximum of each of ``names``."""
    by = [each.c[key] for key in keys]
    columns = [getattr(func, part)(each.c[name]).label(f"{name}_{part}") for name in names for part in PARTS]
    return select(*by, func.count().label("number"), *columns).group_by(*by)


def _spread(row: Row[Any], name: str) -> Spread | None:
    number, *values = (getattr(row, f"{name}_{part}") for part in PARTS)
    return Spread(number, *(float(value) for value in values)) if number else None
