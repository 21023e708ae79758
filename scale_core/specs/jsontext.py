"""Strict reading of JSON text: what two readers could understand differently is refused."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from scale_core.specs.problems import InvalidJSON

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+')


class _Refused(Exception):
    """A token that the standard reader would let through; where it stands is found afterwards."""

    def __init__(self, detail: str, token: str) -> None:
        self.detail = detail
        self.token = token
        super().__init__(detail)


class _DuplicateKey(Exception):
    """An object has the same key twice."""


def loads(text: str | bytes) -> Any:
    """Parse one JSON document (bytes are UTF-8, with or without a byte order mark).

    Raises InvalidJSON, with line and column, for text that is not JSON (RFC 8259) and for duplicate keys, NaN and
    infinite numbers, numbers too large to hold, and nesting too deep to read.
    """
    source = _decoded(text) if isinstance(text, bytes) else text.removeprefix("\ufeff")
    try:
        return json.loads(
            source,
            object_pairs_hook=_unique,
            parse_constant=_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        raise InvalidJSON(f"this is not JSON: {error.msg}", error.lineno, error.colno) from error
    except _DuplicateKey as error:
        offset, key = _first_duplicate(source)
        raise _at(source, offset, f"the key {key} stands twice in the same object; keep one") from error
    except _Refused as error:
        raise _at(source, _offset_of(source, error.token), error.detail) from error
    except RecursionError as error:
        raise InvalidJSON("the document is nested too deeply to be read", 1, 1) from error


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise InvalidJSON("this is not UTF-8 text; JSON is written in UTF-8", line, column) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _DuplicateKey
    return document


def _constant(token: str) -> Any:
    raise _Refused(f"{token} is not a JSON number; write a finite number or null", token)


def _finite(token: str) -> float:
    number = float(token)
    if not math.isfinite(number):
        raise _Refused("the number is too large to hold; write one below 1.8e308", token)
    return number


def _integer(token: str) -> int:
    try:
        return int(token)
    except ValueError as error:  # Python bounds the digits of an integer that it reads
        raise _Refused("the number has too many digits to hold; write one below 1.8e308", token) from error


def _tokens(source: str) -> Iterator[tuple[int, str]]:
    return ((match.start(), match.group()) for match in _TOKEN.finditer(source))


def _offset_of(source: str, token: str) -> int:
    return next((offset for offset, found in _tokens(source) if found == token), 0)


def _first_duplicate(source: str) -> tuple[int, str]:
    """Find the offset and the text of the first key that its object already has."""
    open_objects: list[set[str] | None] = []  # the keys of each open object; None for an open list
    before = ""
    for offset, word in _tokens(source):
        if word in "{[":
            open_objects.append(set() if word == "{" else None)
        elif word in "}]":
            open_objects.pop()
        elif word.startswith('"') and before in ("{", ",") and open_objects:
            keys = open_objects[-1]
            key = json.loads(word)
            if keys is not None and key in keys:
                return offset, word
            if keys is not None:
                keys.add(key)
        before = word
    return 0, "(unknown)"


def _at(source: str, offset: int, detail: str) -> InvalidJSON:
    line = source.count("\n", 0, offset) + 1
    column = offset - (source.rfind("\n", 0, offset) + 1) + 1
    return InvalidJSON(detail, line, column)
