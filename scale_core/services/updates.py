"""What has changed lately: jobs, source files and products, with what clients that follow them need to know."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import table_of
from scale_core.db.conditions import Condition, equal, one_of, since
from scale_core.db.listing import Order, Row, Shape
from scale_core.db.models import FileAncestry, Job, JobExecution, JobInputFile, ScaleFile
from scale_core.domain.times import time_range
from scale_core.services.context import Context
from scale_core.services.file_reads import source_conditions
from scale_core.services.job_reads import EXECUTIONS, job_type_conditions
from scale_core.services.listing import ListPage, Selection
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated._runtime import timestamp
from scale_generated.queries import (
    ListJobsWithExecutionQuery,
    ListJobUpdatesQuery,
    ListProductUpdatesQuery,
    ListSourceUpdatesQuery,
)

T = TypeVar("T")

JOBS: Final = Selection(Shape(Job, serializers.JOB_UPDATE_COLUMNS), serializers.JOB_UPDATE_ORDER)
JOBS_WITH_EXECUTION: Final = Selection(
    Shape(Job, serializers.JOB_WITH_EXECUTION_COLUMNS), serializers.JOB_WITH_EXECUTION_ORDER
)
SOURCES: Final = Selection(Shape(ScaleFile, serializers.SOURCE_UPDATE_COLUMNS), serializers.SOURCE_UPDATE_ORDER)
PRODUCTS: Final = Selection(Shape(ScaleFile, serializers.PRODUCT_UPDATE_COLUMNS), serializers.PRODUCT_UPDATE_ORDER)

INPUT_FILES: Final = Shape(JobInputFile, ("job_id", *(f"file.{path}" for path in serializers.SCALE_FILE_COLUMNS)))
ORIGINS: Final = Shape(FileAncestry, ("descendant_id", *(f"ancestor.{path}" for path in serializers.SOURCE_COLUMNS)))

SOURCE_STEPS: Final[tuple[tuple[str, models.SourceUpdateAction, str], ...]] = (
    ("is_deleted", "DELETED", "deleted"),
    ("is_parsed", "PARSED", "parsed"),
    ("created", "CREATED", "created"),
)
PRODUCT_STEPS: Final[tuple[tuple[str, models.ProductUpdateAction, str], ...]] = (
    ("is_deleted", "DELETED", "deleted"),
    ("is_published", "PUBLISHED", "published"),
    ("unpublished", "UNPUBLISHED", "unpublished"),
)
"""The columns that say that a step was taken, and when; the latest step first."""


class UpdateService:
    """Lists for clients that follow what happens; each has a fixed number of queries."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def jobs(self, query: ListJobUpdatesQuery, urls: SerializerContext) -> ListPage[models.JobUpdate]:
        """One page of jobs with their input files; the time range selects by when their status last changed."""
        now = self._context.now()
        where = _job_conditions(query)
        started = time_range(query.started, query.ended, now).started
        if started is not None:
            # A job is modified whenever its status changes, and the indexes are on that.
            where.append(since("last_modified", started))
        with self._context.database.read() as session:
            found = JOBS.find(session, query, where, now, "last_status_change")
            files = _input_files(session, _ids(found.rows), urls)
        return found.page([serializers.job_update(row, urls, input_files=files.get(row[0], [])) for row in found.rows])

    def jobs_with_execution(
        self, query: ListJobsWithExecutionQuery, urls: SerializerContext
    ) -> ListPage[models.JobWithExecution]:
        """One page of jobs, each with its latest execution."""
        with self._context.database.read() as session:
            found = JOBS_WITH_EXECUTION.find(session, query, _job_conditions(query), self._context.now())
            latest = _latest_executions(session, _ids(found.rows), urls)
        return found.page(
            [serializers.job_with_execution(row, urls, latest_job_exe=latest.get(row[0])) for row in found.rows]
        )

    def sources(self, query: ListSourceUpdatesQuery, urls: SerializerContext) -> ListPage[models.SourceUpdate]:
        """One page of source files, each with what last happened to it."""
        where = source_conditions(query)
        with self._context.database.read() as session:
            found = SOURCES.find(session, query, where, self._context.now())
        return found.page([_source(row, urls) for row in found.rows])

    def products(self, query: ListProductUpdatesQuery, urls: SerializerContext) -> ListPage[models.ProductUpdate]:
        """One page of products, published or not, each with what last happened to it and its sources."""
        where = _product_conditions(query)
        with self._context.database.read() as session:
            found = PRODUCTS.find(session, query, where, self._context.now())
            sources = _origins(session, _ids(found.rows), urls)
        return found.page([_product(row, urls, sources.get(row[0], [])) for row in found.rows])


def _job_conditions(query: ListJobUpdatesQuery | ListJobsWithExecutionQuery) -> list[Condition]:
    where = job_type_conditions(query)
    if query.status is not None:
        where.append(equal("status", query.status))
    return where


def _product_conditions(query: ListProductUpdatesQuery) -> list[Condition]:
    # Each is published or not, and operational or not; to say so leads to the indexes.
    where = [equal("file_type", "PRODUCT"), one_of("is_published", (True, False)), *job_type_conditions(query)]
    if query.file_name is not None:
        where.append(equal("file_name", query.file_name))
    if query.is_operational is not None:
        where.append(equal("is_operational", query.is_operational))
    elif len(where) == 2:  # nothing else narrows it
        where.append(one_of("is_operational", (True, False)))
    return where


def _source(row: Row, urls: SerializerContext) -> models.SourceUpdate:
    action, when = _latest(row, serializers.SOURCE_UPDATE_COLUMNS, SOURCE_STEPS)
    return serializers.source_update(row, urls, update={"action": action, "when": when})


def _product(row: Row, urls: SerializerContext, sources: list[models.Source]) -> models.ProductUpdate:
    action, when = _latest(row, serializers.PRODUCT_UPDATE_COLUMNS, PRODUCT_STEPS)
    return serializers.product_update(row, urls, update={"action": action, "when": when}, source_files=sources)


def _ids(rows: Sequence[Row]) -> list[int]:
    return [row[0] for row in rows]


def _input_files(
    session: Session, job_ids: Sequence[int], urls: SerializerContext
) -> dict[int, list[models.ScaleFile]]:
    """The files that jobs were given, by the job's id."""
    found: dict[int, list[models.ScaleFile]] = defaultdict(list)
    for job_id, *row in INPUT_FILES.rows(session, [one_of("job_id", job_ids)]):
        found[job_id].append(serializers.scale_file(row, urls))
    return found


def _latest_executions(
    session: Session, job_ids: Sequence[int], urls: SerializerContext
) -> dict[int, models.JobExecutionSummary]:
    """The executions that were queued last, by the job's id."""
    execution = table_of(JobExecution).c  # like all of a shape: SQLAlchemy reads rows of models another way
    latest = select(func.max(execution.id)).where(execution.job_id.in_(job_ids)).group_by(execution.job_id)
    rows = EXECUTIONS.rows(session, [one_of("id", latest)])
    executions = [serializers.job_execution_summary(row, urls) for row in rows]
    return {one["job"]["id"]: one for one in executions}


def _origins(session: Session, product_ids: Sequence[int], urls: SerializerContext) -> dict[int, list[models.Source]]:
    """The source files that products were made from, by the product's id."""
    of_products = [one_of("descendant_id", product_ids), equal("ancestor.file_type", "SOURCE")]
    found: dict[int, list[models.Source]] = defaultdict(list)
    for product_id, *row in ORIGINS.rows(session, of_products, [Order("ancestor.id")]):
        found[product_id].append(serializers.source(row, urls))
    return found


def _latest(row: Row, columns: Sequence[str], steps: Sequence[tuple[str, T, str]]) -> tuple[T, str]:
    """The first of ``steps`` (what says that it happened, what it is called, what says when) that has happened."""
    for sign, action, moment in steps:
        if row[columns.index(sign)]:
            return action, timestamp(row[columns.index(moment)])
    raise ValueError(f"the row {row[0]} says of none of its steps that it happened")
