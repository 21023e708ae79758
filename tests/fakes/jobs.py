"""Jobs that live through what a test says, on a prepared installation without a scheduler."""

from typing import Any

from sqlalchemy import select

from scale_core.db.models import Job, RecipeJob
from scale_core.domain.placement import Placement
from scale_core.interfaces.engine import ExecutionReport
from scale_core.services.bulk_changes import BulkChanges
from scale_core.services.context import Context
from scale_core.services.endings import EndingService, failure_report
from scale_core.services.executions import ExecutionService
from scale_core.services.job_reads import JobService
from scale_core.services.job_types import JobTypeService
from scale_core.services.queue import QueueService
from scale_core.services.recipe_types import RecipeTypeService
from scale_core.services.serialization import SerializerContext
from scale_generated import models

INTERFACE = {"command": "true", "command_arguments": ""}


class Installation:
    """Two job types, ``a`` and ``b``, of categories ``first`` and ``second``, and a recipe type of three jobs of ``a``,
    each behind the one before."""

    def __init__(self, context: Context, urls: SerializerContext) -> None:
        self.context, self.urls = context, urls
        self.queue, self.jobs, self.executions = QueueService(context), JobService(context), ExecutionService(context)
        self.endings = EndingService(context)
        self.changes = BulkChanges(context)
        self.types = {name: self._type(name, category) for name, category in (("a", "first"), ("b", "second"))}
        places = [
            {
                "name": name,
                "job_type": {"name": "a", "version": "1"},
                "recipe_inputs": [],
                "dependencies": [{"name": behind}] if behind else [],
            }
            for name, behind in (("one", None), ("two", "one"), ("three", "two"))
        ]
        definition = {"version": "1.0", "input_data": [], "jobs": places}
        body: Any = {"name": "chain", "version": "1", "definition": definition}
        self.recipe_type = RecipeTypeService(context).create(body, urls)["id"]

    def _type(self, name: str, category: str) -> int:
        body: Any = {"name": name, "version": "1", "category": category, "interface": INTERFACE, "max_tries": 1}
        return JobTypeService(self.context).create(body, self.urls)["id"]

    def job(self, name: str = "a") -> int:
        """A new queued job."""
        return self.queue.new_job({"job_type_id": self.types[name], "job_data": {}}, self.urls)["id"]

    def recipe(self) -> dict[str, int]:
        """The jobs of a new recipe by name."""
        made = self.queue.new_recipe({"recipe_type_id": self.recipe_type, "recipe_data": {}}, self.urls)["id"]
        with self.context.database.read() as session:
            rows = session.execute(select(RecipeJob.job_name, RecipeJob.job_id).where(RecipeJob.recipe_id == made))
            return dict(rows.all())

    def start(self, *job_ids: int) -> list[int]:
        """Start jobs; their executions."""
        queued = [one.execution_id for one in self.executions.queue(1000) if one.job_id in job_ids]
        claimed = self.executions.claim([Placement(one, None, "") for one in queued])
        return [plan.execution_id for plan, _agent in claimed.plans]

    def fail(self, *job_ids: int, kind: str = "timeout") -> None:
        """Run jobs; they fail in such a way."""
        self.endings.finish([failure_report(one, kind, "It failed.") for one in self.start(*job_ids)])

    def complete(self, *job_ids: int) -> None:
        """Run jobs; they complete."""
        self.endings.finish(
            [
                ExecutionReport.from_document({"execution_id": one, "status": "COMPLETED", "steps": {}})
                for one in self.start(*job_ids)
            ]
        )

    def cancel(self, *job_ids: int) -> None:
        """Cancel jobs."""
        for job_id in job_ids:
            self.jobs.cancel(job_id, self.urls)

    def requeue(self, **body: Any) -> list[int]:
        """Requeue; the ids of the jobs in the answer."""
        asked: Any = body
        return _changed(self.changes.requeue(asked, self.urls))

    def cancel_all(self, **body: Any) -> list[int]:
        """Cancel many; the ids of the jobs in the answer."""
        asked: Any = body
        return _changed(self.changes.cancel(asked, self.urls))

    def preview(self, operation: str, **body: Any) -> dict[str, int]:
        """How many jobs a change would reach, by the name of their type."""
        asked: Any = body | {"dry_run": True}
        page = getattr(self.changes, operation)(asked, self.urls)
        assert (page["results"], page["job"]) == ([], None)
        assert page["count"] == sum(one["count"] for one in page["job_types"])
        return {one["job_type_name"]: one["count"] for one in page["job_types"]}

    def status(self, job_id: int) -> str:
        """A job's status."""
        with self.context.database.read() as session:
            return session.get_one(Job, job_id).status

    def statuses(self, jobs: dict[str, int]) -> list[str]:
        """The statuses of a recipe's jobs, in order."""
        return [self.status(jobs[name]) for name in ("one", "two", "three")]


def _changed(page: models.ChangedJobs) -> list[int]:
    assert page["job"] is None
    assert page["count"] == len(page["results"]) == sum(one["count"] for one in page["job_types"])
    return [one["id"] for one in page["results"]]
