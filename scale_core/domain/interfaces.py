"""What a schema cannot say about a job interface (reference: Job Interface)."""

from collections.abc import Iterator

from scale_core.domain.arguments import (
    OUTPUT_DIR,
    TemplateError,
    names_used,
    split_command,
)
from scale_core.domain.facts import DeclaredInput, DefinitionWarning
from scale_core.domain.media_types import oddity
from scale_core.domain.naming import duplicate_problems, pointers
from scale_core.domain.template_checks import template_problems
from scale_core.specs import Problem
from scale_generated.specs.job_interface import JobInterface


def interface_problems(interface: JobInterface, at: str) -> list[Problem]:
    """What is wrong with an interface: names used twice or reserved, a command or template that cannot be split,
    placeholders that stand for nothing.

    :param at: JSON pointer of the interface; empty where it is the document.
    """
    named = list(_named(interface, at))
    return [
        *duplicate_problems(named, "names of inputs and outputs"),
        *(
            Problem(pointer, f'the name "{OUTPUT_DIR}" is reserved for the output folder; choose another')
            for pointer, name in named
            if name == OUTPUT_DIR
        ),
        *_command_problems(interface.command, f"{at}/command"),
        *template_problems(
            interface.command_arguments, [each.name for each in interface.input_data], f"{at}/command_arguments"
        ),
    ]


def interface_warnings(interface: JobInterface) -> list[DefinitionWarning]:
    """What is odd about an interface that has no problems: media types that nobody knows, inputs that the arguments do
    not use, outputs without an output folder to write them to."""
    try:
        used = names_used(interface.command_arguments)
    except TemplateError:
        return []
    return [
        *(warning for each in interface.input_data for warning in media_type_warnings("input", each)),
        *(
            DefinitionWarning("media_type", f'Unknown media type of output "{each.name}": {why}')
            for each in interface.output_data
            if each.media_type is not None and (why := oddity(each.media_type))
        ),
        *(
            DefinitionWarning("unused_input", f'No argument uses the input "{each.name}"; add ${{{each.name}}}')
            for each in interface.input_data
            if each.name not in used
        ),
        *_output_dir_warnings(interface, used),
    ]


def media_type_warnings(what: str, declared: DeclaredInput) -> list[DefinitionWarning]:
    """A warning for each media type of an input that nobody knows; ``what`` is what the input is called."""
    return [
        DefinitionWarning("media_type", f'Unknown media type of {what} "{declared.name}": {why}')
        for each in declared.media_types
        if (why := oddity(each))
    ]


def _named(interface: JobInterface, at: str) -> Iterator[tuple[str, str]]:
    for field, items in (("input_data", interface.input_data), ("output_data", interface.output_data)):
        yield from zip(pointers(at, field, items), (each.name for each in items), strict=True)


def _command_problems(command: str, at: str) -> list[Problem]:
    try:
        words = split_command(command)
    except TemplateError as error:
        return [Problem(at, str(error))]
    if not words or not words[0]:
        return [Problem(at, "the command names no program; write one, such as python make_geotiff.py")]
    return []


def _output_dir_warnings(interface: JobInterface, used: frozenset[str]) -> list[DefinitionWarning]:
    required = [each.name for each in interface.output_data if each.required]
    if not required or OUTPUT_DIR in used:
        return []
    listed = ", ".join(required)
    return [
        DefinitionWarning(
            "no_output_dir",
            f"The arguments do not pass ${{{OUTPUT_DIR}}}, so the algorithm is not told where to write {listed}",
        )
    ]
