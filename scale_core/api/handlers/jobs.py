"""Jobs, their executions, recipes and the queue."""

from typing import cast

from starlette.responses import Response

from scale_core.api.request import location, paged, urls
from scale_core.services.bulk_changes import BulkChanges
from scale_core.services.execution_reads import JobExecutionService
from scale_core.services.job_load import JobLoadService
from scale_core.services.job_reads import JobService
from scale_core.services.queue import QueueService
from scale_core.services.recipe_reads import RecipeService
from scale_core.services.updates import UpdateService
from scale_generated import models, queries
from scale_generated.routes import Accepted, Created


class Jobs:
    """Operations on jobs."""

    def __init__(self, jobs: JobService, updates: UpdateService) -> None:
        self._jobs = jobs
        self._updates = updates

    def list_jobs(self, query: queries.ListJobsQuery) -> models.JobPage:
        """GET /jobs/."""
        return cast("models.JobPage", paged(query, self._jobs.list(query, urls())))

    def list_job_updates(self, query: queries.ListJobUpdatesQuery) -> models.JobUpdatePage:
        """GET /jobs/updates/."""
        return cast("models.JobUpdatePage", paged(query, self._updates.jobs(query, urls())))

    def list_jobs_with_execution(self, query: queries.ListJobsWithExecutionQuery) -> models.JobWithExecutionPage:
        """GET /jobs/executions/."""
        return cast("models.JobWithExecutionPage", paged(query, self._updates.jobs_with_execution(query, urls())))

    def get_job(self, job_id: int) -> models.JobDetails:
        """GET /jobs/{id}/."""
        return self._jobs.get(job_id, urls())

    def edit_job(self, job_id: int, body: models.JobEdit) -> models.JobDetails:
        """PATCH /jobs/{id}/: the document allows one change, to CANCELED."""
        return self._jobs.cancel(job_id, urls())


class JobExecutions:
    """Operations on job executions."""

    def __init__(self, executions: JobExecutionService) -> None:
        self._executions = executions

    def list_job_executions(self, query: queries.ListJobExecutionsQuery) -> models.JobExecutionPage:
        """GET /job-executions/."""
        return cast("models.JobExecutionPage", paged(query, self._executions.list(query, urls())))

    def get_job_execution(self, job_exe_id: int) -> models.JobExecutionDetails:
        """GET /job-executions/{id}/."""
        return self._executions.get(job_exe_id, urls())

    def get_job_execution_logs(
        self, job_exe_id: int, query: queries.GetJobExecutionLogsQuery
    ) -> models.JobExecutionLogs:
        """GET /job-executions/{id}/logs/."""
        return self._executions.logs(job_exe_id, query, urls())

    def get_job_execution_log(self, job_exe_id: int, stream: str, query: queries.GetJobExecutionLogQuery) -> Response:
        """GET /job-executions/{id}/logs/{stream}/."""
        chunk = self._executions.log(job_exe_id, stream, query)
        return Response(chunk.data, media_type="text/plain; charset=utf-8")


class Recipes:
    """Operations on recipes."""

    def __init__(self, recipes: RecipeService) -> None:
        self._recipes = recipes

    def list_recipes(self, query: queries.ListRecipesQuery) -> models.RecipePage:
        """GET /recipes/."""
        return cast("models.RecipePage", paged(query, self._recipes.list(query, urls())))

    def get_recipe(self, recipe_id: int) -> models.RecipeDetails:
        """GET /recipes/{id}/."""
        return self._recipes.get(recipe_id, urls())

    def edit_recipe(self, recipe_id: int, body: models.RecipeEdit) -> models.RecipeDetails:
        """PATCH /recipes/{id}/: the document allows one change, to CANCELED."""
        return self._recipes.cancel(recipe_id, urls())


class Queue:
    """Operations on the queue."""

    def __init__(self, queue: QueueService, load: JobLoadService, changes: BulkChanges) -> None:
        self._queue = queue
        self._load = load
        self._changes = changes

    def list_job_load(self, query: queries.ListJobLoadQuery) -> models.JobLoadPage:
        """GET /load/."""
        return cast("models.JobLoadPage", paged(query, self._load.list(query, urls())))

    def get_queue_status(self) -> models.QueueStatus:
        """GET /queue/status/."""
        return self._queue.status()

    def get_queue_waiting(self) -> models.WaitingSummary:
        """GET /queue/waiting/."""
        return self._queue.waiting()

    def queue_job(self, body: models.NewJob) -> Created[models.JobDetails]:
        """POST /queue/new-job/."""
        job = self._queue.new_job(body, urls())
        return Created(job, location(f"/jobs/{job['id']}/"))

    def queue_recipe(self, body: models.NewRecipe) -> Created[models.RecipeDetails]:
        """POST /queue/new-recipe/."""
        recipe = self._queue.new_recipe(body, urls())
        return Created(recipe, location(f"/recipes/{recipe['id']}/"))

    def requeue_jobs(self, body: models.RequeueJobs) -> models.ChangedJobs | Accepted[models.ChangedJobs]:
        """POST /queue/requeue-jobs/."""
        return _done_or_accepted(self._changes.requeue(body, urls()))

    def cancel_jobs(self, body: models.CancelJobs) -> models.ChangedJobs | Accepted[models.ChangedJobs]:
        """POST /queue/cancel-jobs/."""
        return _done_or_accepted(self._changes.cancel(body, urls()))


def _done_or_accepted(changed: models.ChangedJobs) -> models.ChangedJobs | Accepted[models.ChangedJobs]:
    if changed["job"] is None:
        return changed
    return Accepted(changed, location(f"/jobs/{changed['job']['id']}/"))
