"""What the HTTP contract says about request bodies, for bodies that do not come over HTTP one by one (imports)."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from jsonschema import Draft4Validator, FormatChecker, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend


def _nullable(check: Callable[..., Iterator[ValidationError]]) -> Callable[..., Iterator[ValidationError]]:
    def checked(validator: Any, rule: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
        if instance is None and schema.get("nullable"):
            return
        yield from check(validator, rule, instance, schema)

    return checked


# OpenAPI 3.0: `nullable` beside `allOf: [$ref]` means null or what it refers to, as every client generator reads it.
OpenApiValidator: Final[type[Validator]] = extend(  # type: ignore[no-untyped-call]  # jsonschema types it not
    Draft4Validator,
    {name: _nullable(Draft4Validator.VALIDATORS[name]) for name in ("type", "enum", "allOf", "anyOf", "oneOf")},
)

FORMATS: Final = FormatChecker(Draft4Validator.FORMAT_CHECKER.checkers)
"""What ``format`` says: as in JSON Schema, and OpenAPI's whole numbers, which are those that a database can hold."""


@FORMATS.checks("int64")
def _is_int64(instance: object) -> bool:
    return not isinstance(instance, int) or -(2**63) <= instance < 2**63


def without_key(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an edit, from that of a new job type or recipe type."""
    return {field: value for field, value in body.items() if field not in ("name", "version")}


@cache
def validator_of(schema_name: str) -> Validator:
    """The validator of a body.

    :param schema_name: name of a component schema, such as ``NewJobType``.
    """
    schema = {"allOf": [{"$ref": f"#/components/schemas/{schema_name}"}], "components": components()}
    return OpenApiValidator(schema, format_checker=FORMATS)


@cache
def components() -> Mapping[str, Any]:
    """The components of the OpenAPI document."""
    text = (resources.files("scale_generated") / "openapi.json").read_text("utf-8")
    components: Mapping[str, Any] = json.loads(text)["components"]
    return components
