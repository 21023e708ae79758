"""Which jobs a change of many is about, found along indexes however many there are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.conditions import Condition, equal, one_of, since, until
from scale_core.db.listing import Shape
from scale_core.db.models import Job, JobType
from scale_core.domain.times import TimeRange
from scale_generated import models

JOBS: Final = Shape(Job, ())
PART: Final = 500
"""So many given ids are looked for in one query."""

TYPE_FILTERS: Final = {"job_type_ids": "id", "job_type_names": "name", "job_type_categories": "category"}


def batched(ids: Sequence[int], size: int) -> list[Sequence[int]]:
    """The ids in parts of at most ``size``."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]


class JobSelection:
    """The jobs that fulfil all filters of a request.

    :param body: the request, of whose filters each may be left out.
    :param span: the time of the last change, from ``started`` and ``ended`` of the request.
    :param statuses: those that count where the request names none.
    :param spares_own: whether Scale's own jobs are left out where the request says nothing of jobs or job types.
    :param newest: id of the last job that counts.
    """

    def __init__(
        self,
        body: Mapping[str, Any],
        span: TimeRange,
        statuses: Sequence[str],
        *,
        spares_own: bool,
        newest: int | None = None,
    ) -> None:
        self._job_ids: Sequence[int] | None = None if "job_ids" not in body else sorted(set(body["job_ids"]))
        where = [one_of("status", [body["status"]] if "status" in body else list(statuses))]
        if span.started is not None:
            where.append(since("last_modified", span.started))
        if "ended" in body:
            where.append(until("last_modified", span.ended))
        types = {column: body[name] for name, column in TYPE_FILTERS.items() if name in body}
        where += [one_of(f"job_type.{column}", values) for column, values in types.items()]
        if spares_own and not types and self._job_ids is None:
            where.append(equal("job_type.is_system", False))
        if newest is not None:
            where.append(until("id", newest))
        self._where: list[Condition] = where

    def ids(self, session: Session, at_most: int | None = None) -> list[int]:
        """Their ids, in order; ``at_most``: any so many of them."""
        found: list[int] = []
        for where in self._parts():
            left = None if at_most is None else at_most - len(found)
            if left == 0:
                break
            found += JOBS.ids(session, where, left)
        return found

    def counts(self, session: Session) -> list[models.JobTypeCount]:
        """How many they are of each job type, in the order of the types' names."""
        numbers: dict[int, int] = {}
        for where in self._parts():
            for job_type_id, number in JOBS.count_by(session, where, "job_type.id").items():
                numbers[job_type_id] = numbers.get(job_type_id, 0) + number
        return job_type_counts(session, numbers)

    def _parts(self) -> list[list[Condition]]:
        if self._job_ids is None:
            return [self._where]
        return [[*self._where, one_of("id", some)] for some in batched(self._job_ids, PART)]


def job_type_counts(session: Session, numbers: Mapping[int, int]) -> list[models.JobTypeCount]:
    """Numbers of jobs by the ids of their types as clients see them, in the order of the types' names."""
    types = session.execute(
        select(JobType.id, JobType.name, JobType.version)
        .where(JobType.id.in_([one for one, number in numbers.items() if number]))
        .order_by(JobType.name, JobType.version)
    )
    return [
        {"job_type_id": row.id, "job_type_name": row.name, "job_type_version": row.version, "count": numbers[row.id]}
        for row in types
    ]
