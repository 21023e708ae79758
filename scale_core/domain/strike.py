"""Strike: which rule takes a file, and where it goes (reference: Strike)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Protocol, TypeVar

from scale_core.domain.facts import DefinitionWarning, WorkspaceFacts
from scale_core.domain.file_names import CONTROL
from scale_core.domain.naming import choices
from scale_core.expressions import fault_of, matches
from scale_core.specs import Problem
from scale_generated.specs.strike import IngestRule, Strike


class NameRule(Protocol):
    """A rule of a Strike process or a Scan, as far as it says which files it takes and where they go."""

    @property
    def filename_regex(self) -> str: ...
    @property
    def workspace_path(self) -> str | None: ...
    @property
    def workspace_name(self) -> str | None: ...


R = TypeVar("R", bound=NameRule)


class InvalidPath(ValueError):
    """A workspace path or file name that cannot be stored under. The message says what would be right."""


def match_file(configuration: Strike, file_name: str) -> IngestRule | None:
    """The first rule of a Strike process whose expression matches the file name, or None."""
    return first_match(configuration.files_to_ingest, file_name)


def first_match(rules: Iterable[R], file_name: str) -> R | None:
    """The first rule whose expression matches the file name, or None.

    An expression matches from the first character on and need not reach the last (``re.match``): configurations written
    for the reference's ``.*h5`` and ``.*txt`` count on nothing more, and an expression that is to end with the name
    says so with ``$``. One that takes too long to decide does not match.
    """
    for rule in rules:
        if matches(rule.filename_regex, file_name):
            return rule
    return None


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
    rules, monitor = configuration.files_to_ingest, configuration.monitor
    detail = None if monitor is None else workspace_problem(monitor.workspace_name, workspaces_by_name)
    return [
        *rule_problems(rules, at),
        *workspace_problems(rules, workspaces_by_name, at),
        *([] if detail is None else [Problem(f"{at}/monitor/workspace_name", detail)]),
    ]


def rule_problems(rules: Sequence[NameRule], at: str) -> list[Problem]:
    """What is wrong with the rules whatever workspaces there are: expressions that do not compile, paths that leave the
    workspace."""
    return [
        Problem(f"{at}/files_to_ingest/{index}/{field}", detail)
        for index, rule in enumerate(rules)
        for field, detail in (
            ("filename_regex", _regex_problem(rule.filename_regex)),
            ("workspace_path", _path_problem(rule.workspace_path or "")),
        )
        if detail
    ]


def workspace_problems(
    rules: Sequence[NameRule], workspaces_by_name: Mapping[str, WorkspaceFacts], at: str
) -> list[Problem]:
    """Which workspaces that rules name there are not, or are not active."""
    return [
        Problem(f"{at}/files_to_ingest/{index}/workspace_name", detail)
        for index, rule in enumerate(rules)
        if rule.workspace_name is not None and (detail := workspace_problem(rule.workspace_name, workspaces_by_name))
    ]


def rule_warnings(rules: Sequence[NameRule]) -> list[DefinitionWarning]:
    """What is odd about rules that have no problems: one that an earlier one leaves no file for."""
    first: dict[str, int] = {}
    warnings = []
    for index, rule in enumerate(rules):
        earlier = first.setdefault(rule.filename_regex, index)
        if earlier != index:
            detail = f"Rule {index} never decides: rule {earlier} has the same expression {rule.filename_regex}"
            warnings.append(DefinitionWarning("shadowed_rule", detail))
    return warnings


def _regex_problem(expression: str) -> str | None:
    fault = fault_of(expression)
    return fault and f"{expression!r} is no regular expression: {fault}; write one such as .*\\.h5"


def _path_problem(workspace_path: str) -> str | None:
    if CONTROL.search(workspace_path):
        return f"the path {workspace_path!r} contains control characters; leave them out"
    if ".." in workspace_path.split("/"):
        return f"the path {workspace_path!r} leaves the workspace; write one without '..'"
    return None


def workspace_problem(name: str, workspaces_by_name: Mapping[str, WorkspaceFacts]) -> str | None:
    """Why files cannot be stored in the workspace of that name; None: they can."""
    workspace = workspaces_by_name.get(name)
    if workspace is not None and workspace.is_active:
        return None
    right = choices((each.name for each in workspaces_by_name.values() if each.is_active), "none, for none is active")
    missing = f'there is no workspace "{name}"' if workspace is None else f'the workspace "{name}" is not active'
    return f"{missing}; right would be {right}"
