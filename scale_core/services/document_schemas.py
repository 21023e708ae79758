"""The JSON Schemas of what users write, as this installation takes it: for forms, editors and other checkers.

A body of a request is described by the OpenAPI document, the documents in it by ``specs/``, and what plugins have a say
in by these; here they become one schema of JSON Schema 2020-12, which needs nothing beside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from scale_core.plugin.registry import Registry
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound
from scale_core.services.request_bodies import components
from scale_core.specs import SpecLibrary
from scale_generated.models import JsonSchema
from scale_generated.specs.clock_trigger import NAME as CLOCK_SPEC
from scale_generated.specs.workspace import NAME as WORKSPACE_SPEC

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
BODIES: Final = "#/components/schemas/"
DEFINITIONS: Final = "#/$defs/"
SPEC_URN: Final = "urn:scale:spec:"
SPEC: Final = "x-scale-spec"
_OF_OPENAPI: Final = ("nullable", "x-scale-row", "x-scale-attached", "x-scale-computed", "x-scale-column", SPEC)

Schema = dict[str, Any]


class DocumentSchemaService:
    """Puts schemas together."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def get(self, name: str) -> JsonSchema:
        """The schema of a body or of a versioned document, with all that it refers to.

        :param name: of a component schema of the OpenAPI document, or of a specification.
        :raises NotFound: nothing has that name.
        """
        if name not in components()["schemas"] and name not in self._context.specs.names():
            raise NotFound("schema", name)
        schema = self._definition(name)
        found: dict[str, Schema] = {}
        wanted = [*_names(schema)]
        while wanted:
            one = wanted.pop()
            if one not in found:
                found[one] = self._definition(one)
                wanted += _names(found[one])
        return {"$schema": DIALECT, **schema, "$defs": found}

    def _definition(self, name: str) -> Schema:
        spec, _, inner = name.partition(".")
        if spec in self._context.specs.names():
            return self._of_plugins(name) or _spec_definition(self._context.specs, spec, inner)
        return self._of_plugins(name) or _plain(components()["schemas"][name])

    def _of_plugins(self, name: str) -> Schema | None:
        """What plugins say of a definition that they have a say in; None: they have none."""
        registry = self._context.registry
        if name == f"{WORKSPACE_SPEC}.WorkspaceBroker":
            return _choice(
                _spec_definition(self._context.specs, *name.split(".")),
                [{"title": kind, **broker.configuration_schema} for kind, broker in registry.brokers.items()],
            )
        if name == "NewTriggerRule":
            body = _plain(components()["schemas"][name])
            return _choice(body, [*_rules(body, registry)])
        if name == "TriggerRuleEdit":  # only rules of the clock are edited by themselves
            body = _plain(components()["schemas"][name])
            return {**body, "properties": {**body["properties"], "configuration": {"$ref": DEFINITIONS + CLOCK_SPEC}}}
        if name == CLOCK_SPEC:
            return {
                **_spec_definition(self._context.specs, name, ""),
                "allOf": [*_processors(registry)],
            }
        return None


def _spec_definition(specs: SpecLibrary, spec: str, inner: str) -> Schema:
    """A specification, or one of its definitions; its definitions are named ``SPECIFICATION.NAME``."""
    whole = specs.schema(spec, specs.latest(spec))
    part = whole["$defs"][inner] if inner else whole
    kept = {key: value for key, value in part.items() if key not in ("$schema", "$id", "$defs")}
    moved: Schema = _replaced(kept, lambda reference: _moved(spec, reference))
    return moved


def _moved(spec: str, reference: str) -> str:
    """A reference of a specification: into itself, or to another one, which is read in its latest version."""
    whole, _, inner = reference.partition("#/$defs/")
    name = whole.removeprefix(SPEC_URN).partition(":")[0] or spec
    return DEFINITIONS + (f"{name}.{inner}" if inner else name)


def _choice(base: Mapping[str, Any], branches: Sequence[Schema]) -> Schema:
    return {"type": "object", "description": base.get("description", ""), "oneOf": [*branches]}


def _rules(body: Schema, registry: Registry) -> Iterator[Schema]:
    """A trigger rule of each type that is installed."""
    for name, kind in registry.trigger_types.items():
        configuration: Mapping[str, Any] = {"type": "object"}
        if kind.configuration_spec is not None:
            configuration = {"$ref": DEFINITIONS + kind.configuration_spec}
        elif kind.configuration_schema is not None:
            configuration = kind.configuration_schema
        properties = {**body["properties"], "type": {"const": name}, "configuration": configuration}
        yield {**body, "title": name, "properties": properties}


def _processors(registry: Registry) -> Iterator[Schema]:
    """What the clock's processors are told, known by the type of their events."""
    for processor in registry.clock_processors.values():
        if processor.parameters_spec is not None:
            event = {"properties": {"event_type": {"const": processor.event_type}}, "required": ["event_type"]}
            parameters = {"$ref": DEFINITIONS + processor.parameters_spec}
            yield {"if": event, "then": {"properties": {"parameters": parameters}}}


def _plain(schema: Any) -> Schema:
    """A schema of OpenAPI 3.0 in the words of JSON Schema."""
    plain: Schema = _replaced(_words(schema), lambda ref: ref.replace(BODIES, DEFINITIONS))
    return plain


def _words(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_words(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {key: _part(key, value) for key, value in schema.items() if key not in _OF_OPENAPI}
    if SPEC in schema:
        return {"$ref": DEFINITIONS + schema[SPEC], "description": schema.get("description", "")}
    return _nullable(plain) if schema.get("nullable") else plain


def _part(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _words(one) for name, one in value.items()}
    return value if key in ("default", "enum") else _words(value)


def _nullable(schema: Schema) -> Schema:
    """OpenAPI's ``nullable``: beside a type, null is one more; beside ``allOf``, null or what that says."""
    if "allOf" in schema:
        rest = {key: value for key, value in schema.items() if key != "allOf"}
        return {**rest, "anyOf": [*schema["allOf"], {"type": "null"}]}
    wider: Schema = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        wider["enum"] = [*schema["enum"], None]
    return wider


def _replaced(schema: Any, moved: Any) -> Any:
    """The schema with its references moved."""
    if isinstance(schema, list):
        return [_replaced(one, moved) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: moved(value) if key == "$ref" and isinstance(value, str) else _replaced(value, moved)
        for key, value in schema.items()
    }


def _names(schema: Any) -> Iterator[str]:
    """The definitions that a schema refers to."""
    if isinstance(schema, Mapping):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(DEFINITIONS)
    inner: Sequence[Any] = [*schema.values()] if isinstance(schema, Mapping) else schema
    for one in inner:
        if isinstance(one, Mapping | list):
            yield from _names(one)
