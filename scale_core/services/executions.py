"""Executions, as the scheduler sees them: the queue, claims, and what becomes of each.

Everything works in groups: one transaction claims all that a pass of placement found a place for, one records all that
has ended since. A report that is told twice, or for an execution that has ended already, changes nothing.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, joinedload

from scale_core.db.database import WriteSession
from scale_core.db.models import Error, Job, JobExecution, JobType, Node
from scale_core.domain.states import ExecutionEvent, JobEvent
from scale_core.interfaces.engine import Resources
from scale_core.services.context import Context
from scale_core.services.ends import ended_execution, tell_ends
from scale_core.services.jobs import change_execution_status, change_status, enqueue, values_of
from scale_core.services.plans import build_plans
from scale_core.services.products import record_results
from scale_core.services.recipes import advance_recipes_of
from scale_core.services.telemetry import EndedExecution
from scale_generated.enums import JobExecutionStatus, JobStatus
from scale_generated.specs.error_interface import ErrorInterface
from scale_generated.specs.execution_plan import ExecutionPlan
from scale_generated.specs.execution_report import ExecutionReport, ReportFailure, ReportStep, ReportSteps

log = logging.getLogger(__name__)

NODE_LOST = "node-lost"
OUR_FAILURES = frozenset({NODE_LOST, "engine"})
"""Kinds of failure that are not the job's: they do not cost it a try."""

MAX_OUR_FAILURES = 20
"""After so many failures of ours a job fails all the same: something about it must be what brings nodes down."""


@dataclass(frozen=True, slots=True)
class QueuedExecution:
    """What placement needs to know of an execution on the queue."""

    execution_id: int
    job_id: int
    job_type_id: int
    job_type_name: str
    is_system: bool
    is_long_running: bool
    uses_docker: bool
    priority: int
    queued: datetime
    resources: Resources
    max_scheduled: int | None
    running_of_type: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an execution is to run: ``node_id`` is the node's id in the database, ``agent_id`` the engine's name.
    Scale's own tasks and engines that place by themselves have no node."""

    execution_id: int
    node_id: int | None
    agent_id: str


@dataclass(frozen=True, slots=True)
class SystemTask:
    """An execution of one of Scale's own job types; ``data`` are the values of its inputs by name."""

    execution_id: int
    job_id: int
    task: str
    data: dict[str, str]


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim won: plans for the engine with the node they go to, and tasks for this process."""

    plans: list[tuple[ExecutionPlan, str]]
    system_tasks: list[SystemTask]


@dataclass(frozen=True, slots=True)
class RunningExecution:
    """An execution that the database believes to be running."""

    execution_id: int
    agent_id: str
    is_system: bool


class ExecutionService:
    """The scheduler's door to the database."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def queue(self, limit: int) -> list[QueuedExecution]:
        """The first ``limit`` executions of the queue, by priority, then age. Those of paused types are left out, and
        those of jobs that were queued again while an execution of them is still being ended."""
        with self._context.database.read() as session:
            running = _running_by_type(session)
            rows = session.execute(
                select(JobExecution, Job, JobType)
                .join(Job, JobExecution.job_id == Job.id)
                .join(JobType, JobExecution.job_type_id == JobType.id)
                .where(
                    JobExecution.status == JobExecutionStatus.QUEUED,
                    ~JobType.is_paused,
                    JobExecution.job_id.not_in(
                        select(JobExecution.job_id).where(JobExecution.status == JobExecutionStatus.RUNNING)
                    ),
                )
                .order_by(JobExecution.priority, JobExecution.queued, JobExecution.id)
                .limit(limit)
            )
            return [_queued(*row, running.get(row.JobType.id, 0)) for row in rows]

    def claim(self, placements: Sequence[Placement]) -> Claimed:
        """Take executions off the queue and onto their nodes; those that are no longer QUEUED are left out."""
        if not placements:
            return Claimed([], [])
        by_id = {placement.execution_id: placement for placement in placements}
        now = self._context.now()
        with self._context.database.write() as session:
            executions = [one for one in _load(session, by_id) if one.status == JobExecutionStatus.QUEUED]
            for execution in executions:
                self._start(session, execution, by_id[execution.id].node_id, now)
            ours = [one for one in executions if one.job.job_type.is_system]
            theirs = [one for one in executions if not one.job.job_type.is_system]
            plans = [(plan, by_id[plan.execution_id].agent_id) for plan in build_plans(session, theirs, now)]
            tasks = [SystemTask(one.id, one.job_id, one.job.job_type.name, values_of(one.job.data)) for one in ours]
            return Claimed(plans, tasks)

    def _start(self, session: WriteSession, execution: JobExecution, node_id: int | None, now: datetime) -> None:
        job = execution.job
        change_execution_status(self._context, execution, ExecutionEvent.START)
        change_status(session, self._context, job, JobEvent.START)
        execution.node_id = node_id
        execution.started = job.started = now
        execution.command_arguments = job.job_type_rev.interface.get("command_arguments", "")
        execution.cpus_scheduled = job.cpus_required
        execution.mem_scheduled = job.mem_required
        execution.disk_in_scheduled = job.disk_in_required
        execution.disk_out_scheduled = job.disk_out_required
        execution.disk_total_scheduled = job.disk_in_required + job.disk_out_required

    def running(self) -> list[RunningExecution]:
        """Executions in RUNNING, for reconciliation."""
        with self._context.database.read() as session:
            rows = session.execute(
                select(JobExecution.id, Node.slave_id, JobType.is_system)
                .join(JobType, JobExecution.job_type_id == JobType.id)
                .outerjoin(Node, JobExecution.node_id == Node.id)
                .where(JobExecution.status == JobExecutionStatus.RUNNING)
                .order_by(JobExecution.id)
            )
            return [RunningExecution(row.id, row.slave_id or "", row.is_system) for row in rows]

    def canceled_running(self) -> list[int]:
        """Executions that still run though their job does not, for it was canceled (and may be queued again already):
        the engine has to end them."""
        with self._context.database.read() as session:
            return list(
                session.scalars(
                    select(JobExecution.id)
                    .join(Job, JobExecution.job_id == Job.id)
                    .where(JobExecution.status == JobExecutionStatus.RUNNING, Job.status != JobStatus.RUNNING)
                )
            )

    def step_started(self, started: Sequence[tuple[int, str, datetime]]) -> None:
        """Record that steps have begun: (execution id, step, when)."""
        if not started:
            return
        now = self._context.now()
        for execution_id, step, _when in started:
            log.debug("Step %s has begun", step, extra={"execution_id": execution_id})
        with self._context.database.write() as session:
            for execution_id, step, when in started:
                session.execute(
                    update(JobExecution)
                    .where(JobExecution.id == execution_id, JobExecution.status == JobExecutionStatus.RUNNING)
                    .values({f"{step}_started": when, "last_modified": now})
                )

    def finish(self, reports: Sequence[ExecutionReport]) -> None:
        """Record how executions ended, and everything that follows: products, errors, retries, recipes, triggers."""
        if not reports:
            return
        try:
            self._finish_group(reports)
        except (SQLAlchemyError, ArithmeticError, LookupError, TypeError, ValueError):
            # One report that cannot be recorded must not take the others with it.
            log.exception("Reports could not be recorded as a group; trying one by one")
            for report in reports:
                self._finish_alone(report)

    def lost(self, losses: Sequence[tuple[int, str]]) -> None:
        """Record that executions are gone without a report: (execution id, message). It does not cost a try."""
        self.finish([failure_report(execution_id, NODE_LOST, message) for execution_id, message in losses])

    def finish_system(self, execution_id: int, failure: ReportFailure | None) -> None:
        """Record the end of a system task; ``failure`` None: it completed."""
        self.finish_system_many([(execution_id, failure)])

    def finish_system_many(self, ended: Sequence[tuple[int, ReportFailure | None]]) -> None:
        """Record the end of many system tasks in one transaction."""
        self.finish([_system_report(execution_id, failure) for execution_id, failure in ended])

    def _finish_group(self, reports: Sequence[ExecutionReport]) -> None:
        by_id = {report.execution_id: report for report in reports}
        with self._context.database.write() as session:
            ended = [
                self._record(session, execution, by_id[execution.id])
                for execution in _load(session, by_id)
                if execution.status == JobExecutionStatus.RUNNING
            ]
            session.flush()
            advance_recipes_of(session, self._context, [one.job_id for one in ended])
        tell_ends(self._context.telemetry, ended)

    def _finish_alone(self, report: ExecutionReport) -> None:
        try:
            self._finish_group([report])
        except (SQLAlchemyError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            log.exception(
                "A report cannot be recorded; the execution fails", extra={"execution_id": report.execution_id}
            )
            message = f"The results could not be recorded: {type(error).__name__}: {error}"
            self._finish_group([failure_report(report.execution_id, "unknown", message, report.steps)])

    def _record(self, session: WriteSession, execution: JobExecution, report: ExecutionReport) -> EndedExecution:
        now = self._context.now()
        _record_steps(execution, report)
        execution.ended = now
        if report.failure is not None:
            execution.message = report.failure.message
        if report.results_manifest is not None:
            execution.results_manifest = dict(report.results_manifest)
        if execution.job.status != JobStatus.RUNNING:
            # The job was canceled, and may be on the queue again: this execution is no longer its business.
            change_execution_status(self._context, execution, ExecutionEvent.CANCEL)
            return ended_execution(execution, execution.job)
        execution.job.ended = now
        if report.failure is None and report.status == "COMPLETED":
            self._complete(session, execution, report)
            return ended_execution(execution, execution.job)
        failure = report.failure or ReportFailure(kind="unknown", message="The execution ended without a reason.")
        return self._fail(session, execution, failure)

    def _complete(self, session: WriteSession, execution: JobExecution, report: ExecutionReport) -> None:
        job = execution.job
        change_execution_status(self._context, execution, ExecutionEvent.COMPLETE)
        change_status(session, self._context, job, JobEvent.COMPLETE)
        results = record_results(session, self._context, execution, report)
        execution.results = job.results = results.to_document()
        if job.job_type.is_long_running:
            log.info(
                "A job of the long-running type %s ended",
                job.job_type.name,
                extra={"job_id": job.id, "execution_id": execution.id, "job_type": job.job_type.name},
            )

    def _fail(self, session: WriteSession, execution: JobExecution, failure: ReportFailure) -> EndedExecution:
        job = execution.job
        error = self._error(session, job.job_type, failure)
        change_execution_status(self._context, execution, ExecutionEvent.FAIL)
        execution.error_id = error.id
        # A canceled run of a job that nobody canceled ended because Scale did.
        ours = failure.kind in OUR_FAILURES or failure.kind == "canceled"
        job.tries += 0 if ours else 1
        job.lost_exes += 1 if ours else 0
        tries_left = job.tries < max(job.max_tries, 1) and job.lost_exes <= MAX_OUR_FAILURES
        if job.job_type.is_long_running or tries_left:
            enqueue(session, self._context, job, JobEvent.RETRY)
        else:
            change_status(session, self._context, job, JobEvent.FAIL, error.category)
            job.error_id = error.id
        return ended_execution(execution, job, error.name, error.category, is_lost=failure.kind == NODE_LOST)

    def _error(self, session: Session, job_type: JobType, failure: ReportFailure) -> Error:
        mapping = ErrorInterface.from_document(job_type.error_mapping)
        exit_codes = {int(code): name for code, name in mapping.exit_codes.items()}
        named = (mapper.map(failure, exit_codes) for mapper in self._context.registry.error_mappers)
        name = next((one for one in named if one is not None), "unknown")
        found = {one.name: one for one in session.scalars(select(Error).where(Error.name.in_((name, "unknown"))))}
        return found.get(name) or found["unknown"]


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


def _system_report(execution_id: int, failure: ReportFailure | None) -> ExecutionReport:
    document: dict[str, Any] = {
        "execution_id": execution_id,
        "status": "COMPLETED" if failure is None else "FAILED",
        "steps": {},
    }
    if failure is not None:
        document["failure"] = failure.to_document()
    return ExecutionReport.from_document(document)


def _load(session: Session, ids: Collection[int]) -> list[JobExecution]:
    return list(
        session.scalars(
            select(JobExecution)
            .where(JobExecution.id.in_(ids))
            .order_by(JobExecution.id)
            .options(
                joinedload(JobExecution.job).joinedload(Job.job_type),
                joinedload(JobExecution.job).joinedload(Job.job_type_rev),
            )
        )
    )


def _running_by_type(session: Session) -> dict[int, int]:
    rows: Any = session.execute(
        select(JobExecution.job_type_id, func.count())
        .where(JobExecution.status == JobExecutionStatus.RUNNING)
        .group_by(JobExecution.job_type_id)
    )
    return dict(rows.all())


def _queued(execution: JobExecution, job: Job, job_type: JobType, running: int) -> QueuedExecution:
    return QueuedExecution(
        execution_id=execution.id,
        job_id=job.id,
        job_type_id=job_type.id,
        job_type_name=job_type.name,
        is_system=job_type.is_system,
        is_long_running=job_type.is_long_running,
        uses_docker=job_type.docker_image is not None,
        priority=execution.priority,
        queued=execution.queued,
        resources=Resources(job.cpus_required, job.mem_required, job.disk_in_required + job.disk_out_required),
        max_scheduled=job_type.max_scheduled,
        running_of_type=running,
    )


def _record_steps(execution: JobExecution, report: ExecutionReport) -> None:
    for name, step in (("pre", report.steps.pre), ("job", report.steps.job), ("post", report.steps.post)):
        if step is not None:
            _record_step(execution, name, step)
    if report.command_arguments is not None:
        execution.command_arguments = report.command_arguments


def _record_step(execution: JobExecution, name: str, step: ReportStep) -> None:
    setattr(execution, f"{name}_started", datetime.fromisoformat(step.started))
    if step.ended is not None:
        setattr(execution, f"{name}_completed", datetime.fromisoformat(step.ended))
    setattr(execution, f"{name}_exit_code", step.exit_code)
