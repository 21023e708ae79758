"""Jobs as clients see them: lists, details, cancellation over HTTP."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from scale_core.db.conditions import Condition, equal, one_of
from scale_core.db.listing import Shape
from scale_core.db.models import Job, JobExecution, Recipe, RecipeJob, ScaleFile
from scale_core.db.prepared import Kept
from scale_core.domain.job_data import referenced_file_ids
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound
from scale_core.services.jobs import cancel_job, require_job
from scale_core.services.listing import Listing, ListPage
from scale_core.services.recipes import advance_recipes_of
from scale_core.services.serialization import SerializerContext
from scale_core.services.waiting import waiting_on
from scale_generated import models, serializers
from scale_generated.queries import ListJobsQuery
from scale_generated.specs.job_data import JobData
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.job_results import JobResults

JOBS: Listing[models.Job] = Listing(Shape(Job, serializers.JOB_COLUMNS), serializers.job, serializers.JOB_ORDER)
DETAILS = Shape(Job, serializers.JOB_DETAILS_COLUMNS)
EXECUTIONS = Shape(JobExecution, serializers.JOB_EXECUTION_SUMMARY_COLUMNS)
FILES = Shape(ScaleFile, serializers.SCALE_FILE_COLUMNS)
PRODUCTS = Shape(ScaleFile, serializers.PRODUCT_COLUMNS)
RECIPES = Shape(Recipe, serializers.RECIPE_COLUMNS)

_EXECUTIONS_OF = Kept(
    lambda _dialect: (
        select(JobExecution.id)
        .where(JobExecution.job_id == bindparam("job_id", required=False))
        .order_by(JobExecution.id.desc())
    )
)
_RECIPES_OF = Kept(
    lambda _dialect: (
        select(RecipeJob.recipe_id)
        .where(RecipeJob.job_id == bindparam("job_id", required=False))
        .distinct()
        .order_by(RecipeJob.recipe_id)
    )
)


class JobService:
    """Lists and details of jobs, and their cancellation."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, query: ListJobsQuery, urls: SerializerContext) -> ListPage[models.Job]:
        """One page of jobs."""

        where: list[Condition] = []
        if query.status is not None:
            where.append(equal("status", query.status))
        if query.job_id:
            where.append(one_of("id", query.job_id))
        where += job_type_conditions(query)

        with self._context.database.read() as session:
            return JOBS.page(session, query, where, urls, self._context.now())

    def get(self, job_id: int, urls: SerializerContext) -> models.JobDetails:
        """A job with everything related to it.

        :raises NotFound: there is no such job.
        """
        with self._context.database.read() as session:
            return job_details(session, self._context, job_id, urls)

    def cancel(self, job_id: int, urls: SerializerContext) -> models.JobDetails:
        """Cancel a job; what depends on it is blocked, and what runs of it is ended.

        :raises NotFound: there is no such job.
        :raises IllegalTransition: it is COMPLETED or CANCELED.
        """
        with self._context.database.write() as session:
            cancel_job(session, self._context, require_job(session, job_id))
            session.flush()
            advance_recipes_of(session, self._context, [job_id])
        return self.get(job_id, urls)


def job_type_conditions(query: Any) -> list[Condition]:
    """The filters by job type that several lists share."""
    given = {field: getattr(query, f"job_type_{field}") for field in ("id", "name", "category")}
    return [one_of(f"job_type.{field}", values) for field, values in given.items() if values]


def job_details(session: Session, context: Context, job_id: int, urls: SerializerContext) -> models.JobDetails:
    """A job with everything related to it, in a fixed number of queries.

    :raises NotFound: there is no such job.
    """
    row = DETAILS.row(session, job_id)
    job = session.get(Job, job_id)
    if row is None or job is None:
        raise NotFound("job", job_id)
    interface = JobInterface.from_document(job.job_type_rev.interface)
    data = JobData.from_document(job.data)
    input_files = files_by_id(session, referenced_file_ids(data), urls)
    products = _products(session, job, urls)
    return serializers.job_details(
        row,
        urls,
        input_files=list(input_files.values()),
        recipes=_recipes_of(session, job_id, urls),
        job_exes=_executions_of(session, job_id, urls),
        products=list(products.values()),
        inputs=_inputs(interface, data, input_files),
        outputs=_outputs(interface, JobResults.from_document(job.results), products),
        waiting_on=waiting_on(session, context, job),
    )


def files_by_id(session: Session, ids: Iterable[int], urls: SerializerContext) -> dict[int, models.ScaleFile]:
    """Files as clients see them, by id."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = FILES.rows_of(session, wanted)
    return {row[0]: serializers.scale_file(row, urls) for row in rows}


def _products(session: Session, job: Job, urls: SerializerContext) -> dict[int, models.Product]:
    ids = [
        file_id
        for output in JobResults.from_document(job.results).output_data
        for file_id in _ids(output.file_id, output.file_ids)
    ]
    if not ids:
        return {}
    rows = PRODUCTS.rows_of(session, sorted(set(ids)))
    return {row[0]: serializers.product(row, urls) for row in rows}


def _executions_of(session: Session, job_id: int, urls: SerializerContext) -> list[models.JobExecutionSummary]:
    rows = EXECUTIONS.rows_of(session, _EXECUTIONS_OF.values(session, job_id=job_id))
    return [serializers.job_execution_summary(row, urls) for row in rows]


def _recipes_of(session: Session, job_id: int, urls: SerializerContext) -> list[models.Recipe]:
    ids = _RECIPES_OF.values(session, job_id=job_id)
    if not ids:
        return []
    rows = RECIPES.rows_of(session, ids)
    return [serializers.recipe(row, urls) for row in rows]


def _inputs(interface: JobInterface, data: JobData, files: Mapping[int, models.ScaleFile]) -> list[models.JobInput]:
    given = {one.name: one for one in data.input_data}
    result: list[models.JobInput] = []
    for declared in interface.input_data:
        value: Any = None
        if (one := given.get(declared.name)) is not None:
            found = [files[file_id] for file_id in _ids(one.file_id, one.file_ids) if file_id in files]
            value = one.value if declared.type == "property" else _one_or_all(declared.type, found)
        result.append({"name": declared.name, "type": declared.type, "value": value})
    return result


def _outputs(
    interface: JobInterface, results: JobResults, products: Mapping[int, models.Product]
) -> list[models.JobOutput]:
    produced = {one.name: _ids(one.file_id, one.file_ids) for one in results.output_data}
    return [
        {
            "name": declared.name,
            "type": declared.type,
            "value": _one_or_all(declared.type, [products[one] for one in produced[declared.name] if one in products])
            if declared.name in produced
            else None,
        }
        for declared in interface.output_data
    ]


def _one_or_all(kind: str, found: Sequence[Any]) -> Any:
    if kind == "file":
        return found[0] if found else None
    return list(found)


def _ids(file_id: int | None, file_ids: Sequence[int] | None) -> Sequence[int]:
    return (file_id,) if file_id is not None else tuple(file_ids or ())
