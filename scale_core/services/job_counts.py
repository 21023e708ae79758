"""How many jobs of a type are in which status (reference: Job Type Services)."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case, func, select, union_all
from sqlalchemy.orm import Session

from scale_core.db.models import Error, Job
from scale_generated import models
from scale_generated._runtime import timestamp
from scale_generated.enums import JobStatus

WINDOWS: Final = (timedelta(hours=6), timedelta(hours=12), timedelta(hours=24))
"""The spans of time that job type details count, the longest last."""


def recent_counts(session: Session, job_type_id: int, now: datetime) -> list[list[models.JobStatusCount]]:
    """Counts of a job type for each of :data:`WINDOWS`, from one query; running jobs count whatever their age."""
    starts = [now - window for window in WINDOWS]
    rows = session.execute(_counts([job_type_id], starts, None)).all()
    return [[_count(row, row[4 + index]) for row in rows if row[4 + index]] for index in range(len(starts))]


def counts_between(
    session: Session, job_type_ids: Collection[int], started: datetime, ended: datetime
) -> dict[int, list[models.JobStatusCount]]:
    """Counts by job type id of jobs whose status last changed in a span of time, or that run; one query."""
    counts: dict[int, list[models.JobStatusCount]] = defaultdict(list)
    for row in session.execute(_counts(sorted(job_type_ids), [started], ended)):
        counts[row.job_type_id].append(_count(row, row[4]))
    return counts


def _counts(job_type_ids: Sequence[int], starts: Sequence[datetime], ended: datetime | None) -> Select[Any]:
    """job_type_id, status, category, most_recent, and a count since each of ``starts``, of which the last is the
    earliest."""
    category = case((Job.status == JobStatus.FAILED, Error.category)).label("category")
    since: list[ColumnElement[int]] = [
        func.sum(case((Job.last_status_change >= start, 1), else_=0)).label(f"since_{index}")
        for index, start in enumerate(starts)
    ]
    conditions = [
        Job.status != JobStatus.RUNNING,
        # A job is modified whenever its status changes, and the index is on that.
        Job.last_modified >= starts[-1],
        Job.last_status_change >= starts[-1],
    ]
    if ended is not None:
        conditions.append(Job.last_status_change <= ended)
    columns = (Job.job_type_id, Job.status.label("status"), category)
    most_recent = func.max(Job.last_status_change).label("most_recent")
    recent = (
        select(*columns, most_recent, *since)
        .outerjoin(Error, Job.error_id == Error.id)
        .where(Job.job_type_id.in_(job_type_ids), *conditions)
        .group_by(Job.job_type_id, Job.status, category)
    )
    running = (
        select(*columns, most_recent, *(func.count().label(f"since_{index}") for index in range(len(starts))))
        .outerjoin(Error, Job.error_id == Error.id)
        # Not by the index on the type, which has all that ever ran.
        .where(Job.status == JobStatus.RUNNING, (Job.job_type_id + 0).in_(job_type_ids))
        .group_by(Job.job_type_id, Job.status, category)
    )
    both = union_all(recent, running).subquery()
    return select(both).order_by(both.c.job_type_id, both.c.status, both.c.category)


def _count(row: Any, count: int) -> models.JobStatusCount:
    return {"status": row.status, "count": count, "most_recent": timestamp(row.most_recent), "category": row.category}
