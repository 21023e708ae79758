"""Names that must be unique, and how messages tell people which names there are."""

from collections.abc import Iterable, Sequence

from scale_core.specs import Problem


def duplicate_problems(named: Iterable[tuple[str, str]], what: str) -> list[Problem]:
    """A problem for every (JSON pointer, name) whose name was there before; it says both places."""
    first: dict[str, str] = {}
    problems = []
    for pointer, name in named:
        if name in first:
            problems.append(Problem(pointer, f'the name "{name}" is used at {first[name]} already; {what} are unique'))
        else:
            first[name] = pointer
    return problems


def choices(names: Iterable[str], none: str) -> str:
    """``one of a, b, c``, or ``none`` where there are no names."""
    listed = sorted(set(names))
    return f"one of {', '.join(listed)}" if listed else none


def pointers(at: str, field: str, items: Sequence[object]) -> list[str]:
    """The JSON pointers of the ``name`` of each item of a list."""
    return [f"{at}/{field}/{index}/name" for index in range(len(items))]
