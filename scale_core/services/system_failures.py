"""Which job types have jobs that failed with an error of the system (reference: Job Type System Failures)."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import Function

from scale_core.db.base import Base
from scale_core.db.conditions import one_of
from scale_core.db.listing import Shape
from scale_core.db.models import Error, Job
from scale_core.services.context import Context
from scale_core.services.job_types import REFERENCES
from scale_core.services.listing import ListPage
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated._runtime import timestamp
from scale_generated.enums import ErrorCategory, JobStatus
from scale_generated.queries import ListJobTypeSystemFailuresQuery

ERRORS: Final = Shape(Error, serializers.ERROR_COLUMNS)


class SystemFailureService:
    """Lists failures that are not the fault of algorithms or data."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(
        self, query: ListJobTypeSystemFailuresQuery, urls: SerializerContext
    ) -> ListPage[models.JobTypeSystemFailure]:
        """One page of job types and the errors with which jobs of them have FAILED now, the latest failure first."""
        with self._context.database.read() as session:
            rows = session.execute(_failures()).all()
            page = rows[(query.page - 1) * query.page_size :][: query.page_size]
            job_types = REFERENCES.of_ids(session, sorted({row.job_type_id for row in page}), urls)
            errors = _errors(session, sorted({row.error_id for row in page}), urls)
        types = {one["id"]: one for one in job_types.results}
        return ListPage(len(rows), [_failure(row, types[row.job_type_id], errors[row.error_id]) for row in page])


def _failures() -> Select[Any]:
    """A row for each job type and error: a few, however many jobs have failed. Numbers come from the tally, times from
    the ends of an index."""
    tally = Base.metadata.tables["job_tally"]
    number = func.sum(tally.c.number)
    last = _moment(func.max(Job.last_status_change)).label("last")
    return (
        select(
            tally.c.job_type_id,
            tally.c.error_id,
            number.label("number"),
            _moment(func.min(Job.last_status_change)).label("first"),
            last,
        )
        .join(Error, tally.c.error_id == Error.id)
        .where(tally.c.status == JobStatus.FAILED, Error.category == ErrorCategory.SYSTEM)
        .group_by(tally.c.job_type_id, tally.c.error_id)
        .having(number > 0)
        .order_by(last.desc(), tally.c.job_type_id, tally.c.error_id)
    )


def _moment(wanted: Function[Any]) -> ScalarSelect[Any]:
    tally = Base.metadata.tables["job_tally"]
    return (
        select(wanted)
        .where(
            Job.status == JobStatus.FAILED,
            Job.job_type_id == tally.c.job_type_id,
            Job.error_id == tally.c.error_id,
        )
        .correlate(tally)
        .scalar_subquery()
    )


def _errors(session: Session, ids: Sequence[int], urls: SerializerContext) -> dict[int, models.Error]:
    return {row[0]: serializers.error(row, urls) for row in ERRORS.rows(session, [one_of("id", ids)])}


def _failure(row: Any, job_type: models.JobTypeReference, error: models.Error) -> models.JobTypeSystemFailure:
    return {
        "job_type": job_type,
        "error": error,
        "count": row.number,
        "first_error": timestamp(row.first),
        "last_error": timestamp(row.last),
    }
