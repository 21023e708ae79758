"""Scans: which rules go with where they look."""

from collections.abc import Mapping

from scale_core.domain.facts import WorkspaceFacts
from scale_core.domain.strike import rule_problems, workspace_problem, workspace_problems
from scale_core.specs import Problem
from scale_generated.specs.scan import Scan


def scan_problems(configuration: Scan, at: str) -> list[Problem]:
    """What is wrong with a configuration whatever workspaces there are: expressions that do not compile, paths that
    leave the workspace, rules that leave files in a place that is no workspace's.

    :param at: JSON pointer of the configuration; empty where it is the document.
    """
    rules = configuration.files_to_ingest
    homeless = [
        Problem(
            f"{at}/files_to_ingest/{index}",
            f"files below the mount {configuration.mount} cannot be registered in place; name the workspace that "
            "stores copies of them (workspace_name and workspace_path), or look through a workspace instead of a mount",
        )
        for index, rule in enumerate(rules)
        if rule.workspace_name is None and configuration.mount is not None
    ]
    return [*rule_problems(rules, at), *homeless]


def scan_workspace_problems(
    configuration: Scan, workspaces_by_name: Mapping[str, WorkspaceFacts], at: str
) -> list[Problem]:
    """Which workspaces that the configuration names there are not, or are not active; arguments as for
    :func:`scan_problems`."""
    found = workspace_problems(configuration.files_to_ingest, workspaces_by_name, at)
    name = configuration.workspace
    detail = None if name is None else workspace_problem(name, workspaces_by_name)
    return found if detail is None else [Problem(f"{at}/workspace", detail), *found]
