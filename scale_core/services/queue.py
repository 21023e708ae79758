"""The queue over HTTP: what waits, and putting jobs and recipes on it by hand."""

from typing import Any

from sqlalchemy import func, select

from scale_core.db.bulk import insert_rows
from scale_core.db.models import JobExecution, JobType, RecipeType, TriggerEvent
from scale_core.services.bulk_changes import BY_HAND
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound, invalid
from scale_core.services.facts import job_type_facts
from scale_core.services.job_reads import job_details
from scale_core.services.jobs import check_job_data
from scale_core.services.new_jobs import NewJob, queue_new_jobs
from scale_core.services.recipe_reads import recipe_details
from scale_core.services.recipes import check_recipe_data, create_recipe
from scale_core.services.serialization import SerializerContext
from scale_core.services.waiting_summary import waiting_summary
from scale_generated import models
from scale_generated._runtime import timestamp
from scale_generated.enums import JobExecutionStatus
from scale_generated.specs.job_data import JobData
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.recipe_data import RecipeData
from scale_generated.specs.recipe_definition import RecipeDefinition

STARTS_FIRST_SECONDS = 0.01
"""How long the answer to who queues something waits, at most, for the scheduler to start it. Both would take turns with
Python's lock; and of what runs already there is less to tell."""


class QueueService:
    """The queue's status, new jobs and recipes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def status(self) -> models.QueueStatus:
        """What waits, by job type, the highest priority first."""
        # Grouped before it is joined: the index has the queue in the order of its types.
        waiting = (
            select(
                JobExecution.job_type_id,
                func.count().label("number"),
                func.min(JobExecution.queued).label("longest_queued"),
                func.min(JobExecution.priority).label("highest_priority"),
            )
            .where(JobExecution.status == JobExecutionStatus.QUEUED)
            .group_by(JobExecution.job_type_id)
            .subquery()
        )
        statement = (
            select(waiting, JobType.name, JobType.version, JobType.is_paused)
            .join(JobType, waiting.c.job_type_id == JobType.id)
            .order_by(waiting.c.highest_priority, JobType.name, JobType.version)
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

    def waiting(self) -> models.WaitingSummary:
        """What jobs wait for, and how many for each thing."""
        with self._context.database.read() as session:
            return waiting_summary(session, self._context)

    def new_job(self, body: models.NewJob, urls: SerializerContext) -> models.JobDetails:
        """Make a job and queue it.

        :raises Invalid: the job type is no type for users, or the data does not fit its interface.
        """
        document = self._context.specs.check("job-data", body["job_data"], at="/job_data")
        data = JobData.from_document(document)
        with self._context.database.write() as session:
            job_type = job_type_facts(session, body["job_type_id"])
            if job_type is None:
                raise NotFound("job type", body["job_type_id"])
            if job_type.is_system or not job_type.is_active:
                why = "is one of Scale's own" if job_type.is_system else "is archived"
                raise invalid("/job_type_id", f"Job type {job_type.name} {job_type.version} {why}; choose another.")
            check_job_data(session, JobInterface.from_document(job_type.interface), data, "/job_data")
            (event_id,) = insert_rows(session, TriggerEvent, [self._by_hand()])
            (job_id,) = queue_new_jobs(session, self._context, job_type, [NewJob(event_id, data)])
        self._context.queue_changed.give_way(STARTS_FIRST_SECONDS)
        with self._context.database.read() as session:
            return job_details(session, self._context, job_id, urls)

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
            event = TriggerEvent(**self._by_hand())
            session.add(event)
            session.flush()
            recipe = create_recipe(session, self._context, recipe_type, event, data)
            recipe_id = recipe.id
        self._context.queue_changed.give_way(STARTS_FIRST_SECONDS)
        with self._context.database.read() as session:
            return recipe_details(session, recipe_id, urls)

    def _by_hand(self) -> dict[str, Any]:
        """The event that somebody asked for it."""
        return {"type": BY_HAND, "occurred": self._context.now(), "description": {"version": "1.0"}}
