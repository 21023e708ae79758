"""The argument vector of a job (reference: Job Interface, ``command_arguments``). No shell takes part.

The template is split into arguments first, by the quoting rules of a POSIX shell: blanks separate, single quotes,
double quotes and backslashes protect. Then values take the place of their placeholders, inside the argument where they
stand: a value never splits, whatever it contains. A placeholder is one piece even if it contains blanks or quotes, and
is one inside quotes too; ``\\${`` stands for the characters ``${``.

====================  ==========================================  ======================================
in the template       with a value                                without (an optional input not given)
====================  ==========================================  ======================================
``${NAME}``           the value                                   nothing; inside a longer argument: empty
``${FLAG:NAME}``      two arguments, ``FLAG`` and the value       nothing
``${FLAG=:NAME}``     one argument, ``FLAG=`` and the value       nothing
``${job_output_dir}`` the output folder                           --
====================  ==========================================  ======================================

Blanks after ``FLAG`` are ignored. A flag may contain colons: the name is what follows the last one.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

OUTPUT_DIR: Final = "job_output_dir"
"""The name that stands for the output folder; no input may have it."""

_BLANKS: Final = " \t\r\n"
_OPEN: Final = "${"
_PLAIN_COMMAND: Final = re.compile(r"[\w./+:=@%,-]+(?: [\w./+:=@%,-]+)*", re.ASCII)
"""A command without anything to interpret: most are, and every execution splits its own."""


class TemplateError(ValueError):
    """A command or template cannot be split. The message says what is open and at which character."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """``${NAME}`` (``flag`` is None) or ``${FLAG:NAME}``; ``text`` is how it is written."""

    name: str
    flag: str | None
    text: str


Part = str | Placeholder


@dataclass(frozen=True, slots=True)
class Token:
    """One argument of the template: literal text and placeholders in order; no parts: an empty argument."""

    parts: tuple[Part, ...]

    def placeholders(self) -> tuple[Placeholder, ...]:
        """The placeholders in it."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))


def split_template(template: str) -> tuple[Token, ...]:
    """Split ``command_arguments`` into arguments.

    :raises TemplateError: a quotation or a placeholder is not closed, or a backslash ends the text.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(template):
        if template[at] in _BLANKS:
            at += 1
            continue
        token, at = _read_token(template, at)
        tokens.append(token)
    return tuple(tokens)


def split_command(command: str) -> list[str]:
    """Split ``command`` into words; nothing is substituted in it.

    :raises TemplateError: a quotation is not closed, or a backslash ends the text.
    """
    if _PLAIN_COMMAND.fullmatch(command):
        return command.split(" ")
    try:
        return shlex.split(command)
    except ValueError as error:
        raise TemplateError(f"{error} in {command!r}; close the quotation, or write a backslash before it") from error


def build_arguments(command: str, command_arguments: str, values: Mapping[str, str], output_dir: str) -> list[str]:
    """The argument vector, command first.

    :param values: input name to value: a property's text, a file's absolute path, the absolute path of the folder with
        the files; an optional input that was not given is absent.
    :param output_dir: absolute path of the output folder.
    :raises TemplateError: the command or the template cannot be split.
    """
    known = {**values, OUTPUT_DIR: output_dir}
    argv = split_command(command)
    for token in split_template(command_arguments):
        argv.extend(_substitute(token, known))
    return argv


def names_used(command_arguments: str) -> frozenset[str]:
    """The names that the placeholders of a template stand for.

    :raises TemplateError: the template cannot be split.
    """
    return frozenset(part.name for token in split_template(command_arguments) for part in token.placeholders())


def _substitute(token: Token, values: Mapping[str, str]) -> list[str]:
    if len(token.parts) == 1 and isinstance(token.parts[0], Placeholder):
        return _arguments_of(token.parts[0], values)
    return ["".join(part if isinstance(part, str) else " ".join(_arguments_of(part, values)) for part in token.parts)]


def _arguments_of(placeholder: Placeholder, values: Mapping[str, str]) -> list[str]:
    if placeholder.name not in values:
        return []
    value, flag = values[placeholder.name], placeholder.flag
    if not flag:
        return [value]
    return [flag + value] if flag.endswith("=") else [flag, value]


def _read_token(text: str, start: int) -> tuple[Token, int]:
    """The token that begins at ``start``, and where it ends."""
    parts: list[Part] = []
    at = start
    while at < len(text) and text[at] not in _BLANKS:
        if text.startswith(_OPEN, at):
            placeholder, at = _read_placeholder(text, at)
            parts.append(placeholder)
        elif text[at] == "\\":
            literal, at = _read_escaped(text, at)
            parts.append(literal)
        elif text[at] in "'\"":
            quoted, at = _read_quoted(text, at)
            parts.extend(quoted)
        else:
            parts.append(text[at])
            at += 1
    return Token(_merged(parts)), at


def _read_quoted(text: str, start: int) -> tuple[list[Part], int]:
    quote = text[start]
    parts: list[Part] = []
    at = start + 1
    while at < len(text):
        if text[at] == quote:
            return parts, at + 1
        if text.startswith(_OPEN, at):
            placeholder, at = _read_placeholder(text, at)
            parts.append(placeholder)
        elif text[at] == "\\" and quote == '"' and text[at + 1 : at + 2] in ('"', "\\", "$"):
            parts.append(text[at + 1])
            at += 2
        else:
            parts.append(text[at])
            at += 1
    raise TemplateError(f"the quotation that begins with {quote} at character {start + 1} is not closed")


def _read_escaped(text: str, start: int) -> tuple[str, int]:
    if start + 1 == len(text):
        raise TemplateError("a backslash ends the text; write \\\\ for the character itself")
    return text[start + 1], start + 2


def _read_placeholder(text: str, start: int) -> tuple[Placeholder, int]:
    end = text.find("}", start)
    if end < 0:
        raise TemplateError(f"the placeholder that begins with ${{ at character {start + 1} is not closed by }}")
    flag, colon, name = text[start + len(_OPEN) : end].rpartition(":")
    return Placeholder(name, flag.rstrip() if colon else None, text[start : end + 1]), end + 1


def _merged(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Neighbouring literals as one."""
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return tuple(merged)
