"""What a schema cannot say about a recipe definition (reference: Recipe Definition)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scale_core.domain.facts import DefinitionWarning
from scale_core.domain.interfaces import media_type_warnings
from scale_core.domain.media_types import misfits
from scale_core.domain.naming import choices, duplicate_problems, pointers
from scale_core.domain.recipe import CircularDependency, topological_order
from scale_core.specs import Problem
from scale_generated.specs.job_interface import InterfaceInput, InterfaceOutput, JobInterface
from scale_generated.specs.recipe_definition import RecipeDefinition, RecipeInput, RecipeJob

Interfaces = Mapping[tuple[str, str], JobInterface]
"""Interfaces of the job types that exist, by (name, version)."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What a connection takes data from."""

    label: str
    type: str
    required: bool
    media_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Link:
    """A connection, resolved as far as it can be. ``missing`` says why there is no source where that is its own fault
    (not that of a dependency or job type that does not exist, which is reported for itself)."""

    source_at: str
    input_at: str
    input_name: str
    source: _Source | None
    missing: str | None = None


def definition_problems(definition: RecipeDefinition, interfaces: Interfaces, at: str) -> list[Problem]:
    """What is wrong with a definition: names used twice, job types, inputs, outputs or dependencies that do not exist,
    circular dependencies, connections that do not fit, required inputs that nothing sure is connected to.

    :param interfaces: interfaces of the job types that exist, at least of those that the definition names.
    :param at: JSON pointer of the definition; empty where it is the document.
    """
    problems = structure_problems(definition, at)
    for index, job in enumerate(definition.jobs):
        interface = _interface_of(job, interfaces)
        if interface is None:
            detail = (
                f'there is no job type "{job.job_type.name}" version "{job.job_type.version}"; name one that exists'
            )
            problems.append(Problem(f"{at}/jobs/{index}/job_type", detail))
        links = list(_links(definition, index, interfaces, at))
        problems += [Problem(link.source_at, link.missing) for link in links if link.missing]
        if interface is not None:
            problems += _input_problems(job, interface, links, f"{at}/jobs/{index}")
    return problems


def structure_problems(definition: RecipeDefinition, at: str) -> list[Problem]:
    """What is wrong with a definition whatever its job types are: names used twice, dependencies that do not exist or
    go in a circle.

    :param at: JSON pointer of the definition; empty where it is the document.
    """
    inputs, jobs = definition.input_data, definition.jobs
    named_inputs = zip(pointers(at, "input_data", inputs), (each.name for each in inputs), strict=True)
    named_jobs = zip(pointers(at, "jobs", jobs), (each.name for each in jobs), strict=True)
    return [
        *duplicate_problems(named_inputs, "names of recipe inputs"),
        *duplicate_problems(named_jobs, "names of jobs"),
        *_dependency_problems(definition, at),
    ]


def definition_warnings(definition: RecipeDefinition, interfaces: Interfaces) -> list[DefinitionWarning]:
    """What is odd about a definition that has no problems: media types that nobody knows, and connections over which
    files of a media type may come that the job's input refuses."""
    warnings = [each for declared in definition.input_data for each in media_type_warnings("recipe input", declared)]
    for index, job in enumerate(definition.jobs):
        interface = _interface_of(job, interfaces)
        declared = {} if interface is None else {each.name: each for each in interface.input_data}
        for link in _links(definition, index, interfaces, ""):
            target = declared.get(link.input_name)
            if target is not None and link.source is not None:
                warnings += misfit_warnings(f'job "{job.name}"', target, link.source.media_types)
    return warnings


def misfit_warnings(
    owner: str, target: InterfaceInput | RecipeInput, offered: Sequence[str]
) -> list[DefinitionWarning]:
    """A warning for each media type that ``target``, an input of ``owner``, would refuse."""
    taken = choices(target.media_types, "everything")
    return [
        DefinitionWarning(
            "media_type", f"Invalid media type for data input: {target.name} -> {each} ({owner} takes {taken})"
        )
        for each in misfits(offered, target.media_types)
    ]


def _interface_of(job: RecipeJob, interfaces: Interfaces) -> JobInterface | None:
    return interfaces.get((job.job_type.name, job.job_type.version))


def _dependency_problems(definition: RecipeDefinition, at: str) -> list[Problem]:
    names = [job.name for job in definition.jobs]
    edges: dict[str, list[str]] = {name: [] for name in names}
    problems = []
    for index, job in enumerate(definition.jobs):
        for number, dependency in enumerate(job.dependencies):
            place = f"{at}/jobs/{index}/dependencies/{number}/name"
            if dependency.name == job.name:
                problems.append(Problem(place, f'the job "{job.name}" depends on itself; name another job'))
            elif dependency.name not in edges:
                right = choices((name for name in names if name != job.name), "none, for there is no other job")
                problems.append(Problem(place, f'there is no job "{dependency.name}"; right would be {right}'))
            else:
                edges[job.name].append(dependency.name)
    try:
        topological_order(edges)
    except CircularDependency as error:
        problems.append(Problem(f"{at}/jobs", str(error)))
    return problems


def _links(definition: RecipeDefinition, index: int, interfaces: Interfaces, at: str) -> Iterator[_Link]:
    """Every connection into a job: from recipe inputs, then from the jobs it depends on."""
    job = definition.jobs[index]
    recipe_inputs = {each.name: each for each in definition.input_data}
    for number, connection in enumerate(job.recipe_inputs):
        place = f"{at}/jobs/{index}/recipe_inputs/{number}"
        source = recipe_inputs.get(connection.recipe_input)
        right = choices(recipe_inputs, "none, for the recipe has no inputs")
        yield _Link(
            f"{place}/recipe_input",
            f"{place}/job_input",
            connection.job_input,
            None if source is None else _recipe_source(source),
            f'there is no recipe input "{connection.recipe_input}"; right would be {right}' if source is None else None,
        )
    outputs_by_job = {each.name: _outputs_of(each, interfaces) for each in definition.jobs}
    for order, dependency in enumerate(job.dependencies):
        outputs = outputs_by_job.get(dependency.name)
        for number, link in enumerate(dependency.connections):
            place = f"{at}/jobs/{index}/dependencies/{order}/connections/{number}"
            output = None if outputs is None else outputs.get(link.output)
            yield _Link(
                f"{place}/output",
                f"{place}/input",
                link.input,
                None if output is None else _output_source(dependency.name, output),
                _missing_output(dependency.name, link.output, outputs),
            )


def _outputs_of(job: RecipeJob, interfaces: Interfaces) -> dict[str, InterfaceOutput] | None:
    interface = _interface_of(job, interfaces)
    return None if interface is None else {each.name: each for each in interface.output_data}


def _missing_output(job_name: str, output: str, outputs: Mapping[str, InterfaceOutput] | None) -> str | None:
    if outputs is None or output in outputs:
        return None
    right = choices(outputs, "none, for it has no outputs")
    return f'the job "{job_name}" has no output "{output}"; right would be {right}'


def _recipe_source(source: RecipeInput) -> _Source:
    return _Source(f'recipe input "{source.name}"', source.type, source.required, tuple(source.media_types))


def _output_source(job_name: str, output: InterfaceOutput) -> _Source:
    media_types = () if output.media_type is None else (output.media_type,)
    return _Source(f'output "{output.name}" of the job "{job_name}"', output.type, output.required, media_types)


def _input_problems(job: RecipeJob, interface: JobInterface, links: Sequence[_Link], at: str) -> list[Problem]:
    declared = {each.name: each for each in interface.input_data}
    connected: dict[str, str] = {}
    problems = []
    for link in links:
        target = declared.get(link.input_name)
        if target is None:
            right = choices(declared, "none, for it has no inputs")
            detail = f'the job "{job.name}" has no input "{link.input_name}"; right would be {right}'
            problems.append(Problem(link.input_at, detail))
            continue
        if target.name in connected:
            detail = f'the input "{target.name}" is connected at {connected[target.name]} already; connect it once'
            problems.append(Problem(link.input_at, detail))
        connected.setdefault(target.name, link.input_at)
        if link.source is not None and (detail := _misfit(link.source, target) or ""):
            problems.append(Problem(link.input_at, detail))
    problems += [
        Problem(at, f'nothing is connected to the required input "{name}" of the job "{job.name}"; connect it')
        for name, target in declared.items()
        if target.required and name not in connected
    ]
    return problems


def _misfit(source: _Source, target: InterfaceInput) -> str | None:
    if source.type != target.type and (source.type, target.type) != ("file", "files"):
        takes = "file or files" if target.type == "files" else target.type
        return f'the input "{target.name}" takes {takes}, but the {source.label} is of type {source.type}'
    if target.required and not source.required:
        return (
            f'the input "{target.name}" is required, but the {source.label} is optional and may be missing; '
            "make the input optional or the source required"
        )
    return None
