"""Data given to the inputs of a job or a recipe, against what is declared (reference: Job Data, Recipe Data)."""

from collections.abc import Iterable, Mapping, Sequence

from scale_core.domain.facts import DeclaredInput, FileFacts, GivenInput, WorkspaceFacts
from scale_core.domain.media_types import accepts
from scale_core.domain.naming import choices, duplicate_problems, pointers
from scale_core.specs import Problem

_TAKES = {
    "property": ("value", "a text as value"),
    "file": ("file_id", "one file as file_id"),
    "files": ("file_ids", "files as file_ids, or one as file_id"),
}


def file_ids(given: GivenInput) -> tuple[int, ...]:
    """The ids of the files given to an input, in order; none for a property."""
    if given.file_id is not None:
        return (given.file_id,)
    return tuple(given.file_ids or ())


def given_input_problems(
    declared: Sequence[DeclaredInput], given: Sequence[GivenInput], files: Mapping[int, FileFacts], at: str
) -> list[Problem]:
    """What is wrong with the data of the inputs: required ones missing, unknown or given twice, of the wrong kind,
    files that do not exist or whose media type is not accepted.

    :param files: the files that exist and are not deleted, by id.
    :param at: JSON pointer of the document that holds ``input_data``.
    """
    by_name = {each.name: each for each in declared}
    places = pointers(at, "input_data", given)
    problems = duplicate_problems(zip(places, (each.name for each in given), strict=True), "names in the data")
    for index, each in enumerate(given):
        if each.name in by_name:
            problems += _value_problems(by_name[each.name], each, files, f"{at}/input_data/{index}")
        else:
            right = choices(by_name, "none, for there are no inputs")
            problems.append(Problem(places[index], f'there is no input "{each.name}"; right would be {right}'))
    return [*problems, *_missing_problems(declared, given, at)]


def workspace_problem(workspace_id: int, workspaces: Mapping[int, WorkspaceFacts], at: str) -> Problem | None:
    """The problem with storing files in a workspace, if there is one."""
    workspace = workspaces.get(workspace_id)
    if workspace is None:
        return Problem(at, f"there is no workspace with id {workspace_id}; name one that exists")
    if not workspace.is_active:
        return Problem(at, f'the workspace "{workspace.name}" (id {workspace_id}) is not active; name one that is')
    return None


def all_file_ids(given: Iterable[GivenInput]) -> frozenset[int]:
    """The ids of all files given."""
    return frozenset(file_id for each in given for file_id in file_ids(each))


def _missing_problems(declared: Sequence[DeclaredInput], given: Sequence[GivenInput], at: str) -> list[Problem]:
    names = {each.name for each in given}
    return [
        Problem(f"{at}/input_data", f'the required input "{each.name}" is missing; give {_TAKES[each.type][1]}')
        for each in declared
        if each.required and each.name not in names
    ]


def _value_problems(
    declared: DeclaredInput, given: GivenInput, files: Mapping[int, FileFacts], at: str
) -> list[Problem]:
    kind = _given_kind(given)
    if kind != _TAKES[declared.type][0] and not (declared.type == "files" and kind == "file_id"):
        detail = f'the input "{declared.name}" is of type {declared.type}: it takes {_TAKES[declared.type][1]}'
        return [Problem(f"{at}/{kind}", f"{detail}, not {kind}")]
    if given.value is not None:
        return _text_problems(declared.name, given.value, f"{at}/value")
    if kind == "file_id":
        return _file_problems(declared, file_ids(given)[0], files, f"{at}/file_id")
    return [
        problem
        for index, file_id in enumerate(file_ids(given))
        for problem in _file_problems(declared, file_id, files, f"{at}/file_ids/{index}")
    ]


def _given_kind(given: GivenInput) -> str:
    if given.value is not None:
        return "value"
    return "file_id" if given.file_id is not None else "file_ids"


def _text_problems(name: str, value: str, at: str) -> list[Problem]:
    # No operating system passes it in an argument, and no PostgreSQL text holds it.
    if "\0" in value:
        return [Problem(at, f'the value of "{name}" contains the character U+0000; leave it out')]
    return []


def _file_problems(declared: DeclaredInput, file_id: int, files: Mapping[int, FileFacts], at: str) -> list[Problem]:
    file = files.get(file_id)
    if file is None:
        return [Problem(at, f'there is no file with id {file_id} for the input "{declared.name}", or it is deleted')]
    if not accepts(declared.media_types, file.media_type):
        wanted = choices(declared.media_types, "")
        detail = f'the file {file_id} ({file.file_name}) is {file.media_type}, but "{declared.name}" takes {wanted}'
        return [Problem(at, detail)]
    return []
