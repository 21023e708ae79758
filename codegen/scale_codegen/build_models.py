"""Schemas of the HTTP contract -> models, aliases and enums."""

from typing import Final

from scale_codegen.bundle import Bundle
from scale_codegen.errors import Problem
from scale_codegen.ir import (
    ANY,
    FREE_OBJECT,
    Alias,
    Choice,
    Either,
    Enum,
    Field,
    ListOf,
    MapOf,
    Model,
    Nullable,
    Primitive,
    Ref,
    Type,
)
from scale_codegen.pointer import child
from scale_codegen.schemas import Schema, description_of, properties_of, schema_pointer, target_of
from scale_codegen.text import camel, member

_PRIMITIVES: Final = {
    "string": Primitive("str"),
    "integer": Primitive("int"),
    "number": Primitive("float"),
    "boolean": Primitive("bool"),
}


class ModelBuilder:
    """Collects what the named schemas become; inline objects get a model named after where they stand."""

    def __init__(self, api: Bundle) -> None:
        self._api = api
        self._models: dict[str, Model] = {}
        self._aliases: dict[str, Alias] = {}
        self._enums: dict[str, Enum] = {}
        self.problems: list[Problem] = []

    def add_components(self) -> None:
        """Build everything under ``components/schemas``."""
        for name, schema in self._api.components("schemas").items():
            self._component(name, schema)

    @property
    def models(self) -> tuple[Model, ...]:
        """Models by name."""
        return tuple(self._models[name] for name in sorted(self._models))

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """Aliases by name."""
        return tuple(self._aliases[name] for name in sorted(self._aliases))

    @property
    def enums(self) -> tuple[Enum, ...]:
        """Enums by name."""
        return tuple(self._enums[name] for name in sorted(self._enums))

    def type_of(self, schema: Schema, hint: str, pointer: str) -> Type:
        """The type of values of a schema; ``hint`` names the model of an inline object."""
        plain = self._plain_type(schema, hint, pointer)
        nullable = schema.get("nullable") is True or self._target_is_nullable(schema)
        return Nullable(plain) if nullable and plain != ANY else plain

    def _component(self, name: str, schema: Schema) -> None:
        pointer = schema_pointer(name)
        description = description_of(schema)
        if target_of(schema) is None and properties_of(self._api, schema, pointer):
            self._add_model(name, schema, pointer)
            return
        self._aliases[name] = Alias(name, description, self.type_of(schema, f"{name}Item", pointer))
        values = [value for value in schema.get("enum", ()) if value is not None]
        if values and all(isinstance(value, str) for value in values):
            self._add_enum(name, description, values, pointer)

    def _add_enum(self, name: str, description: str, values: list[str], pointer: str) -> None:
        members = {member(value): value for value in values}
        if len(members) < len(values):
            self._report(child(pointer, "enum"), "two values become the same member name; make them differ in letters")
        self._enums[name] = Enum(name, description, tuple(members.items()))

    def _add_model(self, name: str, schema: Schema, pointer: str) -> None:
        properties = properties_of(self._api, schema, pointer)
        fields = tuple(
            Field(prop.name, self.type_of(prop.schema, name + camel(prop.name), prop.pointer), prop.required)
            for prop in properties
        )
        defaults = tuple((prop.name, prop.schema["default"]) for prop in properties if "default" in prop.schema)
        self._models[name] = Model(name, description_of(schema), fields, defaults)

    def _target_is_nullable(self, schema: Schema) -> bool:
        target = target_of(schema)
        if target is None:
            return False
        named = self._api.components("schemas")[target]
        # An alias has the None in it, a TypedDict cannot.
        return named.get("nullable") is True and bool(properties_of(self._api, named, schema_pointer(target)))

    def _plain_type(self, schema: Schema, hint: str, pointer: str) -> Type:
        target = target_of(schema)
        if target is not None:
            return Ref(target)
        if "$ref" in schema:
            return self.type_of(self._api.deref(schema), hint, str(schema["$ref"]).removeprefix("#"))
        if "enum" in schema:
            return Choice(tuple(value for value in schema["enum"] if value is not None))
        for key in ("oneOf", "anyOf"):
            if key in schema and "properties" not in schema:
                return self._either(schema, key, hint, pointer)
        kind = schema.get("type")
        if kind == "array":
            return ListOf(self.type_of(schema.get("items", {}), f"{hint}Item", child(pointer, "items")))
        if kind in _PRIMITIVES:
            return _PRIMITIVES[kind]
        if kind == "object" or "properties" in schema or "allOf" in schema:
            return self._object(schema, hint, pointer)
        return ANY

    def _either(self, schema: Schema, key: str, hint: str, pointer: str) -> Type:
        members = [
            self.type_of(part, f"{hint}{index + 1}", child(pointer, key, index))
            for index, part in enumerate(schema[key])
        ]
        unique = tuple(dict.fromkeys(members))
        if ANY in unique:
            return ANY
        return unique[0] if len(unique) == 1 else Either(unique)

    def _object(self, schema: Schema, hint: str, pointer: str) -> Type:
        if properties_of(self._api, schema, pointer):
            if hint in self._models or hint in self._api.components("schemas"):
                self._report(
                    pointer, f"this inline object would be named {hint}, which is taken; name it in components"
                )
            self._add_model(hint, schema, pointer)
            return Ref(hint)
        values = schema.get("additionalProperties")
        if isinstance(values, dict) and values:
            return MapOf(self.type_of(values, f"{hint}Value", child(pointer, "additionalProperties")))
        return FREE_OBJECT

    def _report(self, pointer: str, message: str) -> None:
        self.problems.append(Problem(self._api.where(pointer), message))
