"""What can be wrong with a document: the value types and exceptions of this package."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a document.

    ``pointer`` is the JSON pointer (RFC 6901) of the place, empty for the whole document; ``detail`` says what is
    wrong there and what would be right.
    """

    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer or '(document)'}: {self.detail}"

    def under(self, at: str) -> "Problem":
        """Return the same problem for a document that lies at the pointer ``at`` of a larger one."""
        return replace(self, pointer=at + self.pointer) if at else self


def pointer(path: Iterable[str | int]) -> str:
    """Write the steps of ``path`` as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


class InvalidDocument(ValueError):
    """A document breaks its specification; ``problems`` lists every place, the message has one a line."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.name = name
        self.problems = tuple(problems)
        super().__init__("\n".join([f"This is not a valid {name} document:", *(str(problem) for problem in problems)]))


class InvalidJSON(ValueError):
    """A text is not JSON, or not JSON that means one thing only. ``line`` and ``column`` count from 1."""

    def __init__(self, detail: str, line: int, column: int) -> None:
        self.detail = detail
        self.line = line
        self.column = column
        super().__init__(f"line {line}, column {column}: {detail}")


class UnknownSpec(LookupError):
    """There is no specification of that name, or not in that version; the message names those there are."""


class SpecSourceError(RuntimeError):
    """The schemas themselves cannot be used: none found, or one that is damaged."""
