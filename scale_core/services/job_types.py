"""Job types: algorithms and what Scale needs to know to run them (reference: Job Type Services)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scale_core.db.conditions import Condition, equal, one_of
from scale_core.db.listing import Shape
from scale_core.db.models import Error, Job, JobType
from scale_core.domain.times import time_range
from scale_core.services.broken_recipe_types import check_unused
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound
from scale_core.services.findings import Findings
from scale_core.services.impact import Impact, exists
from scale_core.services.job_counts import counts_between, recent_counts
from scale_core.services.job_type_edits import CheckedJobType, JobTypeEditor
from scale_core.services.jobs import wake_queue
from scale_core.services.listing import Listing, ListPage
from scale_core.services.request_bodies import without_key
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated._runtime import timestamp
from scale_generated.enums import JobStatus
from scale_generated.queries import ListJobTypesQuery, ListJobTypeStatusQuery, ListRunningJobTypesQuery
from scale_generated.specs.error_interface import ErrorInterface

SUMMARIES: Listing[models.JobTypeSummary] = Listing(
    Shape(JobType, serializers.JOB_TYPE_SUMMARY_COLUMNS),
    serializers.job_type_summary,
    serializers.JOB_TYPE_SUMMARY_ORDER,
)
REFERENCES: Listing[models.JobTypeReference] = Listing(
    Shape(JobType, serializers.JOB_TYPE_REFERENCE_COLUMNS),
    serializers.job_type_reference,
    serializers.JOB_TYPE_REFERENCE_ORDER,
)
DETAILS = Shape(JobType, serializers.JOB_TYPE_DETAILS_COLUMNS)
ERRORS = Shape(Error, serializers.ERROR_COLUMNS)

STATUS_SPAN: Final = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class _PageOnly:
    """The query of a list whose time range does not select by the time of its rows."""

    page: int
    page_size: int
    started: str | None = None
    ended: str | None = None
    order: tuple[str, ...] = ()


class JobTypeService:
    """Lists, creates, edits and checks job types."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._editor = JobTypeEditor(context)

    def list(self, query: ListJobTypesQuery, urls: SerializerContext) -> ListPage[models.JobTypeSummary]:
        """One page of job types."""

        where: list[Condition] = []
        if query.name:
            where.append(one_of("name", query.name))
        if query.category:
            where.append(one_of("category", query.category))

        with self._context.database.read() as session:
            return SUMMARIES.page(session, query, where, urls, self._context.now())

    def get(self, job_type_id: int, urls: SerializerContext) -> models.JobTypeDetails:
        """A job type with its errors, its rule and counts of its jobs.

        :raises NotFound: there is no such job type.
        """
        with self._context.database.read() as session:
            return self._details(session, job_type_id, urls)

    def create(self, body: models.NewJobType, urls: SerializerContext) -> models.JobTypeDetails:
        """A new job type, with its trigger rule.

        :raises Conflict: there is one of that name and version.
        :raises Invalid: interface, error mapping or trigger rule are wrong.
        """
        with self._context.database.write() as session:
            self._editor.require_free(session, (body["name"], body["version"]))
            findings = Findings()
            checked = self._editor.check(session, findings, body)
            findings.refuse()
            job_type = self._editor.create(session, checked)
            return self._details(session, job_type.id, urls)

    def edit(self, job_type_id: int, body: models.JobTypeEdit, urls: SerializerContext) -> models.JobTypeDetails:
        """Change the given fields. ``trigger_rule`` None removes the rule.

        :raises NotFound: there is no such job type.
        :raises Invalid: the change is wrong, would break a recipe type, or is one that a system type does not allow.
        """
        with self._context.database.write() as session:
            job_type = session.get(JobType, job_type_id)
            if job_type is None:
                raise NotFound("job type", job_type_id)
            findings = Findings()
            checked = self._checked_edit(session, findings, job_type, body)
            findings.refuse()
            self._editor.edit(session, job_type, checked)
            wake_queue(session, self._context)
            return self._details(session, job_type_id, urls)

    def validate(self, body: models.NewJobType) -> models.ValidationResult:
        """Check a new job type, or, where there is one of that name and version, a change of that one to the given
        fields; save nothing. The warnings say what the change would reach.

        :raises Invalid: what :meth:`create` or :meth:`edit` would refuse.
        """
        with self._context.database.read() as session:
            findings = Findings()
            existing = self._editor.find(session, (body["name"], body["version"]))
            if existing is None:
                self._editor.check(session, findings, body)
            else:
                findings.warning("exists", exists("job type", existing.name, existing.version))
                checked = self._checked_edit(session, findings, existing, without_key(body))
                findings.refuse()
                Impact(job_types=[(existing, self._editor.plan(existing, checked))]).warn(session, findings)
        findings.refuse()
        return findings.result()

    def status(self, query: ListJobTypeStatusQuery, urls: SerializerContext) -> ListPage[models.JobTypeStatus]:
        """Active job types with counts of the jobs whose status changed in the time range (3 hours by default), and of
        those that run."""
        now = self._context.now()
        span = time_range(query.started, query.ended, now, default=STATUS_SPAN)
        only = _PageOnly(query.page, query.page_size)
        with self._context.database.read() as session:
            page = REFERENCES.page(session, only, [equal("is_active", True)], urls, now)
            ids = [one["id"] for one in page.results]
            counts = counts_between(session, ids, span.started or span.ended - STATUS_SPAN, span.ended)
        results: list[models.JobTypeStatus] = [
            {"job_type": one, "job_counts": counts.get(one["id"], [])} for one in page.results
        ]
        return ListPage(page.count, results)

    def running(self, query: ListRunningJobTypesQuery, urls: SerializerContext) -> ListPage[models.RunningJobType]:
        """Job types that run, with how many jobs; that with the longest running job first."""
        longest = func.min(Job.started)
        running = Job.status == JobStatus.RUNNING
        statement = (
            select(Job.job_type_id, func.count().label("number"), longest.label("longest"))
            .where(running)
            .group_by(Job.job_type_id)
            .order_by(longest, Job.job_type_id)
            .limit(query.page_size)
            .offset((query.page - 1) * query.page_size)
        )
        with self._context.database.read() as session:
            count = session.scalar(select(func.count(Job.job_type_id.distinct())).where(running)) or 0
            rows = session.execute(statement).all()
            found = REFERENCES.of_ids(session, [row.job_type_id for row in rows], urls)
        job_types = {one["id"]: one for one in found.results}
        results: list[models.RunningJobType] = [
            {
                "job_type": job_types[row.job_type_id],
                "count": row.number,
                "longest_running": timestamp(row.longest),
            }
            for row in rows
        ]
        return ListPage(count, results)

    def _checked_edit(
        self, session: Session, findings: Findings, job_type: JobType, body: Mapping[str, Any]
    ) -> CheckedJobType:
        checked = self._editor.check(session, findings, body, job_type)
        if job_type.is_active and checked.values.get("is_active") is False:
            check_unused(session, findings, (job_type.name, job_type.version), "/is_active")
        if checked.interface is not None:
            self._editor.check_recipe_types(session, findings, job_type, checked.interface)
        return checked

    def _details(self, session: Session, job_type_id: int, urls: SerializerContext) -> models.JobTypeDetails:
        row = DETAILS.row(session, job_type_id)
        mapping = session.scalar(select(JobType.error_mapping).where(JobType.id == job_type_id))
        if row is None or mapping is None:
            raise NotFound("job type", job_type_id)
        counts = recent_counts(session, job_type_id, self._context.now())
        return serializers.job_type_details(
            row,
            urls,
            errors=_errors_of(session, ErrorInterface.from_document(mapping), urls),
            job_counts_6h=counts[0],
            job_counts_12h=counts[1],
            job_counts_24h=counts[2],
        )


def _errors_of(session: Session, mapping: ErrorInterface, urls: SerializerContext) -> list[models.Error]:
    names = sorted(set(mapping.exit_codes.values()))
    if not names:
        return []
    rows = ERRORS.rows(session, [one_of("name", names)])
    return [serializers.error(row, urls) for row in rows]
