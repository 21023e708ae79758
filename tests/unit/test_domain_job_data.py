"""Job data and recipe data, against what is declared and what exists."""

from typing import Any

import pytest

from scale_core.domain import job_data, recipe_data
from scale_core.domain.facts import FileFacts, WorkspaceFacts
from scale_core.specs import Problem
from scale_generated.specs.job_data import JobData
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.recipe_data import RecipeData
from scale_generated.specs.recipe_definition import RecipeDefinition

INPUTS: list[dict[str, Any]] = [
    {"name": "image", "type": "file", "media_types": ["image/png"]},
    {"name": "pics", "type": "files", "required": False, "media_types": ["image/png", "image/tiff"]},
    {"name": "level", "type": "property", "required": False},
]
INTERFACE = JobInterface.from_document(
    {
        "version": "1.0",
        "command": "run",
        "command_arguments": "${image} ${pics} ${level}",
        "input_data": INPUTS,
        "output_data": [{"name": "out", "type": "file"}],
    }
)
FILES = {
    1: FileFacts(1, "a.png", "image/png", frozenset()),
    2: FileFacts(2, "b.tif", "image/tiff", frozenset()),
    3: FileFacts(3, "c.csv", "text/csv", frozenset()),
}
WORKSPACES = {12: WorkspaceFacts(12, "products", True), 13: WorkspaceFacts(13, "old", False)}
IMAGE = {"name": "image", "file_id": 1}
OUT = {"name": "out", "workspace_id": 12}


def problems(inputs: list[dict[str, Any]], outputs: list[dict[str, Any]] | None = None) -> list[Problem]:
    document = {"version": "1.0", "input_data": inputs, "output_data": [OUT] if outputs is None else outputs}
    return job_data.job_data_problems(INTERFACE, JobData.from_document(document), FILES, WORKSPACES, "/job_data")


@pytest.mark.parametrize(
    "more",
    [
        [],
        [{"name": "pics", "file_ids": [1, 2]}],
        [{"name": "pics", "file_id": 2}],
        [{"name": "level", "value": ""}, {"name": "pics", "file_ids": [1]}],
    ],
)
def test_right_data_has_no_problems(more: list[dict[str, Any]]) -> None:
    assert problems([IMAGE, *more]) == []


@pytest.mark.parametrize(
    ("inputs", "pointer", "says"),
    [
        ([], "/job_data/input_data", 'required input "image" is missing; give one file as file_id'),
        ([IMAGE, IMAGE], "/job_data/input_data/1/name", "used at /job_data/input_data/0/name already"),
        (
            [IMAGE, {"name": "imgae", "file_id": 1}],
            "/job_data/input_data/1/name",
            'no input "imgae"; right would be one of image, level, pics',
        ),
        ([{"name": "image", "value": "x"}], "/job_data/input_data/0/value", "takes one file as file_id, not value"),
        ([{"name": "image", "file_ids": [1]}], "/job_data/input_data/0/file_ids", "not file_ids"),
        ([IMAGE, {"name": "level", "file_id": 1}], "/job_data/input_data/1/file_id", "takes a text as value"),
        ([IMAGE, {"name": "pics", "value": "x"}], "/job_data/input_data/1/value", "takes files as file_ids, or one"),
        ([{"name": "image", "file_id": 9}], "/job_data/input_data/0/file_id", "no file with id 9"),
        (
            [{"name": "image", "file_id": 2}],
            "/job_data/input_data/0/file_id",
            'file 2 (b.tif) is image/tiff, but "image" takes one of image/png',
        ),
        ([IMAGE, {"name": "pics", "file_ids": [1, 3]}], "/job_data/input_data/1/file_ids/1", "c.csv"),
        ([IMAGE, {"name": "level", "value": "a\0b"}], "/job_data/input_data/1/value", "U+0000"),
    ],
)
def test_wrong_inputs_are_told_where_and_what_would_be_right(
    inputs: list[dict[str, Any]], pointer: str, says: str
) -> None:
    (problem,) = problems(inputs)
    assert problem.pointer == pointer
    assert says in problem.detail


@pytest.mark.parametrize(
    ("outputs", "pointer", "says"),
    [
        ([], "/job_data/output_data", 'output "out" has no workspace'),
        ([OUT, {"name": "x", "workspace_id": 12}], "/job_data/output_data/1/name", "right would be one of out"),
        ([OUT, OUT], "/job_data/output_data/1/name", "used at /job_data/output_data/0/name"),
        ([{"name": "out", "workspace_id": 1}], "/job_data/output_data/0/workspace_id", "no workspace with id 1"),
        ([{"name": "out", "workspace_id": 13}], "/job_data/output_data/0/workspace_id", "not active"),
    ],
)
def test_wrong_outputs_are_told_where_and_what_would_be_right(
    outputs: list[dict[str, Any]], pointer: str, says: str
) -> None:
    (problem,) = problems([IMAGE], outputs)
    assert problem.pointer == pointer
    assert says in problem.detail


def test_media_types_compare_without_regard_to_case() -> None:
    files = {1: FileFacts(1, "a.png", "Image/PNG", frozenset())}
    data = JobData.from_document({"version": "1.0", "input_data": [IMAGE], "output_data": [OUT]})
    assert job_data.job_data_problems(INTERFACE, data, files, WORKSPACES, "") == []


def test_what_the_data_refers_to() -> None:
    data = JobData.from_document(
        {"version": "1.0", "input_data": [IMAGE, {"name": "pics", "file_ids": [1, 2]}], "output_data": [OUT]}
    )
    assert job_data.referenced_file_ids(data) == {1, 2}
    assert job_data.referenced_workspace_ids(data) == {12}


def recipe_problems(data: dict[str, Any], *, has_outputs: bool = True) -> list[Problem]:
    definition = RecipeDefinition.from_document({"version": "1.0", "input_data": INPUTS, "jobs": []})
    return recipe_data.recipe_data_problems(
        definition,
        RecipeData.from_document({"version": "1.0", **data}),
        FILES,
        WORKSPACES,
        has_outputs=has_outputs,
        at="",
    )


def test_recipe_data_is_checked_like_job_data() -> None:
    assert recipe_problems({"input_data": [IMAGE], "workspace_id": 12}) == []
    (problem,) = recipe_problems({"input_data": [], "workspace_id": 12})
    assert problem.pointer == "/input_data"


def test_a_recipe_needs_an_active_workspace_only_if_its_jobs_produce_files() -> None:
    assert recipe_problems({"input_data": [IMAGE]}, has_outputs=False) == []
    for data, says in (({}, "is missing"), ({"workspace_id": 13}, "not active"), ({"workspace_id": 1}, "no workspace")):
        (problem,) = recipe_problems({"input_data": [IMAGE], **data})
        assert problem.pointer == "/workspace_id"
        assert says in problem.detail


def test_what_recipe_data_refers_to() -> None:
    data = RecipeData.from_document({"version": "1.0", "input_data": [IMAGE], "workspace_id": 12})
    assert recipe_data.referenced_file_ids(data) == {1}
    assert recipe_data.referenced_workspace_ids(data) == {12}
    assert recipe_data.referenced_workspace_ids(RecipeData.from_document({"version": "1.0"})) == frozenset()
