"""Recipes: their graph, their checks, and the data that flows along."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_core.domain.recipe import (
    CircularDependency,
    RecipeGraph,
    blocked_jobs,
    job_data_for,
    ready_jobs,
    unblocked_jobs,
)
from scale_core.domain.recipe_checks import definition_problems, definition_warnings
from scale_core.specs import Problem
from scale_generated.enums import JobStatus
from scale_generated.specs.job_data import JobData
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.job_results import JobResults
from scale_generated.specs.recipe_data import RecipeData
from scale_generated.specs.recipe_definition import RecipeDefinition


def interface(inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> JobInterface:
    return JobInterface.from_document(
        {"version": "1.0", "command": "run", "command_arguments": "", "input_data": inputs, "output_data": outputs}
    )


INTERFACES = {
    ("geotiff-maker", "1.2.3"): interface(
        [
            {"name": "image", "type": "file", "media_types": ["image/png"]},
            {"name": "georeference_data", "type": "file", "media_types": ["text/csv"]},
        ],
        [
            {"name": "geo_image", "type": "file", "media_type": "image/tiff"},
            {"name": "extra", "type": "file", "required": False},
            {"name": "tiles", "type": "files"},
        ],
    ),
    ("point-detector", "4.5.6"): interface(
        [
            {"name": "image", "type": "file", "media_types": ["image/tiff"]},
            {"name": "level", "type": "property", "required": False},
            {"name": "many", "type": "files", "required": False},
            {"name": "maybe", "type": "file", "required": False},
        ],
        [],
    ),
}
DEFINITION: dict[str, Any] = {
    "version": "1.0",
    "input_data": [
        {"name": "image", "type": "file", "media_types": ["image/png"]},
        {"name": "georeference_data", "type": "file", "media_types": ["text/csv"]},
        {"name": "level", "type": "property", "required": False},
        {"name": "maybe", "type": "file", "required": False},
        {"name": "set", "type": "files"},
    ],
    "jobs": [
        {
            "name": "make_geotiff",
            "job_type": {"name": "geotiff-maker", "version": "1.2.3"},
            "recipe_inputs": [
                {"recipe_input": "image", "job_input": "image"},
                {"recipe_input": "georeference_data", "job_input": "georeference_data"},
            ],
        },
        {
            "name": "detect_points",
            "job_type": {"name": "point-detector", "version": "4.5.6"},
            "dependencies": [{"name": "make_geotiff", "connections": [{"output": "geo_image", "input": "image"}]}],
        },
    ],
}


def definition(
    *, recipe_inputs: list[tuple[str, str]] | None = None, connections: list[tuple[str, str]] | None = None
) -> RecipeDefinition:
    """The reference's recipe, with other connections into its second job."""
    maker, detector = DEFINITION["jobs"]
    pairs = [("geo_image", "image")] if connections is None else connections
    changed = {
        **detector,
        "recipe_inputs": [{"recipe_input": a, "job_input": b} for a, b in recipe_inputs or []],
        "dependencies": [{"name": "make_geotiff", "connections": [{"output": a, "input": b} for a, b in pairs]}],
    }
    return RecipeDefinition.from_document({**DEFINITION, "jobs": [maker, changed]})


def chain(**dependencies: str) -> RecipeDefinition:
    """Jobs by name with the letters of the jobs they depend on, without connections."""
    jobs = [
        {
            "name": name,
            "job_type": {"name": "t", "version": "1"},
            "dependencies": [{"name": each} for each in needed],
        }
        for name, needed in dependencies.items()
    ]
    return RecipeDefinition.from_document({"version": "1.0", "jobs": jobs})


NOTHING = {("t", "1"): interface([], [])}


def problems(wrong: RecipeDefinition, interfaces: dict[tuple[str, str], JobInterface] = INTERFACES) -> list[Problem]:
    return definition_problems(wrong, interfaces, "/definition")


def test_the_recipe_of_the_reference_is_without_problems_and_warnings() -> None:
    assert problems(definition()) == []
    assert definition_warnings(definition(), INTERFACES) == []


def test_the_graph_orders_jobs_after_those_they_depend_on() -> None:
    graph = RecipeGraph.from_definition(chain(d="bc", b="a", c="a", a="", e=""))
    assert graph.order.index("a") < graph.order.index("b") < graph.order.index("d")
    assert graph.roots == ("a", "e")
    assert graph.dependencies("d") == ("b", "c")
    assert graph.dependents("a") == ("b", "c")


def test_a_circular_dependency_names_the_cycle() -> None:
    circular = chain(a="c", b="a", c="b")
    (problem,) = problems(circular, NOTHING)
    assert problem.pointer == "/definition/jobs"
    assert problem.detail.startswith("circular dependency: a -> b -> c -> a;")
    with pytest.raises(CircularDependency):
        RecipeGraph.from_definition(circular)


def test_a_job_may_not_depend_on_itself_or_on_none_that_exists() -> None:
    itself, missing = problems(chain(a="a", b="x"), NOTHING)
    assert itself.pointer == "/definition/jobs/0/dependencies/0/name"
    assert "depends on itself" in itself.detail
    assert missing.pointer == "/definition/jobs/1/dependencies/0/name"
    assert 'no job "x"; right would be one of a' in missing.detail


def test_names_are_unique_among_inputs_and_among_jobs() -> None:
    document = {**DEFINITION, "input_data": [*DEFINITION["input_data"], DEFINITION["input_data"][0]]}
    document["jobs"] = [*DEFINITION["jobs"], DEFINITION["jobs"][1]]
    places = [each.pointer for each in problems(RecipeDefinition.from_document(document))]
    assert places == ["/definition/input_data/5/name", "/definition/jobs/2/name"]


def test_job_types_must_exist() -> None:
    (problem,) = problems(chain(a=""))
    assert problem.pointer == "/definition/jobs/0/job_type"
    assert '"t" version "1"' in problem.detail


@pytest.mark.parametrize(
    ("recipe_inputs", "connections", "place", "says"),
    [
        ([("nope", "level")], None, "recipe_inputs/0/recipe_input", 'no recipe input "nope"; right would be one of'),
        ([("level", "nope")], None, "recipe_inputs/0/job_input", 'has no input "nope"; right would be one of image'),
        ([("image", "level")], None, "recipe_inputs/0/job_input", "takes property, but the recipe input"),
        ([("level", "maybe")], None, "recipe_inputs/0/job_input", "takes file, but"),
        ([("set", "maybe")], None, "recipe_inputs/0/job_input", "takes file, but"),
        ([("level", "many")], None, "recipe_inputs/0/job_input", "takes file or files, but"),
        ([("maybe", "image")], [], "recipe_inputs/0/job_input", "is optional and may be missing"),
        ([("image", "image")], None, "dependencies/0/connections/0/input", "is connected at"),
        (None, [], "", 'nothing is connected to the required input "image"'),
        (None, [("extra", "image")], "dependencies/0/connections/0/input", "is optional and may be missing"),
        (None, [("tiles", "image")], "dependencies/0/connections/0/input", "is of type files"),
        (
            None,
            [("geo_image", "image"), ("nope", "maybe")],
            "dependencies/0/connections/1/output",
            'the job "make_geotiff" has no output "nope"; right would be one of extra, geo_image, tiles',
        ),
    ],
)
def test_wrong_connections_are_told_where_and_what_would_be_right(
    recipe_inputs: list[tuple[str, str]] | None, connections: list[tuple[str, str]] | None, place: str, says: str
) -> None:
    (problem,) = problems(definition(recipe_inputs=recipe_inputs, connections=connections))
    assert problem.pointer == "/definition/jobs/1" + (f"/{place}" if place else "")
    assert says in problem.detail


def test_one_file_may_go_where_files_are_taken_and_optional_to_optional() -> None:
    fits = definition(
        recipe_inputs=[("level", "level"), ("maybe", "maybe")], connections=[("geo_image", "image"), ("extra", "many")]
    )
    assert problems(fits) == []


def test_media_types_that_do_not_fit_are_warned_of_as_in_the_reference() -> None:
    warned = definition(recipe_inputs=[("image", "image")], connections=[])
    (warning,) = definition_warnings(warned, INTERFACES)
    assert warning.id == "media_type"
    assert warning.details.startswith("Invalid media type for data input: image -> image/png")


NAMES = st.sampled_from("abcd")
FIELDS = st.sampled_from(["image", "level", "many", "maybe", "geo_image", "extra", "tiles", "set", "x"])
DOCUMENTS = st.fixed_dictionaries(
    {
        "version": st.just("1.0"),
        "input_data": st.just(DEFINITION["input_data"]),
        "jobs": st.lists(
            st.fixed_dictionaries(
                {
                    "name": NAMES,
                    "job_type": st.sampled_from(
                        [{"name": n, "version": v} for n, v in [*INTERFACES, ("missing", "1")]]
                    ),
                    "recipe_inputs": st.lists(
                        st.fixed_dictionaries({"recipe_input": FIELDS, "job_input": FIELDS}), max_size=3
                    ),
                    "dependencies": st.lists(
                        st.fixed_dictionaries(
                            {
                                "name": NAMES,
                                "connections": st.lists(
                                    st.fixed_dictionaries({"output": FIELDS, "input": FIELDS}), max_size=2
                                ),
                            }
                        ),
                        max_size=3,
                    ),
                }
            ),
            max_size=5,
        ),
    }
)


@given(DOCUMENTS)
def test_any_definition_is_judged_and_a_right_one_has_a_graph(document: dict[str, Any]) -> None:
    judged = RecipeDefinition.from_document(document)
    definition_warnings(judged, INTERFACES)
    if not definition_problems(judged, INTERFACES, ""):
        assert len(RecipeGraph.from_definition(judged).order) == len(judged.jobs)


@st.composite
def graphs_at_work(draw: st.DrawFn) -> tuple[RecipeGraph, dict[str, JobStatus]]:
    size = draw(st.integers(1, 7))
    names = [chr(ord("a") + number) for number in range(size)]
    needs = {
        name: "".join(draw(st.sets(st.sampled_from(names[:number])))) if number else ""
        for number, name in enumerate(names)
    }
    return RecipeGraph.from_definition(chain(**needs)), {name: draw(st.sampled_from(list(JobStatus))) for name in names}


def ancestors(graph: RecipeGraph, name: str) -> set[str]:
    found: set[str] = set()
    for each in graph.dependencies(name):
        found |= {each} | ancestors(graph, each)
    return found


@given(graphs_at_work())
def test_a_pending_job_is_ready_or_blocked_or_waits_and_never_two_of_them(
    at_work: tuple[RecipeGraph, dict[str, JobStatus]],
) -> None:
    graph, statuses = at_work
    stopped = {name for name, status in statuses.items() if status in (JobStatus.FAILED, JobStatus.CANCELED)}
    behind = {name for name in graph.order if ancestors(graph, name) & stopped}
    pending = {name for name, status in statuses.items() if status == JobStatus.PENDING}
    assert set(blocked_jobs(graph, statuses)) == pending & behind
    assert set(ready_jobs(graph, statuses)) == {
        name for name in pending if all(statuses[each] == JobStatus.COMPLETED for each in graph.dependencies(name))
    }
    blocked = {name for name, status in statuses.items() if status == JobStatus.BLOCKED}
    assert set(unblocked_jobs(graph, statuses)) == blocked - behind


def test_a_failed_job_blocks_all_behind_it_and_releases_them_when_requeued() -> None:
    graph = RecipeGraph.from_definition(chain(a="", b="a", c="b", d=""))
    statuses = {"a": JobStatus.FAILED, "b": JobStatus.PENDING, "c": JobStatus.PENDING, "d": JobStatus.PENDING}
    assert blocked_jobs(graph, statuses) == ["b", "c"]
    assert ready_jobs(graph, statuses) == ["d"]
    statuses = {"a": JobStatus.QUEUED, "b": JobStatus.BLOCKED, "c": JobStatus.BLOCKED, "d": JobStatus.COMPLETED}
    assert unblocked_jobs(graph, statuses) == ["b", "c"]


RESULTS = {
    "make_geotiff": JobResults.from_document(
        {
            "version": "1.0",
            "output_data": [{"name": "geo_image", "file_id": 7}, {"name": "tiles", "file_ids": [8, 9]}],
        }
    )
}


def data_of(job: str, wired: RecipeDefinition, inputs: list[dict[str, Any]], workspace: int | None = 12) -> JobData:
    data = RecipeData.from_document({"version": "1.0", "input_data": inputs})
    graph = RecipeGraph.from_definition(wired)
    reference = graph.jobs[job].job_type
    return job_data_for(graph, job, data, RESULTS, INTERFACES[reference.name, reference.version], workspace)


def test_the_first_job_gets_the_recipes_data_and_a_workspace_for_each_output() -> None:
    given_data = [{"name": "image", "file_id": 1}, {"name": "georeference_data", "file_id": 2}]
    assert data_of("make_geotiff", definition(), given_data) == JobData.from_document(
        {
            "version": "1.0",
            "input_data": given_data,
            "output_data": [{"name": name, "workspace_id": 12} for name in ("geo_image", "extra", "tiles")],
        }
    )


def test_the_next_job_gets_the_outputs_of_those_it_depends_on() -> None:
    wired = definition(
        recipe_inputs=[("level", "level")], connections=[("geo_image", "image"), ("tiles", "many"), ("extra", "maybe")]
    )
    assert data_of("detect_points", wired, [{"name": "level", "value": "3"}], None) == JobData.from_document(
        {
            "version": "1.0",
            "input_data": [
                {"name": "level", "value": "3"},
                {"name": "image", "file_id": 7},
                {"name": "many", "file_ids": [8, 9]},
            ],
            "output_data": [],
        }
    )


def test_one_file_becomes_a_list_where_files_are_taken() -> None:
    wired = definition(recipe_inputs=[("maybe", "many")])
    data = data_of("detect_points", wired, [{"name": "maybe", "file_id": 5}])
    assert [(each.name, each.file_ids) for each in data.input_data if each.name == "many"] == [("many", (5,))]


def test_a_job_with_outputs_needs_a_workspace() -> None:
    with pytest.raises(ValueError, match="workspace_id"):
        data_of("make_geotiff", definition(), [], None)
