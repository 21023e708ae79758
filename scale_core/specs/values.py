"""Values that no specification allows, because they cannot be stored, passed on or even walked through."""

import math
from collections.abc import Iterator

from scale_core.specs.problems import Problem, pointer

MAX_DEPTH = 64
_WHOLE = range(-(2**63), 2**64)  # what every JSON writer and every database can take

_Path = tuple[str | int, ...]


def unusable_values(document: object) -> Iterator[Problem]:
    """Find what is not JSON or cannot be kept: NaN and infinity, whole numbers of more than 64 bits, text with NUL or
    half a character, nesting deeper than MAX_DEPTH, Python objects.

    Walks without recursion, so that a document can be nested as deep as its author likes.
    """
    waiting: list[tuple[_Path, object]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict | list) and len(path) >= MAX_DEPTH:
            detail = f"is nested too deeply: at most {MAX_DEPTH} levels"
            yield Problem(pointer(path[:8]), detail)
            return
        if isinstance(value, dict):
            yield from _key_problems(path, value)
            waiting.extend(((*path, str(key)), child) for key, child in reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend(((*path, index), value[index]) for index in reversed(range(len(value))))
        else:
            detail = _scalar_problem(value)
            if detail:
                yield Problem(pointer(path), detail)


def _key_problems(path: _Path, value: dict[object, object]) -> Iterator[Problem]:
    for key in value:
        detail = _scalar_problem(key) if isinstance(key, str) else "has a key that is not text"
        if detail:
            yield Problem(pointer(path), f"{detail} (in a key of this object)")


def _scalar_problem(value: object) -> str:
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, str):
        return _text_problem(value)
    if isinstance(value, int):
        return (
            ""
            if value in _WHOLE
            else "is too large to hold, for it takes more than 64 bits; give a smaller number, or text"
        )
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"is {value}, not a JSON number; give a finite number or null"
    return f"is not a JSON value but a Python {type(value).__name__}"


def _text_problem(value: str) -> str:
    if "\0" in value:
        return "holds the character U+0000, which can be neither stored nor passed to a command; leave it out"
    if value.isascii():
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair, which is no character; leave it out"
    return ""
