"""Checks the documents: against OpenAPI and JSON Schema, and against the conventions that generation relies on."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import validator_for
from openapi_spec_validator import OpenAPIV30SpecValidator
from openapi_spec_validator.schemas import schema_v30
from openapi_spec_validator.validation.exceptions import DuplicateOperationIDError

from scale_codegen.access import check_access
from scale_codegen.build_openapi import RawOperation, operations_of
from scale_codegen.bundle import Bundle
from scale_codegen.errors import BadDocuments, Problem
from scale_codegen.load import Documents, SpecVersion
from scale_codegen.pointer import child, resolve
from scale_codegen.validate_marks import check_marks

_SNAKE: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_SCHEMA_NAME: Final = re.compile(r"[A-Z][A-Za-z0-9]*")
_SUCCESS: Final = re.compile(r"[23]\d\d")
_LONGEST: Final = 300
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def validate(documents: Documents) -> None:
    """Check everything.

    :raises BadDocuments: with every problem found. Conventions are checked only where the standards are kept.
    """
    problems = [*_check_openapi(documents.api), *_check_specs(documents.specs)]
    if not problems:
        problems = [
            *_check_operations(documents.api),
            *_check_names(documents.api),
            *_check_refs(documents.api),
            *check_access(documents.api),
            *check_marks(documents.api, frozenset(documents.latest_specs())),
        ]
    if problems:
        raise BadDocuments(problems)


def _check_openapi(api: Bundle) -> Iterator[Problem]:
    # Of duplicate operation ids, our own message names both operations.
    validator = OpenAPIV30SpecValidator(dict(api.document))
    # Of the validators that may be installed, this one says where in the document a fault is.
    validator.schema_validator = validator_for(schema_v30)(schema_v30)
    errors = [error for error in validator.iter_errors() if not isinstance(error, DuplicateOperationIDError)]
    # Schemas are checked twice: in the document, and alone, with paths that begin at the schema.
    located = [error for error in errors if _is_located(api, error)]
    for error in located or errors:
        closest = _closest(error)
        pointer = child("", *closest.absolute_path) if located else ""
        yield Problem(api.where(pointer), _shortened(closest.message))


def _is_located(api: Bundle, error: ValidationError) -> bool:
    try:
        found = resolve(api.document, child("", *error.absolute_path))
    except KeyError:
        return False
    return bool(found == error.instance)


def _closest(error: ValidationError) -> ValidationError:
    """The cause of a failed choice. Of "a reference or the thing itself", the thing itself was meant."""
    while error.context:
        meant = [each for each in error.context if each.message != "'$ref' is a required property"]
        error = max(meant or error.context, key=lambda each: len(each.absolute_path))
    return error


def _shortened(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST // 2]} ... {message[-_LONGEST // 2 :]}"


def _check_specs(specs: tuple[SpecVersion, ...]) -> Iterator[Problem]:
    for spec in specs:
        try:
            Draft202012Validator.check_schema(spec.schema)
        except SchemaError as exc:
            yield Problem(f"{spec.where}#{child('', *exc.absolute_path)}", exc.message)
            continue
        if spec.schema.get("$schema") != _DIALECT:
            yield Problem(f"{spec.where}#/$schema", f"has to be {_DIALECT}")
        if spec.schema.get("$id") != spec.urn:
            yield Problem(f"{spec.where}#/$id", f"has to be {spec.urn}, after its folder and file")


def _check_operations(api: Bundle) -> Iterator[Problem]:
    seen: dict[str, RawOperation] = {}
    declared = {tag["name"] for tag in api.document.get("tags", ())}
    for raw in operations_of(api):
        where = api.where(raw.pointer)
        name = raw.content.get("operationId", "")
        if not _SNAKE.fullmatch(name):
            yield Problem(where, f"operationId {name!r} has to be snake_case, verb first, as in list_errors")
        elif name in seen:
            first = seen[name].label
            yield Problem(where, f"operationId {name!r} of {raw.label} is already that of {first}; rename one")
        seen.setdefault(name, raw)
        yield from _check_tags(raw, where, declared)
        if not any(_SUCCESS.fullmatch(status) for status in raw.content["responses"]):
            yield Problem(f"{where}/responses", f"{raw.label} has no answer for success; add a 2xx or 3xx response")


def _check_tags(raw: RawOperation, where: str, declared: set[str]) -> Iterator[Problem]:
    tags = raw.content.get("tags", [])
    if len(tags) != 1:
        yield Problem(where, f"{raw.label} has {len(tags) or 'no'} tags; exactly one names its group of handlers")
    for tag in tags:
        if tag not in declared:
            yield Problem(
                where, f"the tag {tag!r} of {raw.label} is not declared; add it to tags in openapi/scale.yaml"
            )
        if not _SNAKE.fullmatch(tag):
            yield Problem(where, f"the tag {tag!r} of {raw.label} has to be snake_case; it names a field in Python")


def _check_names(api: Bundle) -> Iterator[Problem]:
    for name in api.components("schemas"):
        if not _SCHEMA_NAME.fullmatch(name):
            yield Problem(
                api.where(child("/components/schemas", name)), f"the schema name {name!r} has to be CamelCase"
            )


def _check_refs(api: Bundle) -> Iterator[Problem]:
    """OpenAPI 3.0 ignores what stands beside ``$ref``, but for our own marks; nobody means to write what is ignored."""
    for pointer, node in walk(api.document, ""):
        beside = {key for key in node if key != "$ref" and not key.startswith("x-scale-")}
        if beside and isinstance(node.get("$ref"), str):
            keys = ", ".join(sorted(beside))
            yield Problem(api.where(pointer), f"{keys} beside $ref is ignored; write allOf: [{{$ref: ...}}] and {keys}")


def walk(node: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping of a document but those in examples and defaults, with its pointer."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from walk(item, child(pointer, index))
    elif isinstance(node, Mapping):
        yield pointer, node
        for key, value in node.items():
            if key not in ("example", "examples", "default"):
                yield from walk(value, child(pointer, key))
