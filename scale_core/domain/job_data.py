"""What a schema cannot say about job data (reference: Job Data)."""

from collections.abc import Mapping

from scale_core.domain.facts import FileFacts, WorkspaceFacts
from scale_core.domain.given_inputs import all_file_ids, given_input_problems, workspace_problem
from scale_core.domain.naming import choices, duplicate_problems, pointers
from scale_core.specs import Problem
from scale_generated.specs.job_data import JobData
from scale_generated.specs.job_interface import JobInterface


def job_data_problems(
    interface: JobInterface,
    data: JobData,
    files: Mapping[int, FileFacts],
    workspaces: Mapping[int, WorkspaceFacts],
    at: str,
) -> list[Problem]:
    """What is wrong with job data: see :func:`given_input_problems`; and outputs without a workspace, unknown outputs,
    workspaces that do not exist or are not active.

    :param files: the referenced files that exist and are not deleted, by id.
    :param workspaces: the referenced workspaces that exist, by id.
    :param at: JSON pointer of the data; empty where it is the document.
    """
    return [
        *given_input_problems(interface.input_data, data.input_data, files, at),
        *_output_problems(interface, data, workspaces, at),
    ]


def referenced_file_ids(data: JobData) -> frozenset[int]:
    """The ids of all files that the data passes to inputs."""
    return all_file_ids(data.input_data)


def referenced_workspace_ids(data: JobData) -> frozenset[int]:
    """The ids of all workspaces that the data names for outputs."""
    return frozenset(each.workspace_id for each in data.output_data)


def _output_problems(
    interface: JobInterface, data: JobData, workspaces: Mapping[int, WorkspaceFacts], at: str
) -> list[Problem]:
    declared = [each.name for each in interface.output_data]
    given = [each.name for each in data.output_data]
    places = pointers(at, "output_data", data.output_data)
    problems = duplicate_problems(zip(places, given, strict=True), "names in the data")
    for index, each in enumerate(data.output_data):
        if each.name not in declared:
            right = choices(declared, "none, for there are no outputs")
            problems.append(Problem(places[index], f'there is no output "{each.name}"; right would be {right}'))
        if wrong := workspace_problem(each.workspace_id, workspaces, f"{at}/output_data/{index}/workspace_id"):
            problems.append(wrong)
    problems += [
        Problem(f"{at}/output_data", f'the output "{name}" has no workspace; add an entry with its workspace_id')
        for name in declared
        if name not in given
    ]
    return problems
