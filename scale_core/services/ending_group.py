"""The changes that the ends of executions make, gathered row by row and written with a few statements."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from scale_core.db.bulk import insert_rows, table_of, update_by_id
from scale_core.db.database import WriteSession
from scale_core.db.models import Job, JobExecution, JobType
from scale_core.domain.states import EXECUTION, JOB, ExecutionEvent, JobEvent, next_status
from scale_core.interfaces.notice import JobStatusChanged
from scale_core.services import notices
from scale_core.services.context import Context
from scale_core.services.failure_names import FailureNames, NamedError
from scale_core.services.ingest_jobs import INGEST_JOB
from scale_core.services.jobs import new_execution, wake_queue
from scale_core.services.new_jobs import NO_RESULTS
from scale_core.services.products import record_results
from scale_core.services.telemetry import NO_CATEGORY, STEPS, EndedExecution
from scale_generated.enums import JobExecutionStatus, JobStatus
from scale_generated.specs.execution_report import ExecutionReport, ReportFailure, ReportSteps
from scale_generated.specs.job_environment import JobEnvironment

NODE_LOST: Final = "node-lost"
MOUNT_MISSING: Final = "mount-missing"
CANCELED: Final = "canceled"
OUR_FAILURES = frozenset({NODE_LOST, MOUNT_MISSING, "engine"})
"""Kinds of failure that are not the job's: they do not cost it a try."""

MAX_OUR_FAILURES = 20
"""After so many failures of ours a job fails all the same: something about it must be what brings nodes down."""

NO_REASON = ReportFailure(kind="unknown", message="The execution ended without a reason.")


class RunningRow(NamedTuple):
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
class EndingGroup:
    """The changes of one transaction, gathered row by row and made with a few statements.

    :param unfinished: executions that did what they could, and whose jobs need another one.
    :ivar broken_ingests: jobs of ingests that were not made, with the reason.
    :ivar canceled_ingests: those of them that were canceled.
    """

    context: Context
    session: WriteSession
    now: datetime
    unfinished: Collection[int] = ()
    broken_ingests: dict[int, str] = field(default_factory=dict)
    canceled_ingests: set[int] = field(default_factory=set)
    ended: list[EndedExecution] = field(default_factory=list)
    executions: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    retries: list[dict[str, Any]] = field(default_factory=list)
    errors: FailureNames | None = None

    def record(self, row: RunningRow, report: ExecutionReport) -> None:
        """Take up how one execution ended."""
        steps = _step_columns(report.steps)
        # A wall clock that was set back must not let anything end before it began, or begin before it was asked for.
        started = max(filter(None, (steps["pre_started"] or row.started, row.queued)), default=self.now)
        row = row._replace(started=started)
        if row.job_status != JobStatus.RUNNING:
            # The job was canceled, and may be on the queue again: this execution is no longer its business.
            if report.ingest is None:
                self._break_ingest(row, "Its job was canceled. Requeue the job to have it ingested.")
                self.canceled_ingests.add(row.job_id)
            self._end(row, report, steps, ExecutionEvent.CANCEL, row.job_status)
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

    def _complete(self, row: RunningRow, report: ExecutionReport, steps: Mapping[str, Any]) -> None:
        results = NO_RESULTS
        if report.outputs or report.parse_results:
            execution = _with_job(self.session, row.execution_id)
            results = record_results(self.session, self.context, execution, report).to_document()
            self.session.flush()
        if row.is_long_running or row.execution_id in self.unfinished:
            job_status = self._queue_again(row, tries=row.tries, lost=row.lost_exes)
        else:
            job_status = self._change_job(row, JobEvent.COMPLETE, results=results)
        self._end(row, report, steps, ExecutionEvent.COMPLETE, job_status, results=results)

    def _fail(self, row: RunningRow, report: ExecutionReport, steps: Mapping[str, Any], failure: ReportFailure) -> None:
        error = self._error(row, failure)
        # A canceled run of a job that nobody canceled ended because Scale did.
        ours = failure.kind in OUR_FAILURES or failure.kind == CANCELED
        tries, lost = row.tries + (0 if ours else 1), row.lost_exes + (1 if ours else 0)
        tries_left = tries < max(row.max_tries, 1) and lost <= MAX_OUR_FAILURES
        if row.is_long_running or tries_left:
            job_status = self._queue_again(row, tries=tries, lost=lost)
        else:
            job_status = self._change_job(row, JobEvent.FAIL, error=error, tries=tries, lost=lost)
        if not ours or job_status == JobStatus.FAILED:
            self._break_ingest(row, failure.message)
        self._end(row, report, steps, ExecutionEvent.FAIL, job_status, error=error)

    def _break_ingest(self, row: RunningRow, reason: str) -> None:
        """The file of an ingest job was not taken."""
        if row.job_type_name == INGEST_JOB:
            self.broken_ingests[row.job_id] = reason

    def _end(
        self,
        row: RunningRow,
        report: ExecutionReport,
        steps: Mapping[str, Any],
        event: ExecutionEvent,
        job_status: str,
        *,
        error: NamedError | None = None,
        results: Mapping[str, Any] | None = None,
    ) -> None:
        """Change the execution; ``job_status`` is what its job has come to."""
        status = next_status(EXECUTION, JobExecutionStatus.RUNNING, event, history=f"execution {row.execution_id}")
        message = None if report.failure is None else report.failure.message
        self.executions.append(
            {
                "id": row.execution_id,
                "status": status,
                "started": row.started,
                "ended": self._ended(row),
                "last_modified": self._ended(row),
                "command_arguments": (
                    row.command_arguments if report.command_arguments is None else report.command_arguments
                ),
                "error_id": None if error is None else error.id,
                "message": message,
                "results": results or {},
                "results_manifest": dict(report.results_manifest or {}),
                "environment": self._environment(report),
                **steps,
                **_usage_columns(report),
            }
        )
        self.ended.append(
            EndedExecution(
                execution_id=row.execution_id,
                job_id=row.job_id,
                job_type_id=row.job_type_id,
                job_type=row.job_type_name,
                status=status,
                error_name="" if error is None else error.name,
                category=NO_CATEGORY if error is None else error.category,
                message=message or "",
                is_lost=report.failure is not None and report.failure.kind == NODE_LOST,
                job_status=job_status,
                durations=_durations(steps),
                lasted=(self._ended(row) - (row.started or self.now)).total_seconds(),
                restarts=row.is_long_running and event is not ExecutionEvent.CANCEL,
                failure_kind="" if report.failure is None else report.failure.kind,
            )
        )

    def _queue_again(self, row: RunningRow, *, tries: int, lost: int) -> JobStatus:
        self.retries.append(
            new_execution(row.job_id, row.job_type_id, priority=row.priority, timeout=row.timeout, now=self._ended(row))
        )
        return self._change_job(row, JobEvent.RETRY, tries=tries, lost=lost)

    def _change_job(
        self,
        row: RunningRow,
        event: JobEvent,
        *,
        results: Mapping[str, Any] | None = None,
        error: NamedError | None = None,
        tries: int | None = None,
        lost: int | None = None,
    ) -> JobStatus:
        history = f"job {row.job_id}, {row.job_status} since {row.last_status_change:%Y-%m-%d %H:%M:%S}"
        status = next_status(JOB, JobStatus(row.job_status), event, history=history)
        again = event is JobEvent.RETRY
        self.jobs.append(
            {
                "id": row.job_id,
                "status": status,
                "last_status_change": self._ended(row),
                "last_modified": self._ended(row),
                "queued": self._ended(row) if again else row.queued,
                "started": None if again else row.started,
                "ended": None if again else self._ended(row),
                "num_exes": row.num_exes + again,
                "tries": row.tries if tries is None else tries,
                "lost_exes": row.lost_exes if lost is None else lost,
                "error_id": None if error is None else error.id,
                "results": results or {},
            }
        )
        if not again:
            category = NO_CATEGORY if error is None else error.category
            self.context.telemetry.job_ended(self.session, status, category)
        change = JobStatusChanged(row.job_id, row.job_type_name, row.job_status, status)
        notices.job_status_changed(self.session, self.context, change)
        return status

    def _environment(self, report: ExecutionReport) -> dict[str, Any]:
        """The job environment; empty where no command was started."""
        if report.environment is None:
            return {}
        document = {"engine": self.context.settings.engine, **report.environment.to_document()}
        return JobEnvironment.from_document(document).to_document()

    def _ended(self, row: RunningRow) -> datetime:
        return max(self.now, row.started or self.now)

    def _error(self, row: RunningRow, failure: ReportFailure) -> NamedError:
        if self.errors is None:
            self.errors = FailureNames(self.context, self.session)
        return self.errors.error_of(row.job_type_id, failure)


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
        completed = None if ended is None else datetime.fromisoformat(ended)
        columns[f"{name}_completed"] = None if completed is None else max(completed, columns[f"{name}_started"])
        columns[f"{name}_exit_code"] = None if step is None else step.exit_code
    return columns


def _durations(steps: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    return (
        _seconds(steps["pre_started"], steps["pre_completed"]),
        _seconds(steps["job_started"], steps["job_completed"]),
        _seconds(steps["post_started"], steps["post_completed"]),
    )


def _seconds(began: datetime | None, ended: datetime | None) -> float | None:
    return None if began is None or ended is None else (ended - began).total_seconds()


def _usage_columns(report: ExecutionReport) -> dict[str, float | None]:
    usage = report.usage
    return {
        "cpu_used": None if usage is None else usage.cpu_seconds,
        "mem_used": None if usage is None else usage.memory_mib,
        "disk_used": None if usage is None else usage.disk_mib,
    }


_exe = table_of(JobExecution).c
_job = table_of(Job).c
_type = table_of(JobType).c

_RUNNING = (
    select(
        _exe.id,
        _exe.job_id,
        _exe.job_type_id,
        _type.name,
        _type.is_long_running,
        _job.status,
        _job.last_status_change,
        _job.priority,
        _job.timeout,
        _job.num_exes,
        _job.tries,
        _job.lost_exes,
        _job.max_tries,
        _job.queued,
        _exe.started,
        _exe.command_arguments,
    )
    .join(table_of(Job), _exe.job_id == _job.id)
    .join(table_of(JobType), _exe.job_type_id == _type.id)
    .where(_exe.id.in_(bindparam("ids", expanding=True)), _exe.status == JobExecutionStatus.RUNNING)
    .order_by(_exe.id)
)


def running_rows(session: Session, ids: Collection[int]) -> list[RunningRow]:
    """Those of the executions that run."""
    return [RunningRow._make(row) for row in session.execute(_RUNNING, {"ids": list(ids)})]
