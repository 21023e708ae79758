"""A recipe at work: which jobs may run now, which are blocked, and what data each one gets (reference: Recipe
Definition). What a definition must fulfil is in :mod:`scale_core.domain.recipe_checks`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final, Self

from scale_core.domain.given_inputs import file_ids
from scale_generated.enums import JobStatus
from scale_generated.specs.job_data import JobData, JobDataInput, JobDataOutput
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.job_results import JobResults
from scale_generated.specs.recipe_data import RecipeData
from scale_generated.specs.recipe_definition import RecipeDefinition, RecipeJob

_STOPPED: Final = frozenset({JobStatus.FAILED, JobStatus.CANCELED})


class CircularDependency(ValueError):
    """Jobs depend on each other in a circle.

    :ivar cycle: the names along the circle, each before the one that depends on it; the first is again the last.
    """

    def __init__(self, cycle: tuple[str, ...]) -> None:
        self.cycle = cycle
        super().__init__(f"circular dependency: {' -> '.join(cycle)}; remove one of these dependencies")


@dataclass(frozen=True, slots=True)
class RecipeGraph:
    """The jobs of a recipe, by their names in it.

    ``order`` lists every job after those it depends on, otherwise in the order of the definition.
    """

    order: tuple[str, ...]
    jobs: Mapping[str, RecipeJob]
    _dependencies: Mapping[str, tuple[str, ...]]
    _dependents: Mapping[str, tuple[str, ...]]

    @classmethod
    def from_definition(cls, definition: RecipeDefinition) -> Self:
        """The graph of a definition without problems.

        :raises CircularDependency: there is a circle.
        :raises KeyError: a dependency names no job.
        """
        jobs = {job.name: job for job in definition.jobs}
        dependencies = {
            name: tuple(dict.fromkeys(each.name for each in job.dependencies)) for name, job in jobs.items()
        }
        dependents: dict[str, list[str]] = {name: [] for name in jobs}
        for name, needed in dependencies.items():
            for each in needed:
                dependents[each].append(name)
        return cls(
            order=topological_order(dependencies),
            jobs=jobs,
            _dependencies=dependencies,
            _dependents={name: tuple(names) for name, names in dependents.items()},
        )

    @property
    def roots(self) -> tuple[str, ...]:
        """The jobs that depend on none."""
        return tuple(name for name in self.order if not self._dependencies[name])

    def dependencies(self, name: str) -> tuple[str, ...]:
        """The jobs that ``name`` depends on directly."""
        return self._dependencies[name]

    def dependents(self, name: str) -> tuple[str, ...]:
        """The jobs that depend on ``name`` directly."""
        return self._dependents[name]


def topological_order(dependencies: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Every name after those it depends on.

    :raises CircularDependency: there is no such order.
    """
    try:
        return tuple(TopologicalSorter(dependencies).static_order())
    except CycleError as error:
        raise CircularDependency(tuple(error.args[1])) from error


def ready_jobs(graph: RecipeGraph, statuses: Mapping[str, JobStatus]) -> list[str]:
    """The PENDING jobs whose dependencies are all COMPLETED: they can be queued.

    :param statuses: status of every job of the recipe.
    """
    return [
        name
        for name in graph.order
        if statuses[name] == JobStatus.PENDING
        and all(statuses[each] == JobStatus.COMPLETED for each in graph.dependencies(name))
    ]


def blocked_jobs(graph: RecipeGraph, statuses: Mapping[str, JobStatus]) -> list[str]:
    """The PENDING jobs that have to become BLOCKED: a job they depend on, directly or not, is FAILED or CANCELED."""
    behind = _behind_stopped(graph, statuses)
    return [name for name in graph.order if statuses[name] == JobStatus.PENDING and name in behind]


def unblocked_jobs(graph: RecipeGraph, statuses: Mapping[str, JobStatus]) -> list[str]:
    """The BLOCKED jobs that have to become PENDING: no job they depend on, directly or not, is FAILED or CANCELED."""
    behind = _behind_stopped(graph, statuses)
    return [name for name in graph.order if statuses[name] == JobStatus.BLOCKED and name not in behind]


def holding_up(graph: RecipeGraph, name: str, statuses: Mapping[str, JobStatus]) -> list[str]:
    """The jobs that keep a PENDING or BLOCKED job from being queued: of those that it depends on, directly or not, the
    FAILED and CANCELED ones; where there are none, those that it depends on directly and that have not COMPLETED."""
    ancestors = _ancestors(graph, name)
    stopped = [each for each in graph.order if each in ancestors and statuses[each] in _STOPPED]
    return stopped or [each for each in graph.dependencies(name) if statuses[each] != JobStatus.COMPLETED]


def job_data_for(
    graph: RecipeGraph,
    job_name: str,
    recipe_data: RecipeData,
    results_by_job: Mapping[str, JobResults],
    interface: JobInterface,
    workspace_id: int | None,
) -> JobData:
    """The data of a job whose dependencies have completed.

    Optional inputs get nothing where the recipe input was not given or the output was not produced.

    :param results_by_job: results of (at least) the jobs it depends on, by name in the recipe.
    :param interface: the interface that the job was made with.
    :param workspace_id: where its outputs are stored; may be None where it declares none.
    :raises ValueError: it declares outputs and there is no workspace.
    """
    if interface.output_data and workspace_id is None:
        raise ValueError(f'the job "{job_name}" produces files, so the recipe data must name a workspace_id')
    types = {each.name: each.type for each in interface.input_data}
    job = graph.jobs[job_name]
    return JobData(
        input_data=(
            *_from_recipe_inputs(job, recipe_data, types),
            *_from_dependencies(job, results_by_job, types),
        ),
        output_data=tuple(
            JobDataOutput(name=each.name, workspace_id=workspace_id)
            for each in interface.output_data
            if workspace_id is not None
        ),
    )


def _ancestors(graph: RecipeGraph, name: str) -> set[str]:
    """The jobs that a job depends on, directly or not."""
    found: set[str] = set()
    left = [name]
    while left:
        new = set(graph.dependencies(left.pop())) - found
        found |= new
        left += new
    return found


def _behind_stopped(graph: RecipeGraph, statuses: Mapping[str, JobStatus]) -> set[str]:
    """The jobs with a FAILED or CANCELED ancestor."""
    behind: set[str] = set()
    for name in graph.order:
        if any(statuses[each] in _STOPPED or each in behind for each in graph.dependencies(name)):
            behind.add(name)
    return behind


def _from_recipe_inputs(job: RecipeJob, data: RecipeData, types: Mapping[str, str]) -> list[JobDataInput]:
    given = {each.name: each for each in data.input_data}
    inputs: list[JobDataInput] = []
    for connection in job.recipe_inputs:
        source = given.get(connection.recipe_input)
        if source is None:
            continue
        if source.value is not None:
            inputs.append(JobDataInput(name=connection.job_input, value=source.value))
        else:
            inputs.append(_files_entry(connection.job_input, file_ids(source), types))
    return inputs


def _from_dependencies(
    job: RecipeJob, results_by_job: Mapping[str, JobResults], types: Mapping[str, str]
) -> list[JobDataInput]:
    inputs: list[JobDataInput] = []
    for dependency in job.dependencies:
        if not dependency.connections:
            continue
        produced = {each.name: each for each in results_by_job[dependency.name].output_data}
        for connection in dependency.connections:
            output = produced.get(connection.output)
            ids = () if output is None else _produced_ids(output.file_id, output.file_ids)
            if ids:
                inputs.append(_files_entry(connection.input, ids, types))
    return inputs


def _produced_ids(file_id: int | None, many: Iterable[int] | None) -> tuple[int, ...]:
    return (file_id,) if file_id is not None else tuple(many or ())


def _files_entry(name: str, ids: tuple[int, ...], types: Mapping[str, str]) -> JobDataInput:
    if types[name] == "file":
        return JobDataInput(name=name, file_id=ids[0])
    return JobDataInput(name=name, file_ids=ids)
