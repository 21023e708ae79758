"""JSON Schemas of specs -> the intermediate form: classes of each spec's latest version, and copies of all versions."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from scale_codegen.errors import BadDocuments, Problem
from scale_codegen.ir import (
    ANY,
    FREE_OBJECT,
    Choice,
    Either,
    ListOf,
    MapOf,
    Nullable,
    Primitive,
    Ref,
    SchemaFile,
    SpecClass,
    SpecField,
    SpecModule,
    Specs,
    Type,
)
from scale_codegen.load import SpecVersion
from scale_codegen.pointer import child, resolve
from scale_codegen.text import camel, identifier

_PRIMITIVES: Final[Mapping[str, Primitive]] = {
    "string": Primitive("str"),
    "integer": Primitive("int"),
    "number": Primitive("float"),
    "boolean": Primitive("bool"),
}
_URN: Final = re.compile(r"urn:scale:spec:([a-z0-9-]+):(\d+)\.(\d+)(?:#(?:/\$defs/([^/]+))?)?")
ADDITIONAL: Final = "additional"
_TAKEN: Final = frozenset({"from_document", "to_document"})

Schema = Mapping[str, Any]


def build_specs(specs: tuple[SpecVersion, ...]) -> Specs:
    """All that is generated from the specs.

    :raises BadDocuments: a reference that leads nowhere, names that collide, specs that refer to each other in circles.
    """
    latest = {spec.name: spec for spec in specs}
    builders = {spec.name: SpecBuilder(spec, latest) for spec in latest.values()}
    for builder in builders.values():
        builder.add_root()
    while wanted := [each for builder in builders.values() for each in builder.take_wanted()]:
        for spec_name, definition in wanted:
            builders[spec_name].add_definition(definition)
    modules = tuple(builder.finish() for builder in builders.values())
    problems = [problem for builder in builders.values() for problem in builder.problems]
    problems.extend(_import_cycles(modules, latest))
    if problems:
        raise BadDocuments(problems)
    schemas = tuple(SchemaFile(f"{spec.name}-{spec.version_text}.json", spec.schema) for spec in specs)
    return Specs(modules=modules, schemas=schemas)


def _import_cycles(modules: tuple[SpecModule, ...], latest: Mapping[str, SpecVersion]) -> Iterator[Problem]:
    imports = {module.module: {name for name, _ in module.imports} for module in modules}
    for module in modules:
        reached: set[str] = set()
        waiting = set(imports[module.module])
        while waiting:
            name = waiting.pop()
            reached.add(name)
            waiting |= imports.get(name, set()) - reached
        if module.module in reached:
            yield Problem(
                latest[module.name].where, "refers to specs that refer back to it; move what both need to one"
            )


class SpecBuilder:
    """Builds the module of one spec. Problems are collected in ``problems``."""

    def __init__(self, spec: SpecVersion, latest: Mapping[str, SpecVersion]) -> None:
        self._spec = spec
        self._latest = latest
        self._classes: dict[str, SpecClass | None] = {}
        self._sources: dict[str, str] = {}
        self._wanted: list[tuple[str, str]] = []
        self._imports: set[tuple[str, str]] = set()
        self._following: list[str] = []
        self.problems: list[Problem] = []

    def add_root(self) -> None:
        """Build the class of the whole document, and all that it is made of."""
        if not self._spec.schema.get("properties"):
            self._report("", "the root of a spec is an object with properties")
        self._add_class(camel(self._spec.name), self._spec.schema, "")

    def add_definition(self, name: str) -> None:
        """Build the class of an object in ``$defs`` that another spec refers to."""
        self._add_class(camel(name), self._spec.schema["$defs"][name], child("/$defs", name))

    def take_wanted(self) -> list[tuple[str, str]]:
        """(spec, definition) that were referred to since the last call."""
        wanted, self._wanted = self._wanted, []
        return wanted

    def finish(self) -> SpecModule:
        """The module, once everything has been added."""
        for module, name in sorted(self._imports):
            if name in self._classes:
                self._report("", f"the class {name} of {module} is referred to, but there is one here too; rename it")
        return SpecModule(
            name=self._spec.name,
            module=identifier(self._spec.name),
            version=self._spec.version_text,
            description=_description(self._spec.schema),
            classes=tuple(self._finished(name) for name in sorted(self._classes)),
            imports=tuple(sorted(self._imports)),
        )

    def _finished(self, name: str) -> SpecClass:
        found = self._classes[name]
        assert found is not None  # noqa: S101 - every class is finished once the root is
        return found

    def _add_class(self, name: str, schema: Schema, pointer: str) -> Ref:
        if self._sources.setdefault(name, pointer) != pointer:
            self._report(
                pointer, f"would become a second class {name}; the first is #{self._sources[name]}; rename one"
            )
        if name not in self._classes:
            self._classes[name] = None
            self._classes[name] = self._class(name, schema, pointer)
        return Ref(name)

    def _class(self, name: str, schema: Schema, pointer: str) -> SpecClass:
        required = set(schema.get("required", ()))
        fields = (
            tuple(
                self._field(name, key, value, child(pointer, "properties", key), required=key in required)
                for key, value in schema["properties"].items()
            )
            if schema.get("properties")
            else ()
        )
        additional = self._additional(name, schema, pointer)
        names = [field.attribute for field in fields]
        taken = sorted(_TAKEN.intersection(names) | ({ADDITIONAL} & set(names) if additional else set()))
        if taken:
            self._report(pointer, f"the property {taken[0]!r} collides with a generated name; rename it")
        return SpecClass(name, _description(schema), fields, additional)

    def _additional(self, name: str, schema: Schema, pointer: str) -> Type | None:
        values = schema.get("additionalProperties")
        if isinstance(values, dict):
            return self._type(values, f"{name}Additional", child(pointer, "additionalProperties"))
        return ANY if values is True else None

    def _field(self, owner: str, name: str, schema: Any, pointer: str, *, required: bool) -> SpecField:
        schema = schema if isinstance(schema, dict) else {}
        kind = self._type(schema, owner + camel(name), pointer)
        defaults = [each["default"] for each in (schema, self._deref(schema)) if "default" in each]
        if not required and not defaults and kind != ANY and not isinstance(kind, Nullable):
            kind = Nullable(kind)
        return SpecField(
            name=name,
            attribute=identifier(name),
            type=kind,
            required=required,
            has_default=bool(defaults),
            default=defaults[0] if defaults else None,
        )

    def _deref(self, schema: Schema) -> Schema:
        """What a local reference means; other schemas as they are."""
        seen = set()
        while schema.get("$ref", "").startswith("#") and schema["$ref"] not in seen:
            seen.add(schema["$ref"])
            try:
                schema = resolve(self._spec.schema, schema["$ref"][1:])
            except KeyError:
                return {}
        return schema

    def _type(self, schema: Any, hint: str, pointer: str) -> Type:
        if not isinstance(schema, dict):
            return ANY
        if "$ref" in schema:
            return self._referred(schema["$ref"], hint, pointer)
        if "const" in schema or "enum" in schema:
            return _choice(schema["enum"] if "enum" in schema else [schema["const"]])
        kinds = schema.get("type", ())
        kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
        if not kinds and "properties" not in schema:
            return self._alternatives(schema, hint, pointer)
        members = [self._of_kind(kind, schema, hint, pointer) for kind in kinds or ("object",) if kind != "null"]
        plain = members[0] if len(members) == 1 else _either(members)
        return Nullable(plain) if "null" in kinds and plain != ANY else plain

    def _of_kind(self, kind: str, schema: Schema, hint: str, pointer: str) -> Type:
        if kind == "array":
            return ListOf(self._type(schema.get("items", {}), f"{hint}Item", child(pointer, "items")))
        if kind == "object":
            if schema.get("properties"):
                return self._add_class(hint, schema, pointer)
            values = schema.get("additionalProperties")
            if isinstance(values, dict):
                return MapOf(self._type(values, f"{hint}Value", child(pointer, "additionalProperties")))
            return FREE_OBJECT
        return _PRIMITIVES.get(kind, ANY)

    def _alternatives(self, schema: Schema, hint: str, pointer: str) -> Type:
        """``oneOf``/``anyOf`` of types: ``X | None`` is understood, anything with two kinds of objects stays free."""
        for key in ("oneOf", "anyOf"):
            parts = [part for part in schema.get(key, ()) if isinstance(part, dict)]
            typed = [(index, part) for index, part in enumerate(parts) if part.get("type") != "null"]
            if not typed:
                continue
            nullable = len(typed) < len(parts)
            if len(typed) == 1:
                index, part = typed[0]
                plain = self._type(part, hint, child(pointer, key, index))
            else:
                plain = self._either_plain(part for _, part in typed)
            return Nullable(plain) if nullable and plain != ANY and not isinstance(plain, Nullable) else plain
        return ANY

    def _either_plain(self, parts: Iterator[Schema]) -> Type:
        """The type of several alternatives without making classes of them."""
        members: list[Type] = []
        for part in map(self._deref, parts):
            kind = part.get("type")
            if "const" in part or "enum" in part:
                members.append(_choice(part["enum"] if "enum" in part else [part["const"]]))
            elif kind == "object" or "properties" in part:
                members.append(FREE_OBJECT)
            elif kind == "array":
                members.append(ListOf(ANY))
            else:
                members.append(_PRIMITIVES.get(kind, ANY) if isinstance(kind, str) else ANY)
        return _either(members)

    def _referred(self, ref: str, hint: str, pointer: str) -> Type:
        if ref == "#":
            return Ref(camel(self._spec.name))
        if not ref.startswith("#"):
            return self._of_other_spec(ref, pointer)
        try:
            target = resolve(self._spec.schema, ref[1:])
        except KeyError as exc:
            self._report(child(pointer, "$ref"), f"{ref} leads nowhere: there is no {exc.args[0]!r}")
            return ANY
        if not isinstance(target, dict):
            return ANY
        if target.get("properties") and target.get("type", "object") in ("object", ["object", "null"]):
            name = camel(ref.rpartition("/")[2]) if ref.startswith("#/$defs/") and ref.count("/") == 2 else hint
            found_class = self._add_class(name, target, ref[1:])
            return Nullable(found_class) if "type" in target and "null" in target["type"] else found_class
        if ref in self._following:
            self._report(child(pointer, "$ref"), f"{ref} leads back to itself; only objects with properties may")
            return ANY
        self._following.append(ref)
        found = self._type(target, hint, ref[1:])
        self._following.pop()
        return found

    def _of_other_spec(self, ref: str, pointer: str) -> Type:
        match = _URN.fullmatch(ref)
        other = self._latest.get(match[1]) if match else None
        if match is None or other is None:
            known = ", ".join(sorted(spec.urn for spec in self._latest.values()))
            self._report(child(pointer, "$ref"), f"{ref} is no spec; there are {known}")
            return ANY
        if (int(match[2]), int(match[3])) != other.version:
            self._report(child(pointer, "$ref"), f"{ref} is not the latest version; refer to {other.urn}")
            return ANY
        if match[4] is None:
            name = camel(other.name)
        elif other.schema.get("$defs", {}).get(match[4], {}).get("properties"):
            name = camel(match[4])
            self._wanted.append((other.name, match[4]))
        else:
            return self._foreign_definition(ref, other, match[4], pointer)
        self._imports.add((identifier(other.name), name))
        return Ref(name)

    def _foreign_definition(self, ref: str, other: SpecVersion, definition: str, pointer: str) -> Type:
        """A definition of another spec that is not an object: only what needs no class is understood."""
        if definition not in other.schema.get("$defs", {}):
            self._report(child(pointer, "$ref"), f"{ref} leads nowhere: {other.where} has no $defs/{definition}")
            return ANY
        return self._either_plain(iter([other.schema["$defs"][definition]]))

    def _report(self, pointer: str, message: str) -> None:
        self.problems.append(Problem(f"{self._spec.where}#{pointer}", message))


def _choice(values: list[Any]) -> Type:
    constants = tuple(value for value in values if value is not None)
    if not constants or not all(isinstance(value, str | int | bool) for value in constants):
        return ANY
    return Choice(constants) if len(constants) == len(values) else Nullable(Choice(constants))


def _either(members: list[Type]) -> Type:
    unique = tuple(dict.fromkeys(members))
    if not unique or ANY in unique:
        return ANY
    return unique[0] if len(unique) == 1 else Either(unique)


def _description(schema: Schema) -> str:
    return str(schema.get("description") or schema.get("title") or "")
