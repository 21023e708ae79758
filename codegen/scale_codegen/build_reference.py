"""The bundled OpenAPI document -> what the page about it says: areas, operations and objects, types in Markdown."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scale_codegen.build_openapi import RawOperation, operations_of, parameters_of
from scale_codegen.bundle import Bundle
from scale_codegen.curl import JSON, curl
from scale_codegen.schemas import FLAT_ORDERS, Schema, description_of, properties_of, target_of


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter or a field. ``rule``: whether it has to be there, or what it is if it is not."""

    name: str
    place: str
    type: str
    rule: str
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation may answer."""

    status: str
    description: str
    content: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation."""

    label: str
    area: str
    summary: str
    description: str
    parameters: tuple[Row, ...]
    flat_orders: tuple[str, ...]
    body: tuple[Row, ...]
    answers: tuple[Answer, ...]
    errors: tuple[Answer, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Area:
    """The operations of a tag."""

    title: str
    description: str
    operations: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Object:
    """A named schema."""

    name: str
    description: str
    type: str
    fields: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """All that the page says."""

    info: Mapping[str, Any]
    areas: tuple[Area, ...]
    objects: tuple[Object, ...]


def build_reference(api: Bundle) -> Reference:
    """The page of a document that has been validated."""
    entries = [_entry(api, raw) for raw in operations_of(api)]
    areas = tuple(
        Area(tag["name"].replace("_", " "), tag.get("description", ""), tuple(_of_area(entries, tag["name"])))
        for tag in api.document.get("tags", ())
    )
    objects = tuple(_object(api, name, schema) for name, schema in sorted(api.components("schemas").items()))
    return Reference(api.document["info"], areas, objects)


def _of_area(entries: list[Entry], tag: str) -> Iterator[Entry]:
    return (entry for entry in entries if entry.area == tag)


def _entry(api: Bundle, raw: RawOperation) -> Entry:
    content = raw.content
    parameters = tuple(parameters_of(api, raw))
    responses = {status: api.deref(response) for status, response in content["responses"].items()}
    return Entry(
        label=raw.label,
        area=content["tags"][0],
        summary=content.get("summary", ""),
        description=content.get("description", ""),
        parameters=tuple(_parameter(api, parameter) for parameter in parameters),
        flat_orders=tuple(content.get(FLAT_ORDERS, ())),
        body=tuple(_body(api, content)),
        answers=tuple(_answer(status, one) for status, one in responses.items() if status < "400"),
        errors=tuple(_answer(status, one) for status, one in responses.items() if status >= "400"),
        example=curl(api, raw, parameters),
    )


def _parameter(api: Bundle, parameter: Mapping[str, Any]) -> Row:
    schema = parameter.get("schema", {})
    required = bool(parameter.get("required", False))
    return _row(api, parameter["name"], schema, required, parameter["in"], parameter.get("description", ""))


def _row(api: Bundle, name: str, schema: Schema, required: bool, place: str = "", description: str = "") -> Row:
    default = schema.get("default", api.deref(schema).get("default"))
    rule = "required" if required else "" if default is None else f"`{json.dumps(default)}`"
    return Row(
        name, place, type_text(schema), rule, description or description_of(schema) or description_of(api.deref(schema))
    )


def _body(api: Bundle, content: Mapping[str, Any]) -> Iterator[Row]:
    for media_type, media in api.deref(content.get("requestBody", {})).get("content", {}).items():
        yield from _fields(api, media.get("schema", {}), "", "" if media_type == JSON else media_type)


def _fields(api: Bundle, schema: Schema, prefix: str = "", place: str = "") -> Iterator[Row]:
    """The fields of an object and, as ``outer.inner``, those of the objects in it that have no name of their own."""
    for one in properties_of(api, schema, ""):
        yield _row(api, f"{prefix}{one.name}", one.schema, one.required, place)
        inner, mark = one.schema, "."
        if inner.get("type") == "array":
            inner, mark = inner.get("items", {}), "[]."
        if target_of(inner) is None:
            yield from _fields(api, inner, f"{prefix}{one.name}{mark}", place)


def _answer(status: str, response: Mapping[str, Any]) -> Answer:
    # The first media type is what a client gets that does not ask for another.
    for media_type, media in response.get("content", {}).items():
        return Answer(status, response["description"], f"{type_text(media.get('schema', {}))} (`{media_type}`)")
    return Answer(status, response["description"], "")


def _object(api: Bundle, name: str, schema: Schema) -> Object:
    rows = tuple(_fields(api, schema))
    return Object(name, description_of(schema), "" if rows else type_text(schema), rows)


def type_text(schema: Schema) -> str:
    """A type in words; a named one is a link to its fields."""
    return f"{_plain_type(schema)}{' or null' if schema.get('nullable') else ''}"


def _plain_type(schema: Schema) -> str:
    name = target_of(schema)
    if name is not None:
        return f"[{name}](#{name.lower()}-object)"
    if "x-scale-spec" in schema:
        return f"[{schema['x-scale-spec']}](../specs/{schema['x-scale-spec']}) document"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"] if value is not None)
    if schema.get("type") == "array":
        return f"list of {type_text(schema.get('items', {}))}"
    form = f" ({schema['format']})" if schema.get("format") not in (None, "int64") else ""
    return f"{schema.get('type', 'any value')}{form}{_limits(schema)}"


def _limits(schema: Schema) -> str:
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    if lowest is None and highest is None:
        return ""
    if highest is None or highest >= 2**63 - 1:
        return f" from {lowest}"
    return f" up to {highest}" if lowest is None else f" from {lowest} to {highest}"
