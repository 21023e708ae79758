"""How many jobs there were, minute by minute (reference: Queue Services, Job Load)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from scale_core.db.base import Base
from scale_core.db.conditions import Condition, one_of, since, until
from scale_core.db.listing import Order, Page, Shape
from scale_core.db.models import JobLoad, JobType
from scale_core.domain.times import time_range
from scale_core.services.context import Context
from scale_core.services.listing import ListPage
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.enums import JobStatus
from scale_generated.queries import ListJobLoadQuery

STATUSES: Final = (JobStatus.PENDING, JobStatus.QUEUED, JobStatus.RUNNING)

SPAN: Final = timedelta(days=7)
MAX_DAYS: Final = 31
KEPT: Final = timedelta(days=93)
"""Three of the longest ranges that can be asked for. What is older is deleted."""

SAMPLES = Shape(JobLoad, serializers.JOB_LOAD_COLUMNS)
BY_JOB_TYPE = Shape(JobLoad, ("time", "counts"))
JOB_TYPES = Shape(JobType, ())


class JobLoadService:
    """Counts jobs now and then, and tells what was counted."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def record(self) -> None:
        """Count the jobs that wait or run, and forget what was counted long ago."""
        now = self._context.now()
        with self._context.database.write() as session:
            counts = _counts(session)
            pending, queued, running = _totals(counts.values())
            session.add(
                JobLoad(time=now, pending_count=pending, queued_count=queued, running_count=running, counts=counts)
            )
            session.execute(delete(JobLoad).where(JobLoad.time < now - KEPT))

    def list(self, query: ListJobLoadQuery, urls: SerializerContext) -> ListPage[models.JobLoad]:
        """One page of what was counted in the time range (a week by default), the oldest first.

        :raises InvalidTime: the range is no range, or longer than 31 days.
        """
        span = time_range(query.started, query.ended, self._context.now(), max_days=MAX_DAYS, default=SPAN)
        where = [since("time", span.started or span.ended - SPAN), until("time", span.ended)]
        wanted = _wanted(query)
        shape = BY_JOB_TYPE if wanted else SAMPLES
        with self._context.database.read() as session:
            count, rows = shape.page(session, where, [Order("time")], Page(query.page, query.page_size))
            if wanted:
                ids = [str(one) for one in JOB_TYPES.ids(session, wanted)]
                rows = [_of_some(time, counts, ids) for time, counts in rows]
        return ListPage(count, [serializers.job_load(row, urls) for row in rows])


def _wanted(query: ListJobLoadQuery) -> list[Condition]:
    """Which job types are asked for; no condition: all."""
    given: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("id", query.job_type_id),
        ("name", query.job_type_name),
        ("category", query.job_type_category),
        ("priority", query.job_type_priority),
    )
    return [one_of(field, values) for field, values in given if values]


def _of_some(time: datetime, counts: Mapping[str, Sequence[int]], ids: Iterable[str]) -> tuple[Any, ...]:
    """A row as of :data:`SAMPLES`, of some job types."""
    return time, *_totals(counts[one] for one in ids if one in counts)


def _counts(session: Session) -> dict[str, list[int]]:
    """How many jobs there are in each of :data:`STATUSES`, by id of the job type."""
    tally = Base.metadata.tables["job_tally"]
    statement = (
        select(tally.c.job_type_id, tally.c.status, func.sum(tally.c.number))
        .where(tally.c.status.in_(STATUSES))
        .group_by(tally.c.job_type_id, tally.c.status)
    )
    counts: dict[str, list[int]] = {}
    for job_type_id, status, number in session.execute(statement):
        if number:
            counts.setdefault(str(job_type_id), [0] * len(STATUSES))[STATUSES.index(status)] = int(number)
    return counts


def _totals(counts: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """The sums over job types, of no types 0."""
    return tuple(map(sum, zip(*counts, strict=True))) or (0,) * len(STATUSES)
