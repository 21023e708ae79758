"""The queue over HTTP: what waits, and putting jobs and recipes on it by hand."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from scale_core.db.conditions import one_of, since, until
from scale_core.db.database import WriteSession
from scale_core.db.listing import Shape
from scale_core.db.models import Job, JobExecution, JobType, RecipeType, TriggerEvent
from scale_core.domain.states import JobEvent
from scale_core.domain.times import time_range
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound, invalid
from scale_core.services.job_reads import JOBS, job_details
from scale_core.services.jobs import change_status, check_job_data, enqueue
from scale_core.services.listing import ListPage
from scale_core.services.new_jobs import NewJob, queue_new_jobs
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

REQUEUEABLE: Final = (JobStatus.CANCELED, JobStatus.FAILED)
MATCHES = Shape(Job, ())
BATCH: Final = 500
"""So many jobs are requeued in one transaction: others write in between."""


def batched(ids: Sequence[int], size: int) -> list[Sequence[int]]:
    """The ids in parts of at most ``size``."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]


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
            event = self._asked_for(session)
            (job_id,) = queue_new_jobs(session, self._context, job_type, [NewJob(event.id, data)])
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
            recipe = create_recipe(session, self._context, recipe_type, self._asked_for(session), data)
            recipe_id = recipe.id
        with self._context.database.read() as session:
            return recipe_details(session, recipe_id, urls)

    def requeue(self, body: models.RequeueJobs, urls: SerializerContext) -> ListPage[models.Job]:
        """Give failed and canceled jobs that match every filter another chance, in batches; what was blocked behind
        them waits again. What it costs depends on how many match, not on how many there are.

        :return: the jobs that were changed.
        :raises InvalidTime: ``started`` or ``ended`` is no time, or they are exchanged.
        """
        with self._context.database.read() as session:
            ids = self._requeueable(session, body)
        changed = [
            job_id
            for some in batched(ids, BATCH)
            for job_id in self._requeue_batch(some, body.get("status"), body.get("priority"))
        ]
        with self._context.database.read() as session:
            pages = [JOBS.of_ids(session, some, urls) for some in batched(changed, BATCH)]
        return ListPage(len(changed), [job for page in pages for job in page.results])

    def _requeueable(self, session: Session, body: models.RequeueJobs) -> list[int]:
        where = [one_of("status", [body["status"]] if "status" in body else REQUEUEABLE)]
        span = time_range(body.get("started"), body.get("ended"), self._context.now())
        if span.started is not None:
            where.append(since("last_modified", span.started))
        if "ended" in body:
            where.append(until("last_modified", span.ended))
        for field, values in (
            ("id", body.get("job_type_ids")),
            ("name", body.get("job_type_names")),
            ("category", body.get("job_type_categories")),
        ):
            if values is not None:
                where.append(one_of(f"job_type.{field}", values))
        job_ids = body.get("job_ids")
        if job_ids is None:
            return MATCHES.ids(session, where)
        given = batched(sorted(set(job_ids)), BATCH)
        return [job_id for some in given for job_id in MATCHES.ids(session, [*where, one_of("id", some)])]

    def _requeue_batch(self, ids: Sequence[int], status: str | None, priority: int | None) -> list[int]:
        """Requeue those of some jobs that (still) have the status, or any that can be requeued; which those are."""
        wanted = REQUEUEABLE if status is None else (status,)
        with self._context.database.write() as session:
            found = session.scalars(
                select(Job).where(Job.id.in_(ids)).order_by(Job.id).options(joinedload(Job.job_type))
            )
            jobs = [job for job in found if job.status in wanted]
            for job in jobs:
                self._requeue(session, job, priority)
            session.flush()
            changed = [job.id for job in jobs]
            advance_recipes_of(session, self._context, changed)
            return changed

    def _requeue(self, session: WriteSession, job: Job, priority: int | None) -> None:
        job.tries = job.lost_exes = 0
        if priority is not None:
            job.priority = priority
        if job.num_exes:
            enqueue(session, self._context, job, JobEvent.REQUEUE)
        else:
            change_status(session, self._context, job, JobEvent.RESTORE)
            job.ended = job.error_id = None

    def _asked_for(self, session: WriteSession) -> TriggerEvent:
        event = TriggerEvent(type=BY_HAND, occurred=self._context.now(), description={"version": "1.0"})
        session.add(event)
        session.flush()
        return event
