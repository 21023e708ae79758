"""Recipes: graphs of jobs whose jobs start the moment their dependencies complete (reference: Recipe Definition)."""

import logging
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, joinedload

from scale_core.db.database import WriteSession
from scale_core.db.models import (
    Error,
    Job,
    JobType,
    JobTypeRevision,
    Recipe,
    RecipeJob,
    RecipeType,
    RecipeTypeRevision,
    TriggerEvent,
)
from scale_core.domain.recipe import RecipeGraph, blocked_jobs, job_data_for, ready_jobs, unblocked_jobs
from scale_core.domain.recipe_data import recipe_data_problems, referenced_file_ids
from scale_core.domain.states import JOB, JobEvent, is_allowed
from scale_core.services.context import Context
from scale_core.services.exceptions import Conflict, Invalid, NotFound, refuse
from scale_core.services.facts import file_facts, workspace_facts
from scale_core.services.jobs import cancel_job, change_status, check_job_data, create_job, queue_job
from scale_generated.enums import JobStatus
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.job_results import JobResults
from scale_generated.specs.recipe_data import RecipeData
from scale_generated.specs.recipe_definition import RecipeDefinition

log = logging.getLogger(__name__)

REFUSED_INPUT = "input-unavailable"
"""The builtin error of a job whose inputs turned out not to fit when its dependencies had completed."""


def job_types_of(session: Session, definition: RecipeDefinition) -> dict[tuple[str, str], JobType]:
    """The job types that a definition refers to, by name and version; those that do not exist are left out."""
    keys = {(job.job_type.name, job.job_type.version) for job in definition.jobs}
    if not keys:
        return {}
    found = session.scalars(select(JobType).where(tuple_(JobType.name, JobType.version).in_(sorted(keys))))
    return {(job_type.name, job_type.version): job_type for job_type in found}


def check_recipe_data(session: Session, definition: RecipeDefinition, data: RecipeData, at: str = "") -> None:
    """Refuse data that the definition cannot run on.

    :raises Invalid: a file or the workspace does not exist, an input is missing, a media type does not fit …
    """
    interfaces = [JobInterface.from_document(one.interface) for one in job_types_of(session, definition).values()]
    has_outputs = any(interface.output_data for interface in interfaces)
    files = file_facts(session, referenced_file_ids(data))
    workspaces = workspace_facts(session, {data.workspace_id} if data.workspace_id is not None else ())
    refuse(recipe_data_problems(definition, data, files, workspaces, has_outputs=has_outputs, at=at))


def create_recipe(
    session: WriteSession, context: Context, recipe_type: RecipeType, event: TriggerEvent, data: RecipeData
) -> Recipe:
    """A recipe with all its jobs; those without dependencies are on the queue. ``data`` is checked already."""
    now = context.now()
    revision = session.scalars(
        select(RecipeTypeRevision).where(
            RecipeTypeRevision.recipe_type_id == recipe_type.id,
            RecipeTypeRevision.revision_num == recipe_type.revision_num,
        )
    ).one()
    recipe = Recipe(
        recipe_type=recipe_type,
        recipe_type_rev=revision,
        event=event,
        data=data.to_document(),
        created=now,
        last_modified=now,
    )
    session.add(recipe)
    session.flush()
    definition = RecipeDefinition.from_document(revision.definition)
    job_types = job_types_of(session, definition)
    for place in definition.jobs:
        job = create_job(session, context, job_types[place.job_type.name, place.job_type.version], event)
        session.add(RecipeJob(recipe=recipe, job=job, job_name=place.name))
    session.flush()
    advance(session, context, recipe)
    return recipe


def cancel_recipe(session: WriteSession, context: Context, recipe_id: int) -> None:
    """Cancel the jobs of a recipe that can be; those that completed stay so.

    :raises NotFound: there is no such recipe.
    :raises Conflict: none of its jobs can be canceled.
    """
    recipe = session.get(Recipe, recipe_id)
    if recipe is None:
        raise NotFound("recipe", recipe_id)
    jobs = [
        job for job in _jobs_of(session, recipe).values() if is_allowed(JOB, JobStatus(job.status), JobEvent.CANCEL)
    ]
    if not jobs:
        raise Conflict(f"Recipe {recipe_id} has no job left that could be canceled: each is COMPLETED or CANCELED.")
    for job in jobs:
        cancel_job(session, context, job)
    recipe.last_modified = context.now()


def advance_recipes_of(session: WriteSession, context: Context, job_ids: Collection[int]) -> None:
    """Move on every recipe that has one of these jobs, whose status has just changed."""
    if not job_ids:
        return
    recipes = session.scalars(
        select(Recipe)
        .join(RecipeJob, RecipeJob.recipe_id == Recipe.id)
        .where(RecipeJob.job_id.in_(job_ids))
        .options(joinedload(Recipe.recipe_type_rev))
        .distinct()
    ).all()
    for recipe in recipes:
        advance(session, context, recipe)


def advance(session: WriteSession, context: Context, recipe: Recipe) -> None:
    """Queue what has become ready, block what never will be, and complete the recipe after its last job."""
    jobs = _jobs_of(session, recipe)
    graph = RecipeGraph.from_definition(RecipeDefinition.from_document(recipe.recipe_type_rev.definition))
    for name in unblocked_jobs(graph, _statuses(jobs)):
        change_status(session, context, jobs[name], JobEvent.UNBLOCK)
    for name in blocked_jobs(graph, _statuses(jobs)):
        change_status(session, context, jobs[name], JobEvent.BLOCK)
    refused = [
        name for name in ready_jobs(graph, _statuses(jobs)) if not _queue(session, context, recipe, graph, jobs, name)
    ]
    if refused:
        for name in blocked_jobs(graph, _statuses(jobs)):
            change_status(session, context, jobs[name], JobEvent.BLOCK)
    if recipe.completed is None and all(job.status == JobStatus.COMPLETED for job in jobs.values()):
        recipe.completed = recipe.last_modified = context.now()


def _queue(
    session: WriteSession,
    context: Context,
    recipe: Recipe,
    graph: RecipeGraph,
    jobs: Mapping[str, Job],
    name: str,
) -> bool:
    """Queue a job that is ready; False if what its dependencies made does not fit its inputs: then it has failed."""
    job = jobs[name]
    results = {
        dependency: JobResults.from_document(jobs[dependency].results) for dependency in graph.dependencies(name)
    }
    data = RecipeData.from_document(recipe.data)
    interface = JobInterface.from_document(job.job_type_rev.interface)
    job_data = job_data_for(graph, name, data, results, interface, data.workspace_id)
    try:
        check_job_data(session, interface, job_data)
    except Invalid as refused:
        session.after_commit.append(partial(_tell_refused, recipe, job, name, str(refused)))
        error = session.scalars(select(Error).where(Error.name == REFUSED_INPUT)).one()
        change_status(session, context, job, JobEvent.FAIL, error.category)
        job.data, job.ended, job.error_id = job_data.to_document(), context.now(), error.id
        return False
    queue_job(session, context, job, job_data)
    return True


def _tell_refused(recipe: Recipe, job: Job, name: str, why: str) -> None:
    log.warning(
        "The job %r of a recipe failed (%s), for what its dependencies made does not fit it: %s",
        name,
        REFUSED_INPUT,
        why,
        extra={"recipe_id": recipe.id, "job_id": job.id, "job_type": job.job_type.name, "error": REFUSED_INPUT},
    )


def _jobs_of(session: Session, recipe: Recipe) -> dict[str, Job]:
    rows: Any = session.execute(
        select(RecipeJob.job_name, Job)
        .join(Job, RecipeJob.job_id == Job.id)
        .where(RecipeJob.recipe_id == recipe.id)
        .order_by(RecipeJob.id)
        .options(joinedload(Job.job_type), joinedload(Job.job_type_rev).load_only(JobTypeRevision.interface))
    )
    return {row.job_name: row.Job for row in rows}


def _statuses(jobs: Mapping[str, Job]) -> dict[str, JobStatus]:
    return {name: JobStatus(job.status) for name, job in jobs.items()}
