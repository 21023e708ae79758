"""Strike: which rule takes a file, and where it goes (reference: Strike)."""

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Final

from scale_core.domain.facts import DefinitionWarning, WorkspaceFacts
from scale_core.domain.naming import choices
from scale_core.specs import Problem
from scale_generated.specs.strike import IngestRule, Strike

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class InvalidPath(ValueError):
    """A workspace path or file name that cannot be stored under. The message says what would be right."""


def match_file(configuration: Strike, file_name: str) -> IngestRule | None:
    """The first rule whose expression matches the file name, or None.

    An expression matches from the first character on and need not reach the last (``re.match``): configurations written
    for the reference's ``.*h5`` and ``.*txt`` count on nothing more, and an expression that is to end with the name
    says so with ``$``.
    """
    return next((rule for rule in configuration.files_to_ingest if re.match(rule.filename_regex, file_name)), None)


def partition_suffix(name: str, transfer_suffix: str) -> tuple[str, bool]:
    """The final name of a file in the watched directory, and whether it is still being transferred.

    A file that is named like the suffix alone has no other name: it counts as transferred.
    """
    final = name.removesuffix(transfer_suffix)
    return (final, True) if final and final != name else (name, False)


def ingest_path(workspace_path: str, day: date, file_name: str) -> str:
    """``workspace_path/YYYY/MM/DD/file_name``, relative to the workspace's root.

    :param workspace_path: relative; a leading ``/`` means the root, and ``//`` and ``.`` add nothing.
    :param day: the day of the ingest (UTC).
    :raises InvalidPath: the path has a ``..`` part or control characters, or the name is no plain file name.
    """
    if not file_name or "/" in file_name or "\0" in file_name or file_name in (".", ".."):
        raise InvalidPath(f"{file_name!r} is no file name; a name has at least one character and no /")
    return f"{_ingest_folder(workspace_path, day)}/{file_name}"


@lru_cache(maxsize=100)
def _ingest_folder(workspace_path: str, day: date) -> str:
    if detail := _path_problem(workspace_path):
        raise InvalidPath(detail)
    folders = [part for part in workspace_path.split("/") if part not in ("", ".")]
    return "/".join([*folders, f"{day:%Y}", f"{day:%m}", f"{day:%d}"])


def strike_problems(configuration: Strike, workspaces_by_name: Mapping[str, WorkspaceFacts], at: str) -> list[Problem]:
    """What is wrong with a configuration: expressions that do not compile, paths that leave the workspace, workspaces
    that do not exist or are not active.

    :param workspaces_by_name: the workspaces that exist.
    :param at: JSON pointer of the configuration; empty where it is the document.
    """
    return [
        *rule_problems(configuration, at),
        *(
            Problem(f"{at}/files_to_ingest/{index}/workspace_name", detail)
            for index, rule in enumerate(configuration.files_to_ingest)
            if (detail := _workspace_problem(rule.workspace_name, workspaces_by_name))
        ),
    ]


def rule_problems(configuration: Strike, at: str) -> list[Problem]:
    """What is wrong with the rules whatever workspaces there are: expressions that do not compile, paths that leave the
    workspace."""
    return [
        Problem(f"{at}/files_to_ingest/{index}/{field}", detail)
        for index, rule in enumerate(configuration.files_to_ingest)
        for field, detail in (
            ("filename_regex", _regex_problem(rule.filename_regex)),
            ("workspace_path", _path_problem(rule.workspace_path)),
        )
        if detail
    ]


def strike_warnings(configuration: Strike) -> list[DefinitionWarning]:
    """What is odd about a configuration that has no problems: a rule that an earlier one leaves no file
    for."""
    first: dict[str, int] = {}
    warnings = []
    for index, rule in enumerate(configuration.files_to_ingest):
        earlier = first.setdefault(rule.filename_regex, index)
        if earlier != index:
            detail = f"Rule {index} never decides: rule {earlier} has the same expression {rule.filename_regex}"
            warnings.append(DefinitionWarning("shadowed_rule", detail))
    return warnings


def _regex_problem(expression: str) -> str | None:
    try:
        re.compile(expression)
    except (re.error, RecursionError, OverflowError) as error:
        return f"{expression!r} is no regular expression: {error}; write one such as .*\\.h5"
    return None


def _path_problem(workspace_path: str) -> str | None:
    if _CONTROL.search(workspace_path):
        return f"the path {workspace_path!r} contains control characters; leave them out"
    if ".." in workspace_path.split("/"):
        return f"the path {workspace_path!r} leaves the workspace; write one without '..'"
    return None


def _workspace_problem(name: str, workspaces_by_name: Mapping[str, WorkspaceFacts]) -> str | None:
    workspace = workspaces_by_name.get(name)
    if workspace is not None and workspace.is_active:
        return None
    right = choices((each.name for each in workspaces_by_name.values() if each.is_active), "none, for none is active")
    missing = f'there is no workspace "{name}"' if workspace is None else f'the workspace "{name}" is not active'
    return f"{missing}; right would be {right}"
