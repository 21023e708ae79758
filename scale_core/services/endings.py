"""What becomes of executions: their ends, and everything that follows.

Everything works in groups, on plain rows: one transaction records all that has ended since. A report told twice,
or for an execution that has ended already, changes nothing.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, joinedload

from scale_core.db.bulk import insert_rows, update_by_id
from scale_core.db.database import WriteSession
from scale_core.db.models import Error, Job, JobExecution, JobType
from scale_core.domain.states import EXECUTION, JOB, ExecutionEvent, JobEvent, next_status
from scale_core.interfaces.notice import JobStatusChanged
from scale_core.services import notices
from scale_core.services.context import Context
from scale_core.services.jobs import new_execution, wake_queue
from scale_core.services.products import record_results
from scale_core.services.recipes import advance_recipes_of
from scale_generated.enums import JobExecutionStatus, JobStatus
from scale_generated.specs.error_interface import ErrorInterface
from scale_generated.specs.execution_report import ExecutionReport, ReportFailure, ReportSteps
from scale_generated.specs.job_results import JobResults

log = logging.getLogger(__name__)

OUR_FAILURES = frozenset({"node-lost", "engine"})
"""Kinds of failure that are not the job's: they do not cost it a try."""

MAX_OUR_FAILURES = 20
"""After so many failures of ours a job fails all the same: something about it must be what brings nodes down."""

STEPS = ("pre", "job", "post")
NO_RESULTS = JobResults.from_document({"output_data": []}).to_document()
NO_REASON = ReportFailure(kind="unknown", message="The execution ended without a reason.")


@dataclass(frozen=True, slots=True)
class Ended:
    """An execution whose end is recorded.

    :param status: how it ended.
    :param seconds: how long its steps took together; None where the report does not say.
    :param lasted: seconds since it was started.
    :param restarts: whether its job, of a long-running type, is on the queue again.
    """

    execution_id: int
    job_id: int
    job_type_id: int
    status: JobExecutionStatus
    seconds: float | None
    lasted: float
    restarts: bool


class EndingService:
    """Records how executions ended."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def finish(self, reports: Sequence[ExecutionReport]) -> list[Ended]:
        """Record how executions ended, and everything that follows: products, errors, retries, recipes, triggers.

        :return: those whose end was news.
        """
        if not reports:
            return []
        try:
            return self._finish_group(reports)
        except (SQLAlchemyError, ArithmeticError, LookupError, TypeError, ValueError):
            # One report that cannot be recorded must not take the others with it.
            log.exception("Reports could not be recorded as a group; trying one by one")
            return [ended for report in reports for ended in self._finish_alone(report)]

    def lost(self, losses: Sequence[tuple[int, str]]) -> list[Ended]:
        """Record that executions are gone without a report: (execution id, message). It does not cost a try."""
        return self.finish([failure_report(execution_id, "node-lost", message) for execution_id, message in losses])

    def finish_tasks(self, ended: Sequence[tuple[int, ReportFailure | None]]) -> list[Ended]:
        """Record the end of Scale's own tasks: (execution id, why it failed; None: it completed)."""
        return self.finish([task_report(execution_id, failure) for execution_id, failure in ended])

    def _finish_group(self, reports: Sequence[ExecutionReport]) -> list[Ended]:
        by_id = {report.execution_id: report for report in reports}
        with self._context.database.write() as session:
            group = _Group(self._context, session, self._context.now())
            for row in _running(session, by_id):
                group.record(row, by_id[row.execution_id])
            group.save()
            session.expire_all()
            advance_recipes_of(session, self._context, [one.job_id for one in group.ended])
            return group.ended

    def _finish_alone(self, report: ExecutionReport) -> list[Ended]:
        try:
            return self._finish_group([report])
        except (SQLAlchemyError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            log.exception("The report cannot be recorded", extra={"execution_id": report.execution_id})
            message = f"The results could not be recorded: {type(error).__name__}: {error}"
            return self._finish_group([failure_report(report.execution_id, "unknown", message, report.steps)])


class _Running(NamedTuple):
    """A running execution with what its job says about going on."""

    execution_id: int
    job_id: int
    job_type_id: int
    job_type_name: str
    is_long_running: bool
    job_status: str
    last_status_change: datetime
    priority: int
    timeout: int
    num_exes: int
    tries: int
    lost_exes: int
    max_tries: int
    queued: datetime | None
    started: datetime | None
    command_arguments: str


@dataclass(slots=True)
class _Group:
    """The changes of one transaction, gathered row by row and made with a few statements."""

    context: Context
    session: WriteSession
    now: datetime
    ended: list[Ended] = field(default_factory=list)
    executions: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    retries: list[dict[str, Any]] = field(default_factory=list)
    errors: "_ErrorNames | None" = None

    def record(self, row: _Running, report: ExecutionReport) -> None:
        """Take up how one execution ended."""
        steps = _step_columns(report.steps)
        row = row._replace(started=steps["pre_started"] or row.started)
        if row.job_status != JobStatus.RUNNING:
            # The job was canceled, and may be on the queue again: this execution is no longer its business.
            self._end(row, report, steps, ExecutionEvent.CANCEL)
        elif report.failure is None and report.status == "COMPLETED":
            self._complete(row, report, steps)
        else:
            self._fail(row, report, steps, report.failure or NO_REASON)

    def save(self) -> None:
        """Write the changes."""
        update_by_id(self.session, JobExecution, self.executions)
        update_by_id(self.session, Job, self.jobs)
        insert_rows(self.session, JobExecution, self.retries)
        if self.retries:
            wake_queue(self.session, self.context)

    def _complete(self, row: _Running, report: ExecutionReport, steps: Mapping[str, Any]) -> None:
        results = NO_RESULTS
        if report.outputs or report.parse_results:
            execution = _with_job(self.session, row.execution_id)
            results = record_results(self.session, self.context, execution, report).to_document()
            self.session.flush()
        self._end(row, report, steps, ExecutionEvent.COMPLETE, results=results)
        if row.is_long_running:
            self._queue_again(row, tries=row.tries, lost=row.lost_exes)
        else:
            self._change_job(row, JobEvent.COMPLETE, results=results)

    def _fail(self, row: _Running, report: ExecutionReport, steps: Mapping[str, Any], failure: ReportFailure) -> None:
        error_id = self._error_id(row, failure)
        self._end(row, report, steps, ExecutionEvent.FAIL, error_id=error_id)
        # A canceled run of a job that nobody canceled ended because Scale did.
        ours = failure.kind in OUR_FAILURES or failure.kind == "canceled"
        tries, lost = row.tries + (0 if ours else 1), row.lost_exes + (1 if ours else 0)
        tries_left = tries < max(row.max_tries, 1) and lost <= MAX_OUR_FAILURES
        if row.is_long_running or tries_left:
            self._queue_again(row, tries=tries, lost=lost)
        else:
            self._change_job(row, JobEvent.FAIL, error_id=error_id, tries=tries, lost=lost)

    def _end(
        self,
        row: _Running,
        report: ExecutionReport,
        steps: Mapping[str, Any],
        event: ExecutionEvent,
        *,
        error_id: int | None = None,
        results: Mapping[str, Any] | None = None,
    ) -> None:
        status = next_status(EXECUTION, JobExecutionStatus.RUNNING, event, history=f"execution {row.execution_id}")
        self.executions.append(
            {
                "id": row.execution_id,
                "status": status,
                "started": row.started,
                "ended": self.now,
                "last_modified": self.now,
                "command_arguments": (
                    row.command_arguments if report.command_arguments is None else report.command_arguments
                ),
                "error_id": error_id,
                "message": None if report.failure is None else report.failure.message,
                "results": results or {},
                "results_manifest": dict(report.results_manifest or {}),
                **steps,
            }
        )
        restarts = row.is_long_running and event is not ExecutionEvent.CANCEL
        lasted = 0.0 if row.started is None else max(0.0, (self.now - row.started).total_seconds())
        self.ended.append(
            Ended(row.execution_id, row.job_id, row.job_type_id, status, _seconds(steps), lasted, restarts)
        )

    def _queue_again(self, row: _Running, *, tries: int, lost: int) -> None:
        self._change_job(row, JobEvent.RETRY, tries=tries, lost=lost)
        self.retries.append(
            new_execution(row.job_id, row.job_type_id, priority=row.priority, timeout=row.timeout, now=self.now)
        )

    def _change_job(
        self,
        row: _Running,
        event: JobEvent,
        *,
        results: Mapping[str, Any] | None = None,
        error_id: int | None = None,
        tries: int | None = None,
        lost: int | None = None,
    ) -> None:
        history = f"job {row.job_id}, {row.job_status} since {row.last_status_change:%Y-%m-%d %H:%M:%S}"
        status = next_status(JOB, JobStatus(row.job_status), event, history=history)
        again = event is JobEvent.RETRY
        self.jobs.append(
            {
                "id": row.job_id,
                "status": status,
                "last_status_change": self.now,
                "last_modified": self.now,
                "queued": self.now if again else row.queued,
                "started": None if again else row.started,
                "ended": None if again else self.now,
                "num_exes": row.num_exes + again,
                "tries": row.tries if tries is None else tries,
                "lost_exes": row.lost_exes if lost is None else lost,
                "error_id": error_id,
                "results": results or {},
            }
        )
        change = JobStatusChanged(row.job_id, row.job_type_name, row.job_status, status)
        notices.job_status_changed(self.session, self.context, change)

    def _error_id(self, row: _Running, failure: ReportFailure) -> int:
        if self.errors is None:
            self.errors = _ErrorNames(self.context, self.session)
        return self.errors.id_of(row.job_type_id, failure)


class _ErrorNames:
    """What failures are called, by the error mappers and the mappings of job types."""

    def __init__(self, context: Context, session: Session) -> None:
        self._mappers = context.registry.error_mappers
        self._session = session
        self._exit_codes: dict[int, Mapping[int, str]] = {}
        self._ids: dict[str, int] = {}

    def id_of(self, job_type_id: int, failure: ReportFailure) -> int:
        """Id of the error that a failure is; an error that does not exist is ``unknown``."""
        exit_codes = self._mapping(job_type_id)
        named = (mapper.map(failure, exit_codes) for mapper in self._mappers)
        name = next((one for one in named if one is not None), "unknown")
        if name not in self._ids:
            rows: Any = self._session.execute(select(Error.name, Error.id).where(Error.name.in_((name, "unknown"))))
            self._ids |= dict(rows.all())
            self._ids.setdefault(name, self._ids["unknown"])
        return self._ids[name]

    def _mapping(self, job_type_id: int) -> Mapping[int, str]:
        if job_type_id not in self._exit_codes:
            document = self._session.scalars(select(JobType.error_mapping).where(JobType.id == job_type_id)).one()
            mapping = ErrorInterface.from_document(document)
            self._exit_codes[job_type_id] = {int(code): name for code, name in mapping.exit_codes.items()}
        return self._exit_codes[job_type_id]


def failure_report(execution_id: int, kind: str, message: str, steps: ReportSteps | None = None) -> ExecutionReport:
    """A report of a failure that no runner could report."""
    return ExecutionReport.from_document(
        {
            "execution_id": execution_id,
            "status": "FAILED",
            "steps": steps.to_document() if steps else {},
            "failure": {"kind": kind, "message": message},
        }
    )


def task_report(execution_id: int, failure: ReportFailure | None) -> ExecutionReport:
    """The report of one of Scale's own tasks; ``failure`` None: it completed."""
    return ExecutionReport(
        execution_id=execution_id,
        status="COMPLETED" if failure is None else "FAILED",
        steps=ReportSteps(),
        failure=failure,
    )


def _running(session: Session, ids: Collection[int]) -> list[_Running]:
    rows = session.execute(
        select(
            JobExecution.id,
            JobExecution.job_id,
            JobExecution.job_type_id,
            JobType.name,
            JobType.is_long_running,
            Job.status,
            Job.last_status_change,
            Job.priority,
            Job.timeout,
            Job.num_exes,
            Job.tries,
            Job.lost_exes,
            Job.max_tries,
            Job.queued,
            JobExecution.started,
            JobExecution.command_arguments,
        )
        .join(Job, JobExecution.job_id == Job.id)
        .join(JobType, JobExecution.job_type_id == JobType.id)
        .where(JobExecution.id.in_(ids), JobExecution.status == JobExecutionStatus.RUNNING)
        .order_by(JobExecution.id)
    )
    return [_Running._make(row) for row in rows]


def _with_job(session: Session, execution_id: int) -> JobExecution:
    return session.get_one(
        JobExecution,
        execution_id,
        options=[
            joinedload(JobExecution.job).joinedload(Job.job_type),
            joinedload(JobExecution.job).joinedload(Job.job_type_rev),
        ],
    )


def _step_columns(steps: ReportSteps) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in STEPS:
        step = getattr(steps, name)
        columns[f"{name}_started"] = None if step is None else datetime.fromisoformat(step.started)
        ended = None if step is None else step.ended
        columns[f"{name}_completed"] = None if ended is None else datetime.fromisoformat(ended)
        columns[f"{name}_exit_code"] = None if step is None else step.exit_code
    return columns


def _seconds(steps: Mapping[str, Any]) -> float | None:
    if steps["pre_started"] is None or steps["post_completed"] is None:
        return None
    seconds: float = (steps["post_completed"] - steps["pre_started"]).total_seconds()
    return max(seconds, 0.0)
