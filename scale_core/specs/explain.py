"""From a validator's error to a sentence for people: what is wrong, where, and what would be right."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jsonschema.exceptions import ValidationError, best_match

from scale_core.expressions import fault_of
from scale_core.specs.problems import Problem, pointer

_MAX_SHOWN = 80
_MAX_DESCRIPTION = 400
_TYPES = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_FORMATS = {"int64": "whole number of 64 bits, which are those from -9223372036854775808 to 9223372036854775807"}
_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
}
_COUNTS = {
    "minItems": ("at least", "entries"),
    "maxItems": ("at most", "entries"),
    "minLength": ("at least", "characters"),
    "maxLength": ("at most", "characters"),
    "minProperties": ("at least", "fields"),
    "maxProperties": ("at most", "fields"),
}


def explain(error: ValidationError) -> Problem:
    """Turn an error of a jsonschema validator (any draft, OpenAPI's too) into a problem.

    Of alternatives (oneOf, anyOf) that all fail, the one that fails deepest is explained.
    """
    error = _telling(error)
    path = list(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        extra = _unexpected(error)
        return Problem(pointer([*path, *extra] if len(extra) == 1 else path), _extra_detail(extra, error))
    if "propertyNames" in error.relative_schema_path and isinstance(error.instance, str):
        detail = f"the key {show(error.instance)} is not allowed here{_expected(error)}"
        return Problem(pointer([*path, error.instance]), detail)
    return Problem(pointer(path), _detail(error))


def alternatives(error: ValidationError) -> list[ValidationError]:
    """Return the errors behind the error of a nullable field (``anyOf`` of a schema and null); others as they are."""
    branches = _list(error.validator_value) if error.validator in ("oneOf", "anyOf") else []
    telling = [index for index, branch in enumerate(branches) if branch != {"type": "null"}]
    if len(telling) != 1 or len(telling) == len(branches):
        return [error]
    behind = [inner for inner in error.context or () if inner.schema_path and inner.schema_path[0] == telling[0]]
    return [found for inner in behind for found in alternatives(inner)] or [error]


def show(value: object) -> str:
    """Write a value for a message, in at most some 80 characters."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, str):
        written = json.dumps(value[:_MAX_SHOWN], ensure_ascii=False)
        return written[:-1] + '…"' if len(value) > _MAX_SHOWN else written
    if isinstance(value, Sequence):
        return f"a list of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 256:
        return "a very large number"
    return json.dumps(value, default=repr)[:_MAX_SHOWN]


def _telling(error: ValidationError) -> ValidationError:
    error = alternatives(error)[0]
    if error.validator not in ("oneOf", "anyOf") or _required_choice(error):
        return error
    best = best_match([error])
    return best if isinstance(best, ValidationError) else error


def _detail(error: ValidationError) -> str:
    keyword, rule = str(error.validator), error.validator_value
    if keyword == "required":
        return _missing_detail(error)
    if keyword == "type":
        return f"should be {_type_names(rule)}, but is {_described(error.instance)}{_expected(error)}"
    if keyword == "enum":
        allowed = ", ".join(show(value) for value in _list(rule))
        return f"{_described(error.instance)} is not one of {allowed}"
    if keyword == "const":
        return f"should be {show(rule)}, but is {_described(error.instance)}"
    if keyword in _BOUNDS:
        return f"should be {_BOUNDS[keyword]} {show(rule)}, but is {show(error.instance)}{_expected(error)}"
    if keyword in _COUNTS:
        return _count_detail(error, *_COUNTS[keyword])
    if keyword == "format":
        wanted = _FORMATS.get(str(rule), rule)
        return f"{show(error.instance)} is not a valid {wanted}{_regex_fault(error)}{_expected(error)}"
    if keyword == "pattern":
        return f"{show(error.instance)} does not fit{_expected(error) or f'; it must match {show(rule)}'}"
    if keyword == "uniqueItems":
        return f"has the same entry twice{_expected(error)}"
    if keyword in ("oneOf", "anyOf"):
        return _choice_detail(error)
    if keyword == "not" or error.validator is None:
        return f"is not allowed here{_expected(error)}"
    return error.message[: 4 * _MAX_SHOWN]


def _missing_detail(error: ValidationError) -> str:
    given = _fields(error)
    absent = [name for name in _list(error.validator_value) if name not in given]
    # Every missing field has an error of its own; only the message tells which.
    missing = next((name for name in absent if error.message.startswith(f"{name!r} ")), absent[0] if absent else "")
    known = _schema(error).get("properties", {}).get(missing)
    description = known.get("description", "") if isinstance(known, Mapping) else ""
    return f"{missing!r} is missing" + (f": {_clip(description)}" if description else _expected(error))


def _unexpected(error: ValidationError) -> list[str]:
    schema = _schema(error)
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    return [key for key in _fields(error) if key not in known and not any(re.search(p, key) for p in patterns)]


def _extra_detail(extra: list[str], error: ValidationError) -> str:
    known = sorted(_schema(error).get("properties", {}))
    verb = "is not a known field" if len(extra) == 1 else "are not known fields"
    rest = f"; known are {', '.join(known)}" if known else "; no field is known here"
    return f"{_listed(extra)} {verb}{rest}"


def _required_choice(error: ValidationError) -> list[str]:
    """Return the fields among which ``oneOf`` or ``anyOf`` chooses, if that is all that it says."""
    branches = _list(error.validator_value)
    if not all(isinstance(branch, Mapping) and set(branch) == {"required"} for branch in branches):
        return []
    return [name for branch in branches for name in branch["required"]]


def _choice_detail(error: ValidationError) -> str:
    choice = _required_choice(error)
    if not choice:
        return f"fits more than one of the forms that exclude each other{_expected(error)}"
    if not isinstance(error.instance, Mapping):
        return f"should be an object, but is {_described(error.instance)}"
    how_many = "exactly one" if error.validator == "oneOf" else "at least one"
    given = [name for name in choice if name in error.instance]
    has = f"has {_listed(given)} together" if given else f"has none of {_listed(choice)}"
    rest = f" of {_listed(choice)}" if given else " of them"
    return f"{has}; {how_many}{rest} is needed"


def _count_detail(error: ValidationError, how: str, unit: str) -> str:
    counted = error.instance
    count = len(counted) if isinstance(counted, str | list | Mapping) else 0
    bound = error.validator_value
    one = {"entries": "entry", "characters": "character", "fields": "field"}[unit]
    if count == 0 and bound == 1:
        return f"is empty{_expected(error)}"
    needed = f"{bound} {one if bound == 1 else unit}"
    return f"has {count} {one if count == 1 else unit}, but should have {how} {needed}{_expected(error)}"


def _regex_fault(error: ValidationError) -> str:
    fault = fault_of(str(error.instance)) if error.validator_value == "regex" else None
    return f" ({fault})" if fault else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _fields(error: ValidationError) -> Mapping[str, Any]:
    return error.instance if isinstance(error.instance, Mapping) else {}


def _schema(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _expected(error: ValidationError) -> str:
    description = _schema(error).get("description", "")
    return f"; expected: {_clip(description)}" if description else ""


def _clip(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_DESCRIPTION else text[:_MAX_DESCRIPTION] + "…"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name[:_MAX_SHOWN]}'" for name in list(names)[:10])


def _type_names(rule: object) -> str:
    names = rule if isinstance(rule, list) else [rule]
    return " or ".join(_TYPES.get(str(name), str(name)) for name in names)


def _described(value: object) -> str:
    if isinstance(value, str):
        return f"the text {show(value)}"
    if isinstance(value, bool) or value is None or isinstance(value, Mapping | list):
        return show(value)
    return f"the number {show(value)}"
