"""What a schema cannot say about recipe data (reference: Recipe Data)."""

from collections.abc import Mapping

from scale_core.domain.facts import FileFacts, WorkspaceFacts
from scale_core.domain.given_inputs import all_file_ids, given_input_problems, workspace_problem
from scale_core.specs import Problem
from scale_generated.specs.recipe_data import RecipeData
from scale_generated.specs.recipe_definition import RecipeDefinition


def recipe_data_problems(
    definition: RecipeDefinition,
    data: RecipeData,
    files: Mapping[int, FileFacts],
    workspaces: Mapping[int, WorkspaceFacts],
    *,
    has_outputs: bool,
    at: str,
) -> list[Problem]:
    """What is wrong with recipe data: see :func:`given_input_problems`; and a workspace that is missing though jobs
    produce files, does not exist or is not active.

    :param files: the referenced files that exist and are not deleted, by id.
    :param workspaces: the referenced workspaces that exist, by id.
    :param has_outputs: whether any job of the recipe declares an output.
    :param at: JSON pointer of the data; empty where it is the document.
    """
    problems = given_input_problems(definition.input_data, data.input_data, files, at)
    place = f"{at}/workspace_id"
    if data.workspace_id is None:
        if has_outputs:
            detail = "workspace_id is missing: jobs of the recipe produce files, which need a workspace"
            problems.append(Problem(place, detail))
    elif wrong := workspace_problem(data.workspace_id, workspaces, place):
        problems.append(wrong)
    return problems


def referenced_file_ids(data: RecipeData) -> frozenset[int]:
    """The ids of all files that the data passes to inputs."""
    return all_file_ids(data.input_data)


def referenced_workspace_ids(data: RecipeData) -> frozenset[int]:
    """The id of the workspace that the data names, if it names one."""
    return frozenset() if data.workspace_id is None else frozenset({data.workspace_id})
