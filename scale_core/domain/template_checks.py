"""What can be wrong with a template of arguments (reference: Job Interface, ``command_arguments``)."""

from collections.abc import Collection

from scale_core.domain.arguments import OUTPUT_DIR, Placeholder, TemplateError, Token, split_template
from scale_core.specs import Problem


def template_problems(command_arguments: str, input_names: Collection[str], at: str) -> list[Problem]:
    """What is wrong with a template: open quotations and placeholders, names that are no input, misplaced flags.

    :param at: JSON pointer of the template.
    """
    try:
        tokens = split_template(command_arguments)
    except TemplateError as error:
        return [Problem(at, str(error))]
    return [
        Problem(at, detail)
        for token in tokens
        for placeholder in token.placeholders()
        if (detail := _placeholder_problem(token, placeholder, input_names))
    ]


def _placeholder_problem(token: Token, placeholder: Placeholder, input_names: Collection[str]) -> str | None:
    if placeholder.name != OUTPUT_DIR and placeholder.name not in input_names:
        names = ", ".join([*sorted(input_names), OUTPUT_DIR])
        return f"{placeholder.text} stands for no input; use one of {names}, or write \\{placeholder.text} for the text"
    if placeholder.flag is not None and len(token.parts) > 1:
        return f"{placeholder.text} has a flag, so it must be an argument of its own; put blanks around it"
    return None
