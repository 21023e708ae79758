"""The intermediate form: what is generated, without a word on how it is written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Json: TypeAlias = Any


# --- Types


@dataclass(frozen=True, slots=True)
class Primitive:
    name: Literal["str", "int", "float", "bool", "None", "Any"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some constants."""

    values: tuple[str | int | float | bool, ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """A generated class or alias, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    item: "Type"


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with any keys."""

    value: "Type"


@dataclass(frozen=True, slots=True)
class Either:
    members: tuple["Type", ...]


@dataclass(frozen=True, slots=True)
class Nullable:
    inner: "Type"


Type: TypeAlias = Primitive | Choice | Ref | ListOf | MapOf | Either | Nullable

ANY = Primitive("Any")
FREE_OBJECT = MapOf(ANY)


# --- Models and enums of the HTTP contract


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: Type
    required: bool


@dataclass(frozen=True, slots=True)
class Model:
    """An object schema: a TypedDict. ``defaults`` are the (name, value) of the fields that have one."""

    name: str
    description: str
    fields: tuple[Field, ...]
    defaults: tuple[tuple[str, Json], ...] = ()


@dataclass(frozen=True, slots=True)
class Alias:
    """A named schema that is not an object with properties."""

    name: str
    description: str
    type: Type


@dataclass(frozen=True, slots=True)
class Enum:
    """A named schema with string constants: (member name, value) each."""

    name: str
    description: str
    members: tuple[tuple[str, str], ...]


# --- Operations


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """``default`` is the document's, or None where it has none."""

    name: str
    attribute: str
    type: Type
    required: bool
    default: Json


@dataclass(frozen=True, slots=True)
class Query:
    """The query parameters of one operation. ``flat_orders``: what a list can be ordered by however long it is."""

    name: str
    description: str
    parameters: tuple[QueryParameter, ...]
    flat_orders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PathParameter:
    name: str
    type: Type

    @property
    def is_integer(self) -> bool:
        return self.type == Primitive("int")


Wrapper = Literal["Accepted", "Created", "Attachment", "WithCookies"]


@dataclass(frozen=True, slots=True)
class Operation:
    """``body`` is None without a request body. ``wrapper`` is what the handler returns its result in, where that has to
    say headers too: a Location, the file name of an attachment, cookies; where that is ``Accepted``, it may also return
    the result alone, which is done then. ``role`` is what callers need."""

    operation_id: str
    method: str
    path: str
    tag: str
    summary: str
    path_parameters: tuple[PathParameter, ...]
    query: Query | None
    body: Type | None
    result: Type
    wrapper: Wrapper | None
    success_status: int
    media_type: str
    role: str


@dataclass(frozen=True, slots=True)
class Tag:
    """The operations of one group of handlers."""

    name: str
    handlers: str
    description: str
    operations: tuple[Operation, ...]


# --- Serializers


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of the row."""

    index: int
    timestamp: bool = False


@dataclass(frozen=True, slots=True)
class Computed:
    """A method of the context, called with values of the row."""

    function: str
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Attached:
    """A keyword argument of the serializer."""

    name: str


@dataclass(frozen=True, slots=True)
class Nested:
    """An object; with ``null_index`` it is null where that value of the row is."""

    entries: tuple[tuple[str, "Expression"], ...]
    null_index: int | None


Expression: TypeAlias = Cell | Computed | Attached | Nested


@dataclass(frozen=True, slots=True)
class Serializer:
    """Turns a row with ``columns`` into ``model``. ``order``: (name in queries, column) of what lists sort by."""

    name: str
    model: str
    columns: tuple[str, ...]
    order: tuple[tuple[str, str], ...]
    attached: tuple[tuple[str, Type], ...]
    body: Nested


@dataclass(frozen=True, slots=True)
class ContextFunction:
    """A method that serializers call on their context."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Api:
    """All that comes from ``openapi/``."""

    document: Mapping[str, Any]
    models: tuple[Model, ...]
    aliases: tuple[Alias, ...]
    enums: tuple[Enum, ...]
    tags: tuple[Tag, ...]
    operations: tuple[Operation, ...]
    serializers: tuple[Serializer, ...]
    context: tuple[ContextFunction, ...]

    @property
    def queries(self) -> tuple[Query, ...]:
        """Every query class, in the order of the operations."""
        return tuple(operation.query for operation in self.operations if operation.query is not None)


# --- Specs


@dataclass(frozen=True, slots=True)
class SpecField:
    """A property. ``default`` counts where ``has_default``; without one an optional property is None when absent."""

    name: str
    attribute: str
    type: Type
    required: bool
    has_default: bool
    default: Json


@dataclass(frozen=True, slots=True)
class SpecClass:
    """An object of a spec. ``additional`` is the type of further properties, None where there are none."""

    name: str
    description: str
    fields: tuple[SpecField, ...]
    additional: Type | None


@dataclass(frozen=True, slots=True)
class SpecModule:
    """The latest version of a spec; ``classes`` by name, ``imports``: (module, class) of other specs."""

    name: str
    module: str
    version: str
    description: str
    classes: tuple[SpecClass, ...]
    imports: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """A schema that is copied as it is."""

    file_name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Specs:
    """All that comes from ``specs/``."""

    modules: tuple[SpecModule, ...]
    schemas: tuple[SchemaFile, ...]
