"""What can be wrong with the documents, and with the machine that generates from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong in a document.

    ``where`` is a file below the root and a JSON pointer in it (``openapi/paths/errors.yaml#/errors/get``),
    ``message`` says what is wrong there and what would be right.
    """

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class CodegenError(Exception):
    """Code cannot be generated."""


class BadDocuments(CodegenError):
    """The documents in ``openapi/`` and ``specs/`` have problems."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))

    @classmethod
    def at(cls, where: str, message: str) -> Self:
        """The error for a single problem."""
        return cls([Problem(where, message)])


class FormatterFailed(CodegenError):
    """ruff is missing, or refuses the generated code."""
