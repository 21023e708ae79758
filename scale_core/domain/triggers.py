"""What a trigger rule asks of the job or recipe type it is linked to (reference: Triggers)."""

from collections.abc import Sequence

from scale_core.domain.facts import DeclaredInput, DefinitionWarning, WorkspaceFacts
from scale_core.domain.media_types import misfits
from scale_core.domain.naming import choices
from scale_core.interfaces.trigger import RuleNeeds
from scale_core.specs import Problem


def rule_problems(
    needs: RuleNeeds,
    inputs: Sequence[DeclaredInput],
    workspace: WorkspaceFacts | None,
    *,
    has_outputs: bool,
    at: str,
) -> list[Problem]:
    """Why a rule cannot start the type it is linked to: the input does not exist or takes no file, other inputs are
    required, the workspace is missing, does not exist or is not active.

    :param inputs: the inputs of the type.
    :param workspace: the workspace that the rule names, or None if it names none or none that exists.
    :param has_outputs: whether the type produces files.
    :param at: JSON pointer of the rule's configuration.
    """
    return [
        *_input_problems(needs, inputs, at),
        *_workspace_problems(needs, workspace, has_outputs, at),
    ]


def rule_warnings(needs: RuleNeeds, inputs: Sequence[DeclaredInput]) -> list[DefinitionWarning]:
    """A warning for each media type that the rule lets through and the input refuses."""
    return [
        DefinitionWarning(
            "media_type",
            f"Invalid media type for data input: {target.name} -> {each} "
            f"(the input takes {choices(target.media_types, 'everything')})",
        )
        for target in inputs
        if target.name == needs.input_name
        for each in misfits(needs.media_types, target.media_types)
    ]


def _input_problems(needs: RuleNeeds, inputs: Sequence[DeclaredInput], at: str) -> list[Problem]:
    problems = []
    if needs.input_name is not None:
        target = next((each for each in inputs if each.name == needs.input_name), None)
        takes_files = [each.name for each in inputs if each.type != "property"]
        right = choices(takes_files, "none, for no input takes a file")
        if target is None:
            problems.append(Problem(at, f'there is no input "{needs.input_name}"; right would be {right}'))
        elif target.type == "property":
            detail = f'the input "{needs.input_name}" is a property and takes no file; right would be {right}'
            problems.append(Problem(at, detail))
    problems += [
        Problem(at, f'the rule gives nothing to the required input "{each.name}"; make it optional')
        for each in inputs
        if each.required and each.name != needs.input_name
    ]
    return problems


def _workspace_problems(
    needs: RuleNeeds, workspace: WorkspaceFacts | None, has_outputs: bool, at: str
) -> list[Problem]:
    if needs.workspace_name is None:
        detail = "files are produced, but the rule names no workspace for them; name one"
        return [Problem(at, detail)] if has_outputs else []
    if workspace is None:
        return [Problem(at, f'there is no workspace "{needs.workspace_name}"; name one that exists')]
    if has_outputs and not workspace.is_active:
        return [Problem(at, f'the workspace "{workspace.name}" is not active; name one that is')]
    return []
