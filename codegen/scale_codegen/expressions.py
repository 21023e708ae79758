"""Values of the intermediate form as Python expressions: how documents are read and written, and rows serialized."""

from typing import Any

from scale_codegen.ir import (
    Attached,
    Cell,
    Choice,
    Computed,
    Either,
    Expression,
    ListOf,
    MapOf,
    Nested,
    Nullable,
    Primitive,
    QueryParameter,
    Ref,
    SpecClass,
    SpecField,
    Type,
)


def is_plain(kind: Type) -> bool:
    """Whether values of the type are the same in a document and in a class."""
    match kind:
        case Primitive() | Choice():
            return True
        case Nullable(inner) | MapOf(inner):
            return is_plain(inner)
        case Either(members):
            return all(is_plain(each) for each in members)
        case _:
            return False


def read(kind: Type, source: str, depth: int = 0) -> str:
    """The value of the class for the document's value ``source``."""
    if is_plain(kind):
        return source
    item, key = _names(depth)
    match kind:
        case Ref(name):
            return f"{name}.from_document({source})"
        case ListOf(inner) if is_plain(inner):
            return f"tuple({source})"
        case ListOf(inner):
            return f"tuple({read(inner, item, depth + 1)} for {item} in {source})"
        case MapOf(inner):
            return f"{{{key}: {read(inner, item, depth + 1)} for {key}, {item} in {source}.items()}}"
        case Nullable(inner):
            return f"None if {source} is None else {read(inner, source, depth)}"
        case Either(members):
            cases = [
                (read(each, source, depth), source, "list" if isinstance(each, ListOf) else "Mapping")
                for each in members
                if not is_plain(each)
            ]
            return _chain(source, cases)
    raise AssertionError(kind)


def write(kind: Type, source: str, depth: int = 0) -> str:
    """The document's value for the value ``source`` of the class."""
    item, key = _names(depth)
    match kind:
        case Ref():
            return f"{source}.to_document()"
        case ListOf(inner) if is_plain(inner):
            return f"list({source})"
        case ListOf(inner):
            return f"[{write(inner, item, depth + 1)} for {item} in {source}]"
        case MapOf(inner) if is_plain(inner):
            return f"dict({source})"
        case MapOf(inner):
            return f"{{{key}: {write(inner, item, depth + 1)} for {key}, {item} in {source}.items()}}"
        case Nullable(inner) if not is_plain(inner):
            return f"None if {source} is None else {write(inner, source, depth)}"
        case Either(members) if not is_plain(kind):
            cases = [(write(each, source, depth), source, _class_of(each)) for each in members if not is_plain(each)]
            return _chain(source, cases)
        case _:
            return source


def _names(depth: int) -> tuple[str, str]:
    return (f"item{depth + 1}", f"key{depth + 1}") if depth else ("item", "key")


def _class_of(kind: Type) -> str:
    match kind:
        case ListOf():
            return "tuple"
        case Ref(name):
            return name
        case _:
            return "Mapping"


def _chain(source: str, cases: list[tuple[str, str, str]]) -> str:
    """``VALUE if isinstance(TESTED, CLASS) else ... else source`` for (value, tested, class) each."""
    return " ".join([*(f"{value} if isinstance({tested}, {kind}) else" for value, tested, kind in cases), source])


def _from_document(field: SpecField) -> str:
    if field.has_default and field.default is not None:
        return f"document.get({field.name!r}, {field.default!r})"
    if field.required and not field.has_default:
        return f"document[{field.name!r}]"
    return f"document.get({field.name!r})"


def read_field(field: SpecField) -> str:
    """The expression in ``from_document``."""
    source = _from_document(field)
    if is_plain(field.type):
        return source
    match field.type:
        case Nullable(inner):
            return f"(None if (value := {source}) is None else {read(inner, 'value')})"
        case Either():
            return read(field.type, "value").replace("isinstance(value,", f"isinstance(value := {source},", 1)
        case _:
            return read(field.type, source)


def write_field(field: SpecField) -> str:
    """The expression in ``to_document``, where what may be absent is known to be there."""
    kind = field.type
    if may_be_absent(field) and isinstance(kind, Nullable):
        kind = kind.inner
    return write(kind, f"self.{field.attribute}")


def may_be_absent(field: SpecField) -> bool:
    """Whether None stands for a property that is not there."""
    return not field.required and field.default is None


def read_additional(owner: SpecClass) -> str:
    """The expression for all properties without a field of their own."""
    assert owner.additional is not None  # noqa: S101 - templates ask only then
    names = ", ".join(repr(field.name) for field in owner.fields)
    return f"{{key: {read(owner.additional, 'item', 1)} for key, item in document.items() if key not in {{{names}}}}}"


def write_additional(owner: SpecClass) -> str:
    """The document's form of the properties without a field of their own."""
    assert owner.additional is not None  # noqa: S101 - templates ask only then
    return "self.additional" if is_plain(owner.additional) else write(MapOf(owner.additional), "self.additional")


def field_default(field: SpecField) -> str:
    """What follows the annotation in the class."""
    if field.required and not field.has_default:
        return ""
    if field.default is None:
        return " = None"
    if isinstance(field.default, list) and not field.default:
        return " = ()"
    if field.default == {} and isinstance(_kind_of_default(field), MapOf):
        return " = field(default_factory=dict)"
    if isinstance(field.default, list | dict):
        return f" = field(default_factory=lambda: {read(_kind_of_default(field), repr(field.default))})"
    return f" = {field.default!r}"


def _kind_of_default(field: SpecField) -> Type:
    """The alternative of the field's type that its default, a list or an object, is of."""
    kind = field.type.inner if isinstance(field.type, Nullable) else field.type
    if not isinstance(kind, Either):
        return kind
    fitting = (ListOf,) if isinstance(field.default, list) else (Ref, MapOf)
    return next((each for each in kind.members if isinstance(each, fitting)), kind)


def parameter_default(parameter: QueryParameter) -> str:
    """What follows the annotation in the class of a query."""
    return "" if parameter.required else f" = {_frozen(parameter.default)!r}"


def parameter_value(parameter: QueryParameter) -> str:
    """The expression in ``from_kwargs``."""
    source = f"kwargs[{parameter.name!r}]"
    if not parameter.required:
        default = "" if parameter.default is None else f", {_frozen(parameter.default)!r}"
        source = f"kwargs.get({parameter.name!r}{default})"
    return f"tuple({source})" if isinstance(parameter.type, ListOf) else source


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def row_expression(expression: Expression) -> str:
    """The expression of a serializer."""
    match expression:
        case Cell(index, timestamp):
            return f"timestamp(row[{index}])" if timestamp else f"row[{index}]"
        case Computed(function, indexes):
            return f"context.{function}({', '.join(f'row[{index}]' for index in indexes)})"
        case Attached(name):
            return name
        case Nested(entries, null_index):
            items = ", ".join(f"{key!r}: {row_expression(value)}" for key, value in entries)
            return f"{{{items}}}" if null_index is None else f"(None if row[{null_index}] is None else {{{items}}})"
