"""Checks the ``x-scale-`` extensions of the HTTP contract: well-formed, and where they mean something."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from scale_codegen.access import COMMON, ROLE
from scale_codegen.bundle import Bundle
from scale_codegen.errors import Problem
from scale_codegen.pointer import child
from scale_codegen.schemas import FLAT_ORDERS, Schema, is_row, schema_pointer, target_of

_PREFIX: Final = "x-scale-"
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_PATH: Final = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*")
_OF_PROPERTIES: Final = ("x-scale-column", "x-scale-computed", "x-scale-attached")
_ELSEWHERE: Final = frozenset({COMMON, ROLE})
"""Checked by :mod:`scale_codegen.access`."""

_KNOWN: Final = frozenset({"x-scale-row", "x-scale-spec", FLAT_ORDERS, *_OF_PROPERTIES, *_ELSEWHERE})


def check_marks(api: Bundle, specs: frozenset[str]) -> Iterator[Problem]:
    """Every problem with the extensions; ``specs`` are the names that ``x-scale-spec`` may have."""
    for name, schema in api.components("schemas").items():
        pointer = schema_pointer(name)
        yield from _check_extension(api, name, schema, pointer)
        row = is_row(schema)
        for part, where in _inline_parts(schema, pointer):
            for key, prop in part.get("properties", {}).items():
                yield from _check_property(api, prop, child(where, "properties", key), in_row=row)
    for pointer, node in _marked(api.document, ""):
        yield from _check_form(api, node, pointer, specs)


def _inline_parts(schema: Schema, pointer: str) -> Iterator[tuple[Schema, str]]:
    yield schema, pointer
    for index, part in enumerate(schema.get("allOf", ())):
        yield part, child(pointer, "allOf", index)


def _check_extension(api: Bundle, name: str, schema: Schema, pointer: str) -> Iterator[Problem]:
    if is_row(schema) or target_of(schema) is not None:
        return
    for part in schema.get("allOf", ()):
        target = target_of(part)
        if target is not None and is_row(api.components("schemas").get(target, {})):
            yield Problem(api.where(pointer), f"{name} extends the row schema {target}; mark it x-scale-row: true too")


def _check_property(api: Bundle, prop: Any, pointer: str, *, in_row: bool) -> Iterator[Problem]:
    marks = [key for key in _OF_PROPERTIES if key in prop]
    if marks and not in_row:
        yield Problem(api.where(pointer), f"{marks[0]} means something only in a schema with x-scale-row: true")
    if len(marks) > 1:
        yield Problem(api.where(pointer), f"{' and '.join(marks)} exclude each other; keep one")


def _marked(node: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _marked(item, child(pointer, index))
    elif isinstance(node, Mapping):
        if any(key.startswith(_PREFIX) for key in node):
            yield pointer, node
        for key, value in node.items():
            if not key.startswith(_PREFIX):
                yield from _marked(value, child(pointer, key))


def _check_form(api: Bundle, node: Mapping[str, Any], pointer: str, specs: frozenset[str]) -> Iterator[Problem]:
    for key in node:
        if not key.startswith(_PREFIX):
            continue
        message = _form_problem(key, node[key], specs)
        if message:
            yield Problem(api.where(child(pointer, key)), message)


def _form_problem(key: str, value: Any, specs: frozenset[str]) -> str | None:
    if key not in _KNOWN:
        return f"{key} is unknown; there are {', '.join(sorted(_KNOWN))}"
    if key in _ELSEWHERE:
        return None
    if key in ("x-scale-row", "x-scale-attached"):
        return None if value is True else f"{key} is true or absent, not {value!r}"
    if key == FLAT_ORDERS:
        is_list = (
            isinstance(value, list) and value and all(isinstance(one, str) and _NAME.fullmatch(one) for one in value)
        )
        return None if is_list else f"{key} is a list of fields that `order` takes, not {value!r}"
    if key == "x-scale-spec":
        return None if value in specs else f"{value!r} is no spec; there are {', '.join(sorted(specs))}"
    if key == "x-scale-column":
        return None if isinstance(value, str) and _PATH.fullmatch(value) else f"{value!r} is no path of a column"
    return _computed_problem(value)


def _computed_problem(value: Any) -> str | None:
    form = "x-scale-computed is {function: NAME, from: [COLUMN, ...]}"
    if not isinstance(value, Mapping) or set(value) != {"function", "from"}:
        return f"{form}, not {value!r}"
    if not isinstance(value["function"], str) or not _NAME.fullmatch(value["function"]):
        return f"{form}; {value['function']!r} is no name of a function"
    columns = value["from"]
    if not isinstance(columns, list) or not columns:
        return f"{form}; from lists at least one column"
    for column in columns:
        if not isinstance(column, str) or not _PATH.fullmatch(column):
            return f"{form}; {column!r} is no path of a column"
    return None
