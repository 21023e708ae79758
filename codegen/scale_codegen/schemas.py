"""Reads OpenAPI 3.0 schemas: what they refer to, and which properties they have once ``allOf`` is flattened."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from scale_codegen.bundle import Bundle
from scale_codegen.pointer import child

Schema: TypeAlias = Mapping[str, Any]
SCHEMAS: Final = "/components/schemas"
_REF: Final = f"#{SCHEMAS}/"

FLAT_ORDERS: Final = "x-scale-flat-orders"
"""At a list: what it can be ordered by, forwards and backwards, at a cost that does not grow with it."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property and the pointer to its schema in the bundle."""

    name: str
    schema: Schema
    required: bool
    pointer: str


def schema_pointer(name: str) -> str:
    """The pointer to a named schema in the bundle."""
    return child(SCHEMAS, name)


def target_of(schema: Schema) -> str | None:
    """The named schema that ``schema`` is, by ``$ref`` or (to be nullable, or marked) by ``allOf`` of one ``$ref``."""
    if "$ref" in schema:
        ref = str(schema["$ref"])
        return ref.removeprefix(_REF) if ref.startswith(_REF) else None
    parts = schema.get("allOf", ())
    if len(parts) == 1 and "properties" not in schema:
        return target_of(parts[0])
    return None


def is_row(schema: Schema) -> bool:
    """Whether the schema itself, not one that it extends, is filled from database columns."""
    return any(part.get("x-scale-row") is True for part in (schema, *schema.get("allOf", ())) if "$ref" not in part)


def properties_of(api: Bundle, schema: Schema, pointer: str) -> tuple[Property, ...]:
    """The properties of a schema and of all that it extends; of a name, the last definition in the first's place."""
    found: dict[str, tuple[Schema, str]] = {}
    required: set[str] = set()
    for part, where in _parts(api, schema, pointer):
        required.update(part.get("required", ()))
        for name, value in part.get("properties", {}).items():
            found[name] = (value, child(where, "properties", name))
    return tuple(Property(name, value, name in required, where) for name, (value, where) in found.items())


def _parts(api: Bundle, schema: Schema, pointer: str) -> Iterator[tuple[Schema, str]]:
    if "$ref" in schema:
        yield from _parts(api, api.deref(schema), str(schema["$ref"]).removeprefix("#"))
        return
    for index, part in enumerate(schema.get("allOf", ())):
        yield from _parts(api, part, child(pointer, "allOf", index))
    yield schema, pointer


def description_of(schema: Schema) -> str:
    """The prose of a schema, or of its own part of an ``allOf``, or nothing."""
    parts = (schema, *(part for part in schema.get("allOf", ()) if "$ref" not in part))
    return next((str(part[key]) for part in parts for key in ("description", "title") if part.get(key)), "")
