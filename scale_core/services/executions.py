"""Executions, as the scheduler sees them: the queue, what runs, and claims.

Everything works in groups, on plain rows: one transaction claims all that a pass of placement found a place for. What
becomes of an execution afterwards is in :mod:`scale_core.services.endings`.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.bulk import update_by_id
from scale_core.db.database import WriteSession
from scale_core.db.given import given
from scale_core.db.models import Job, JobExecution, JobType, Node
from scale_core.domain.placement import Placement, QueuedExecution
from scale_core.domain.states import EXECUTION, JOB, ExecutionEvent, JobEvent, next_status
from scale_core.interfaces.notice import JobStatusChanged
from scale_core.services import notices, queue_views
from scale_core.services.context import Context
from scale_core.services.execution_queries import CLAIMS, STILL_RUNNING
from scale_core.services.jobs import values_of
from scale_core.services.plans import PlanBuilder, PlanSource
from scale_core.services.queue_views import QueueView
from scale_generated.enums import JobExecutionStatus, JobStatus
from scale_generated.specs.execution_plan import ExecutionPlan

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SystemTask:
    """An execution of one of Scale's own job types; ``data`` are the values of its inputs by name."""

    execution_id: int
    job_id: int
    task: str
    data: dict[str, str]


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim won: plans for the engine with the node they go to, tasks for this process, and plans of Scale's own
    tasks that nodes do, which say nothing yet of what is to be done."""

    plans: list[tuple[ExecutionPlan, str]]
    system_tasks: list[SystemTask]
    node_tasks: list[tuple[ExecutionPlan, str]] = field(default_factory=list)

    def add(self, more: "Claimed") -> None:
        """Add what another claim won."""
        self.plans.extend(more.plans)
        self.system_tasks.extend(more.system_tasks)
        self.node_tasks.extend(more.node_tasks)


@dataclass(frozen=True, slots=True)
class RunningExecution:
    """An execution that the database believes to be running; ``is_task``: in the process of a scheduler."""

    execution_id: int
    agent_id: str
    is_task: bool


class ExecutionService:
    """The scheduler's door to the queue."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._plans = PlanBuilder()

    def look(self, window: int, longest: int, since: datetime, hopeless: Collection[int] = ()) -> QueueView:
        """What there is to schedule, in one transaction; as :func:`queue_views.look`."""
        with self._context.database.read() as session:
            return queue_views.look(session, window, longest, since, hopeless)

    def queue(self, limit: int, skipped: Collection[int] = (), *, only_tasks: bool = False) -> list[QueuedExecution]:
        """The first executions of the queue; as :func:`queue_views.queue_behind`."""
        with self._context.database.read() as session:
            return queue_views.queue_behind(session, limit, skipped, only_tasks=only_tasks)

    def running(self) -> list[RunningExecution]:
        """Executions in RUNNING, for reconciliation."""
        with self._context.database.read() as session:
            rows = session.execute(
                select(JobExecution.id, JobExecution.node_id, Node.slave_id, JobType.is_system)
                .join(JobType, JobExecution.job_type_id == JobType.id)
                .outerjoin(Node, JobExecution.node_id == Node.id)
                .where(JobExecution.status == JobExecutionStatus.RUNNING)
                .order_by(JobExecution.id)
            )
            return [RunningExecution(row.id, row.slave_id or "", row.is_system and row.node_id is None) for row in rows]

    def claim(self, placements: Sequence[Placement]) -> Claimed:
        """Take executions off the queue and onto their nodes; those that are no longer QUEUED are left out."""
        if not placements:
            return Claimed([], [])
        by_id = {placement.execution_id: placement for placement in placements}
        now = self._context.now()
        with self._context.database.write() as session:
            claims = _claims(session, by_id)
            self._start(session, claims, by_id, now)
            here = [one for one in claims if one.is_system and by_id[one.execution_id].node_id is None]
            tasks = {one.execution_id for one in here}
            built = self._plans.build(session, [one for one in claims if one.execution_id not in tasks], now)
        scales = {one.execution_id for one in claims if one.is_system}
        plans = [(plan, by_id[plan.execution_id].agent_id) for plan in built]
        return Claimed(
            [one for one in plans if one[0].execution_id not in scales],
            [SystemTask(one.execution_id, one.job_id, one.job_type_name, values_of(one.data)) for one in here],
            [one for one in plans if one[0].execution_id in scales],
        )

    def _start(
        self,
        session: WriteSession,
        claims: Sequence[PlanSource],
        placements: dict[int, Placement],
        now: datetime,
    ) -> None:
        interfaces = self._plans.interfaces(session, {one.job_type_rev_id for one in claims})
        executions, jobs = [], []
        for one in claims:
            status = next_status(
                EXECUTION, JobExecutionStatus.QUEUED, ExecutionEvent.START, history=f"execution {one.execution_id}"
            )
            # A wall clock that was set back must not let anything begin before it was asked for.
            started = max(now, one.queued)
            executions.append(
                {
                    "id": one.execution_id,
                    "status": status,
                    "node_id": placements[one.execution_id].node_id,
                    "started": started,
                    "last_modified": started,
                    "command_arguments": interfaces[one.job_type_rev_id].command_arguments,
                    "cpus_scheduled": one.cpus,
                    "mem_scheduled": one.mem,
                    "disk_in_scheduled": one.disk_in,
                    "disk_out_scheduled": one.disk_out,
                    "disk_total_scheduled": one.disk_in + one.disk_out,
                }
            )
            job_status = next_status(JOB, JobStatus(one.job_status), JobEvent.START, history=f"job {one.job_id}")
            jobs.append(
                {
                    "id": one.job_id,
                    "status": job_status,
                    "started": started,
                    "last_status_change": started,
                    "last_modified": started,
                }
            )
            notices.job_status_changed(
                session,
                self._context,
                JobStatusChanged(one.job_id, one.job_type_name, one.job_status, job_status),
            )
        update_by_id(session, JobExecution, executions)
        update_by_id(session, Job, jobs)

    def step_started(self, started: Sequence[tuple[int, str, datetime]]) -> None:
        """Record that steps have begun: (execution id, step, when)."""
        if not started:
            return
        now = self._context.now()
        for execution_id, step, _when in started:
            log.debug("Step %s has begun", step, extra={"execution_id": execution_id})
        by_step: dict[str, dict[int, datetime]] = {}
        for execution_id, step, when in started:
            by_step.setdefault(step, {})[execution_id] = when
        with self._context.database.write() as session:
            # None of them ends meanwhile: whoever records that, records this.
            ids = [execution_id for execution_id, *_rest in started]
            running = set(STILL_RUNNING.values(session, **given(ids, session.get_bind().dialect.name)))
            for step, times in by_step.items():
                begun = [{"id": one, f"{step}_started": when} for one, when in times.items() if one in running]
                update_by_id(session, JobExecution, begun, last_modified=now)


def _claims(session: Session, ids: Collection[int]) -> list[PlanSource]:
    rows = CLAIMS.rows(session, **given(list(ids), session.get_bind().dialect.name))
    return [PlanSource._make(row) for row in rows]
