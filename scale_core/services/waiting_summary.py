"""What jobs wait for, all together (``GET /queue/waiting/``)."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scale_core.db.base import Base
from scale_core.db.models import JobExecution, JobType
from scale_core.domain.placement import Reason
from scale_core.services.context import Context
from scale_core.services.outlook import Outlook
from scale_core.services.queue_views import queued_of_jobs
from scale_generated import models
from scale_generated.enums import JobExecutionStatus, JobStatus

DEPENDENCIES: Final = "Jobs that they depend on have not completed."

Told = tuple[str, str]
"""A reason, and its words."""


def waiting_summary(session: Session, context: Context) -> models.WaitingSummary:
    """Why jobs are not running, and how many each reason keeps.

    Of each job type, the job that was queued last speaks for all that are queued: what keeps it keeps most of them. So
    it costs what there are of job types, beside one look at the queue, and nothing of what is done.
    """
    found: dict[Told, list[models.JobTypeCount]] = defaultdict(list)
    total = 0
    for count, told in [*_queued(session, context), *_depending(session)]:
        total += count["count"]
        for one in told:
            found[one].append(count)
    groups = [_group(told, counts) for told, counts in found.items()]
    return {"count": total, "reasons": sorted(groups, key=lambda one: (-one["count"], one["message"]))}


def _queued(session: Session, context: Context) -> Iterator[tuple[models.JobTypeCount, list[Told]]]:
    """The queued jobs of each job type, and what keeps them."""
    # Grouped before it is joined: the index has the queue in the order of its types.
    queue = (
        select(JobExecution.job_type_id, func.count().label("number"), func.max(JobExecution.job_id).label("job_id"))
        .where(JobExecution.status == JobExecutionStatus.QUEUED)
        .group_by(JobExecution.job_type_id)
        .subquery()
    )
    rows = session.execute(
        select(queue, JobType.name, JobType.version).join(JobType, queue.c.job_type_id == JobType.id)
    ).all()
    if not rows:
        return
    executions = queued_of_jobs(session, [row.job_id for row in rows])
    prospects = Outlook(session, context).of_queued(executions)
    told = {one.job_id: prospects[one.execution_id].reasons for one in executions}
    for row in rows:
        yield _count(row), [(why.reason.value, why.detail) for why in told.get(row.job_id, ())]


def _depending(session: Session) -> Iterator[tuple[models.JobTypeCount, list[Told]]]:
    """Jobs that wait for others, by job type; from the tally, so that it costs the same however many there are."""
    tally = Base.metadata.tables["job_tally"]
    number = func.sum(tally.c.number)
    waiting = (
        select(tally.c.job_type_id, number.label("number"))
        .where(tally.c.status.in_((JobStatus.PENDING, JobStatus.BLOCKED)))
        .group_by(tally.c.job_type_id)
        .having(number > 0)
        .subquery()
    )
    rows = session.execute(
        select(waiting, JobType.name, JobType.version).join(JobType, waiting.c.job_type_id == JobType.id)
    )
    for row in rows.all():
        yield _count(row), [(Reason.DEPENDENCIES.value, DEPENDENCIES)]


def _count(row: Any) -> models.JobTypeCount:
    return {
        "job_type_id": row.job_type_id,
        "job_type_name": row.name,
        "job_type_version": row.version,
        "count": int(row.number),
    }


def _group(told: Told, counts: list[models.JobTypeCount]) -> models.WaitingGroup:
    reason, message = told
    return {
        "reason": Reason(reason).value,
        "message": message,
        "count": sum(one["count"] for one in counts),
        "job_types": sorted(counts, key=lambda one: (-one["count"], one["job_type_name"], one["job_type_version"])),
    }
