"""Why a job is not running (``waiting_on`` of its details)."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from scale_core.db.models import Job, JobType, Recipe, RecipeJob
from scale_core.domain.placement import QueuedExecution, Reason, Why
from scale_core.domain.recipe import RecipeGraph, holding_up
from scale_core.domain.resources import custom_of
from scale_core.interfaces.engine import Resources
from scale_core.services.context import Context
from scale_core.services.outlook import Outlook
from scale_core.services.queue_views import queued_of_jobs, running_by_type
from scale_generated import models
from scale_generated.enums import JobStatus
from scale_generated.specs.recipe_definition import RecipeDefinition

MOST_IDS = 100
"""So many jobs are named as a reason, at most."""

NO_EXECUTION = 0


def waiting_on(session: Session, context: Context, job: Job) -> list[models.WaitingOn]:
    """Why a job is not running; nothing for one that runs or has ended.

    Of a QUEUED job, everything that keeps it from being placed now; of a PENDING or BLOCKED one, what would if it were
    put on the queue now, but for its place in it, and the jobs that it depends on.
    """
    if job.status == JobStatus.QUEUED:
        reasons = [
            why
            for prospect in Outlook(session, context).of_queued(queued_of_jobs(session, [job.id])).values()
            for why in prospect.reasons
        ]
        return [as_model(why) for why in reasons]
    if job.status in (JobStatus.PENDING, JobStatus.BLOCKED):
        return [as_model(why) for why in (*_if_queued(session, context, job), *_dependencies(session, job))]
    return []


def _if_queued(session: Session, context: Context, job: Job) -> Iterable[Why]:
    running = running_by_type(session).get(job.job_type_id, 0)
    execution = hypothetical(job, job.job_type, running=running)
    (prospect,) = Outlook(session, context).of_queued([execution], are_new=True).values()
    return (why for why in prospect.reasons if why.reason is not Reason.BEHIND_OTHERS)


def hypothetical(job: Job, job_type: JobType, execution_id: int = NO_EXECUTION, running: int = 0) -> QueuedExecution:
    """The execution of a job as though it had been put on the queue.

    :param running: how many executions of the job type run.
    """
    return QueuedExecution(
        execution_id=execution_id,
        job_id=job.id,
        job_type_id=job_type.id,
        job_type_name=job_type.name,
        is_system=job_type.is_system,
        is_long_running=job_type.is_long_running,
        uses_docker=job_type.docker_image is not None,
        priority=job.priority,
        queued=job.queued or job.last_modified,
        resources=Resources(
            job.cpus_required,
            job.mem_required,
            job.disk_in_required + job.disk_out_required,
            custom_of(job.custom_resources),
        ),
        max_scheduled=job_type.max_scheduled,
        running_of_type=running,
        is_type_paused=job_type.is_paused,
    )


def as_model(why: Why) -> models.WaitingOn:
    """A reason as clients see it."""
    return {
        "reason": why.reason.value,
        "message": why.detail,
        "node_ids": list(why.node_ids),
        "job_type_ids": list(why.job_type_ids),
        "job_ids": list(why.job_ids),
    }


def _dependencies(session: Session, job: Job) -> Iterable[Why]:
    """The jobs that keep a job of recipes from being queued, a reason for each recipe."""
    recipes = session.scalars(
        select(Recipe)
        .join(RecipeJob, RecipeJob.recipe_id == Recipe.id)
        .where(RecipeJob.job_id == job.id)
        .options(joinedload(Recipe.recipe_type_rev))
    )
    for recipe in recipes.all():
        definition = RecipeDefinition.from_document(recipe.recipe_type_rev.definition)
        rows = session.execute(
            select(RecipeJob.job_name, Job.id, Job.status)
            .join(Job, RecipeJob.job_id == Job.id)
            .where(RecipeJob.recipe_id == recipe.id)
        )
        jobs = {row.job_name: (row.id, JobStatus(row.status)) for row in rows}
        own = next(name for name, (job_id, _status) in jobs.items() if job_id == job.id)
        why = dependencies_of(RecipeGraph.from_definition(definition), own, jobs)
        if why is not None:
            yield why


def dependencies_of(graph: RecipeGraph, name: str, jobs: Mapping[str, tuple[int, JobStatus]]) -> Why | None:
    """The jobs that keep the job ``name`` of a recipe from being queued; None: none does.

    :param jobs: id and status of every job of the recipe, by name in it.
    """
    holding = holding_up(graph, name, {each: status for each, (_id, status) in jobs.items()})[:MOST_IDS]
    if not holding:
        return None
    named = _and([f"{each!r} (job {jobs[each][0]}), which is {jobs[each][1]}" for each in holding])
    return Why(Reason.DEPENDENCIES, f"It depends on {named}.", job_ids=tuple(jobs[each][0] for each in holding))


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{'; '.join(parts[:-1])}; and {parts[-1]}"
