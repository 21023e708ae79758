"""Row schemas (``x-scale-row``) -> serializers: which columns they need, and where each value goes."""

from collections.abc import Iterable, Mapping
from typing import Final

from scale_codegen.bundle import Bundle
from scale_codegen.errors import BadDocuments, Problem
from scale_codegen.ir import Attached, Cell, Computed, ContextFunction, Expression, Model, Nested, Serializer, Type
from scale_codegen.schemas import Property, Schema, is_row, properties_of, schema_pointer, target_of
from scale_codegen.text import identifier, snake

_SCALARS: Final = frozenset({"string", "integer", "number", "boolean"})


def row_schemas(api: Bundle) -> tuple[str, ...]:
    """The names of all row schemas, sorted."""
    return tuple(sorted(name for name, schema in api.components("schemas").items() if is_row(schema)))


def build_serializers(api: Bundle, models: Iterable[Model]) -> tuple[Serializer, ...]:
    """One serializer for each row schema, by name; ``models`` are those of the same document.

    :raises BadDocuments: row schemas that contain each other, or an attached property below the top.
    """
    rows = frozenset(row_schemas(api))
    by_name = {model.name: model for model in models}
    return tuple(_RowBuilder(api, rows, by_name, name).build() for name in sorted(rows))


def build_context(api: Bundle) -> tuple[ContextFunction, ...]:
    """Every function that a computed property names, by name.

    :raises BadDocuments: a function that is called with different numbers of arguments.
    """
    found: dict[str, ContextFunction] = {}
    problems = []
    for name in row_schemas(api):
        for prop in properties_of(api, api.components("schemas")[name], schema_pointer(name)):
            computed = prop.schema.get("x-scale-computed")
            if computed is None:
                continue
            arguments = tuple(snake(path.replace(".", "_")) for path in computed["from"])
            function = found.setdefault(computed["function"], ContextFunction(computed["function"], arguments))
            if len(function.arguments) != len(arguments):
                problems.append(
                    Problem(
                        api.where(prop.pointer),
                        f"{function.name} is called here with {len(arguments)} values, elsewhere with "
                        f"{len(function.arguments)} ({', '.join(function.arguments)})",
                    )
                )
    if problems:
        raise BadDocuments(problems)
    return tuple(found[name] for name in sorted(found))


class _RowBuilder:
    """Builds one serializer. Visible columns come in the order of the properties, hidden ones after them."""

    def __init__(self, api: Bundle, rows: frozenset[str], models: Mapping[str, Model], name: str) -> None:
        self._api = api
        self._rows = rows
        self._name = name
        self._types = {field.name: field.type for field in models[name].fields}
        self._columns: dict[str, int] = {}
        self._order: dict[str, str] = {}
        self._attached: dict[str, Type] = {}

    def build(self) -> Serializer:
        properties = self._properties(self._name)
        self._collect(self._name, properties, "", ())
        body = Nested(self._entries(properties, "", top=True), null_index=None)
        return Serializer(
            name=identifier(snake(self._name)),
            model=self._name,
            columns=tuple(self._columns),
            order=tuple(self._order.items()),
            attached=tuple(self._attached.items()),
            body=body,
        )

    def _properties(self, name: str) -> tuple[Property, ...]:
        return properties_of(self._api, self._api.components("schemas")[name], schema_pointer(name))

    def _row_target(self, schema: Schema) -> str | None:
        target = target_of(schema)
        return target if target in self._rows else None

    def _collect(self, name: str, properties: Iterable[Property], prefix: str, path: tuple[str, ...]) -> None:
        """Number the visible columns, and note what can be sorted by."""
        if name in path:
            raise BadDocuments.at(
                self._api.where(schema_pointer(path[0])),
                f"row schemas contain each other: {' -> '.join((*path, name))}; mark one property x-scale-attached, "
                "or refer to a smaller schema",
            )
        for prop in properties:
            if "x-scale-computed" in prop.schema or "x-scale-attached" in prop.schema:
                continue
            column = prefix + prop.schema.get("x-scale-column", prop.name)
            target = self._row_target(prop.schema)
            if target is not None:
                self._collect(target, self._properties(target), f"{column}.", (*path, name))
                continue
            self._column(column)

    def _column(self, path: str) -> int:
        return self._columns.setdefault(path, len(self._columns))

    def _entries(
        self, properties: Iterable[Property], prefix: str, api_prefix: str = "", *, top: bool = False
    ) -> tuple[tuple[str, Expression], ...]:
        return tuple((prop.name, self._expression(prop, prefix, api_prefix, top=top)) for prop in properties)

    def _expression(self, prop: Property, prefix: str, api_prefix: str, *, top: bool) -> Expression:
        schema = prop.schema
        if "x-scale-attached" in schema:
            return self._attach(prop, top=top)
        if "x-scale-computed" in schema:
            computed = schema["x-scale-computed"]
            return Computed(computed["function"], tuple(self._column(prefix + path) for path in computed["from"]))
        column = prefix + schema.get("x-scale-column", prop.name)
        target = self._row_target(schema)
        if target is not None:
            entries = self._entries(self._properties(target), f"{column}.", f"{api_prefix}{prop.name}__")
            nullable = schema.get("nullable") is True or self._api.components("schemas")[target].get("nullable") is True
            return Nested(entries, self._column(f"{column}.id") if nullable else None)
        scalar = self._api.deref(schema["allOf"][0] if target_of(schema) and "allOf" in schema else schema)
        if scalar.get("type") in _SCALARS:
            self._order[f"{api_prefix}{prop.name}"] = column
        return Cell(self._column(column), timestamp=scalar.get("format") == "date-time")

    def _attach(self, prop: Property, *, top: bool) -> Attached:
        name = identifier(prop.name)
        if not top:
            raise BadDocuments.at(
                self._api.where(prop.pointer),
                f"is x-scale-attached, but {self._name} nests its schema; let it refer to a schema without that",
            )
        if name in ("row", "context"):
            raise BadDocuments.at(self._api.where(prop.pointer), f"an attached property cannot be named {name!r}")
        self._attached[name] = self._types[prop.name]
        return Attached(name)
