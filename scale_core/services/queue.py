"""The queue over HTTP: what waits, and putting jobs and recipes on it by hand."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from scale_core.db.database import WriteSession
from scale_core.db.models import Job, JobExecution, JobType, RecipeType, TriggerEvent
from scale_core.domain.states import JobEvent
from scale_core.domain.times import time_range
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound, invalid
from scale_core.services.job_reads import JOBS, job_details
from scale_core.services.jobs import change_status, check_job_data, create_queued_job, enqueue
from scale_core.services.listing import ListPage
from scale_core.services.recipe_reads import recipe_details
from scale_core.services.recipes import advance_recipes_of, check_recipe_data, create_recipe
from scale_core.services.serialization import SerializerContext
from scale_generated import models
from scale_generated._runtime import timestamp
from scale_generated.enums import JobExecutionStatus, JobStatus
from scale_generated.specs.job_data import JobData
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.recipe_data import RecipeData
from scale_generated.specs.recipe_definition import RecipeDefinition

BY_HAND = "USER"
"""Type of the events that say that somebody asked for a job or recipe."""

BATCH = 500


class QueueService:
    """The queue's status, new jobs and recipes, and another chance for failed ones."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def status(self) -> models.QueueStatus:
        """What waits, by job type, the highest priority first."""
        highest = func.min(JobExecution.priority)
        statement = (
            select(
                func.count().label("number"),
                func.min(JobExecution.queued).label("longest_queued"),
                JobType.name,
                JobType.version,
                highest.label("highest_priority"),
                JobType.is_paused,
            )
            .join(JobType, JobExecution.job_type_id == JobType.id)
            .where(JobExecution.status == JobExecutionStatus.QUEUED)
            .group_by(JobType.id)
            .order_by(highest, JobType.name, JobType.version)
        )
        with self._context.database.read() as session:
            rows = session.execute(statement).all()
        return {
            "queue_status": [
                {
                    "count": row.number,
                    "longest_queued": timestamp(row.longest_queued),
                    "job_type_name": row.name,
                    "job_type_version": row.version,
                    "highest_priority": row.highest_priority,
                    "is_job_type_paused": row.is_paused,
                }
                for row in rows
            ]
        }

    def new_job(self, body: models.NewJob, urls: SerializerContext) -> models.JobDetails:
        """Make a job and queue it.

        :raises Invalid: the job type is no type for users, or the data does not fit its interface.
        """
        document = self._context.specs.check("job-data", body["job_data"], at="/job_data")
        data = JobData.from_document(document)
        with self._context.database.write() as session:
            job_type = session.get(JobType, body["job_type_id"])
            if job_type is None:
                raise NotFound("job type", body["job_type_id"])
            if job_type.is_system or not job_type.is_active:
                why = "is one of Scale's own" if job_type.is_system else "is archived"
                raise invalid("/job_type_id", f"Job type {job_type.name} {job_type.version} {why}; choose another.")
            check_job_data(session, JobInterface.from_document(job_type.interface), data, "/job_data")
            job = create_queued_job(session, self._context, job_type, self._asked_for(session), data)
            session.flush()
            job_id = job.id
        with self._context.database.read() as session:
            return job_details(session, job_id, urls)

    def new_recipe(self, body: models.NewRecipe, urls: SerializerContext) -> models.RecipeDetails:
        """Make a recipe; its jobs without dependencies are queued.

        :raises Invalid: the data does not fit the recipe type's definition.
        """
        document = self._context.specs.check("recipe-data", body["recipe_data"], at="/recipe_data")
        data = RecipeData.from_document(document)
        with self._context.database.write() as session:
            recipe_type = session.get(RecipeType, body["recipe_type_id"])
            if recipe_type is None:
                raise NotFound("recipe type", body["recipe_type_id"])
            if not recipe_type.is_active:
                raise invalid("/recipe_type_id", f"Recipe type {recipe_type.name} is archived; choose another.")
            definition = RecipeDefinition.from_document(recipe_type.definition)
            check_recipe_data(session, definition, data, "/recipe_data")
            recipe = create_recipe(session, self._context, recipe_type, self._asked_for(session), data)
            recipe_id = recipe.id
        with self._context.database.read() as session:
            return recipe_details(session, recipe_id, urls)

    def requeue(self, body: models.RequeueJobs, urls: SerializerContext) -> ListPage[models.Job]:
        """Give failed and canceled jobs that match every filter another chance, in batches.

        :return: the jobs that were changed.
        """
        with self._context.database.read() as session:
            ids = list(session.scalars(self._requeueable(body)))
        for start in range(0, len(ids), BATCH):
            self._requeue_batch(ids[start : start + BATCH], body.get("priority"))
        with self._context.database.read() as session:
            return JOBS.of_ids(session, ids, urls)

    def _requeueable(self, body: models.RequeueJobs) -> Select[Any]:
        statuses = [body["status"]] if "status" in body else [JobStatus.CANCELED, JobStatus.FAILED]
        statement = select(Job.id).join(JobType, Job.job_type_id == JobType.id).where(Job.status.in_(statuses))
        span = time_range(body.get("started"), body.get("ended"), self._context.now())
        if span.started is not None:
            statement = statement.where(Job.last_modified >= span.started)
        if "ended" in body:
            statement = statement.where(Job.last_modified <= span.ended)
        if (job_ids := body.get("job_ids")) is not None:
            statement = statement.where(Job.id.in_(job_ids))
        if (type_ids := body.get("job_type_ids")) is not None:
            statement = statement.where(JobType.id.in_(type_ids))
        if (names := body.get("job_type_names")) is not None:
            statement = statement.where(JobType.name.in_(names))
        if (categories := body.get("job_type_categories")) is not None:
            statement = statement.where(JobType.category.in_(categories))
        return statement.order_by(Job.id)

    def _requeue_batch(self, ids: Sequence[int], priority: int | None) -> None:
        with self._context.database.write() as session:
            jobs = session.scalars(
                select(Job)
                .where(Job.id.in_(ids), Job.status.in_([JobStatus.CANCELED, JobStatus.FAILED]))
                .options(joinedload(Job.job_type))
            ).all()
            for job in jobs:
                self._requeue(session, job, priority)
            session.flush()
            advance_recipes_of(session, self._context, [job.id for job in jobs])

    def _requeue(self, session: WriteSession, job: Job, priority: int | None) -> None:
        job.tries = job.lost_exes = 0
        if priority is not None:
            job.priority = priority
        if job.num_exes:
            enqueue(session, self._context, job, JobEvent.REQUEUE)
        else:
            change_status(session, self._context, job, JobEvent.RESTORE)
            job.ended = None

    def _asked_for(self, session: WriteSession) -> TriggerEvent:
        event = TriggerEvent(type=BY_HAND, occurred=self._context.now(), description={"version": "1.0"})
        session.add(event)
        return event
