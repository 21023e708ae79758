"""The jobs and recipes that a dry run made, taken down before they are taken back, and what would become of them."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from scale_core.db.models import Job, Node, Recipe, RecipeJob
from scale_core.domain.given_inputs import file_ids
from scale_core.domain.placement import QueuedExecution, Reason, Why
from scale_core.domain.recipe import RecipeGraph, holding_up
from scale_core.interfaces.engine import Resources
from scale_core.services.outlook import Outlook, Prospect
from scale_core.services.queue_views import running_by_type
from scale_core.services.triggering import Fired
from scale_core.services.waiting import as_model, hypothetical
from scale_generated import models
from scale_generated.enums import JobStatus
from scale_generated.specs.job_data import JobData
from scale_generated.specs.recipe_data import RecipeData
from scale_generated.specs.recipe_definition import RecipeDefinition
from scale_generated.specs.recipe_definition import RecipeJob as Place

FIRST_ID = 2**62
"""Of executions that there are not: they rank behind those that there are."""


@dataclass(frozen=True, slots=True)
class MadeJob:
    """A job that was made.

    :param execution: the one that is on the queue, or would be.
    :param name: in the recipe; None outside of one.
    :param holding: the jobs of the recipe, by name, that keep it from the queue.
    """

    execution: QueuedExecution
    version: str
    status: JobStatus
    name: str | None
    connections: Sequence[models.DryRunConnection]
    depends_on: Sequence[str]
    holding: Sequence[str]


@dataclass(frozen=True, slots=True)
class MadeRecipe:
    """A recipe that was made, with its jobs in the order of its definition."""

    recipe_type: models.DryRunVersion
    jobs: Sequence[MadeJob]


@dataclass(frozen=True, slots=True)
class MadeByRule:
    """What was made for one rule."""

    rule: models.DryRunName
    jobs: Sequence[MadeJob]
    recipes: Sequence[MadeRecipe]
    refused: Sequence[str]


class Taker:
    """Takes down what was made, in the session that made it.

    :param file_id: the file that all of it was made for.
    """

    def __init__(self, session: Session, file_id: int) -> None:
        self._session = session
        self._file_id = file_id
        self._next_id = FIRST_ID

    def take(self, fired: Fired) -> MadeByRule:
        """What was made for a rule."""
        jobs = self._session.scalars(
            select(Job).where(Job.id.in_(fired.job_ids)).order_by(Job.id).options(joinedload(Job.job_type))
        )
        return MadeByRule(
            rule={"id": fired.rule.id, "name": fired.rule.name or ""},
            jobs=[self._job(job, None, self._of_data(job), (), ()) for job in jobs],
            recipes=[self._recipe(recipe) for recipe in fired.recipes],
            refused=list(fired.refusals),
        )

    def _recipe(self, recipe: Recipe) -> MadeRecipe:
        definition = RecipeDefinition.from_document(recipe.recipe_type_rev.definition)
        graph = RecipeGraph.from_definition(definition)
        rows = self._session.scalars(
            select(RecipeJob)
            .where(RecipeJob.recipe_id == recipe.id)
            .options(joinedload(RecipeJob.job).joinedload(Job.job_type))
        )
        jobs = {row.job_name: row.job for row in rows}
        statuses = {name: JobStatus(job.status) for name, job in jobs.items()}
        files = {one.name for one in RecipeData.from_document(recipe.data).input_data if self._file_id in file_ids(one)}
        kind = recipe.recipe_type
        return MadeRecipe(
            {"id": kind.id, "name": kind.name, "version": kind.version},
            [
                self._job(
                    jobs[place.name],
                    place.name,
                    _connections(place, files),
                    graph.dependencies(place.name),
                    holding_up(graph, place.name, statuses),
                )
                for place in definition.jobs
            ],
        )

    def _job(
        self,
        job: Job,
        name: str | None,
        connections: Sequence[models.DryRunConnection],
        depends_on: Sequence[str],
        holding: Sequence[str],
    ) -> MadeJob:
        self._next_id += 1
        execution = hypothetical(job, job.job_type, self._next_id)
        return MadeJob(execution, job.job_type.version, JobStatus(job.status), name, connections, depends_on, holding)

    def _of_data(self, job: Job) -> list[models.DryRunConnection]:
        given = JobData.from_document(job.data).input_data
        return [_from_file(one.name) for one in given if self._file_id in file_ids(one)]


class Teller:
    """Says what would become of the jobs, by what is in the database without them.

    :param made: all of them.
    """

    def __init__(self, session: Session, outlook: Outlook, made: Iterable[MadeByRule]) -> None:
        self._outlook = outlook
        self._running = running_by_type(session)
        jobs = [job for one in made for job in (*one.jobs, *(each for recipe in one.recipes for each in recipe.jobs))]
        queued = [self._counted(job.execution) for job in jobs if job.status == JobStatus.QUEUED]
        self._prospects = outlook.of_queued(queued, are_new=True) if queued else {}
        self._nodes = _hostnames(session, self._prospects)

    def tell(self, made: MadeByRule) -> models.DryRunTrigger:
        """What was made for a rule, as clients see it."""
        return {
            "trigger_rule": made.rule,
            "jobs": [self._job(job) for job in made.jobs],
            "recipes": [
                {"recipe_type": recipe.recipe_type, "jobs": [self._job(job) for job in recipe.jobs]}
                for recipe in made.recipes
            ],
            "refused": list(made.refused),
        }

    def _job(self, job: MadeJob) -> models.DryRunJob:
        one = job.execution
        prospect = self._prospects.get(one.execution_id)
        placement = None if prospect is None else prospect.placement
        node_id = None if placement is None else placement.node_id
        return {
            "job_name": job.name,
            "job_type": {"id": one.job_type_id, "name": one.job_type_name, "version": job.version},
            "status": job.status.value,
            "priority": one.priority,
            "needs": _needs(one.resources),
            "connections": list(job.connections),
            "depends_on": list(job.depends_on),
            "node": None if node_id is None else {"id": node_id, "name": self._nodes.get(node_id, "")},
            "waiting_on": [as_model(why) for why in self._reasons(job, prospect)],
        }

    def _reasons(self, job: MadeJob, prospect: Prospect | None) -> Sequence[Why]:
        if prospect is not None:
            return prospect.reasons
        if job.status not in (JobStatus.PENDING, JobStatus.BLOCKED):
            return ()
        named = ", ".join(repr(name) for name in job.holding)
        return [*self._outlook.lasting(job.execution), Why(Reason.DEPENDENCIES, f"It depends on {named}.")]

    def _counted(self, execution: QueuedExecution) -> QueuedExecution:
        return replace(execution, running_of_type=self._running.get(execution.job_type_id, 0))


def _hostnames(session: Session, prospects: Mapping[int, Prospect]) -> dict[int, str]:
    """Host names of the nodes on which something would be placed, by id."""
    ids = {one.placement.node_id for one in prospects.values() if one.placement is not None}
    rows = session.execute(select(Node.id, Node.hostname).where(Node.id.in_(ids - {None})))
    return {row.id: row.hostname for row in rows}


def _connections(place: Place, files: Container[str]) -> list[models.DryRunConnection]:
    """What the inputs of a job of a recipe get; ``files``: the recipe inputs that the file is passed to."""
    from_recipe = [_from_file(one.job_input) for one in place.recipe_inputs if one.recipe_input in files]
    from_jobs: list[models.DryRunConnection] = [
        {"input": one.input, "source": "OUTPUT", "job_name": dependency.name, "output": one.output}
        for dependency in place.dependencies
        for one in dependency.connections
    ]
    return [*from_recipe, *from_jobs]


def _from_file(name: str) -> models.DryRunConnection:
    return {"input": name, "source": "FILE", "job_name": None, "output": None}


def _needs(of: Resources) -> models.Resources:
    return {"cpus": of.cpus, "mem": of.mem, "disk": of.disk, "custom": dict(of.custom)}
