"""Types of the intermediate form as Python annotations."""

from dataclasses import dataclass
from typing import Final

from scale_codegen.ir import Choice, Either, ListOf, MapOf, Nullable, Primitive, Ref, Type
from scale_codegen.order import names_in


@dataclass(frozen=True, slots=True)
class Style:
    """How lists, maps and references are written."""

    sequence: str
    mapping: str
    ref: str


MODEL: Final = Style("list[{}]", "dict[str, {}]", "{}")
"""In the module of the models."""
FOREIGN: Final = Style("list[{}]", "dict[str, {}]", "models.{}")
"""In a module that imports the models."""
FROZEN: Final = Style("tuple[{}, ...]", "Mapping[str, {}]", "models.{}")
"""In frozen classes beside the models."""
SPEC: Final = Style("tuple[{}, ...]", "Mapping[str, {}]", "{}")
"""In the classes of specs."""


def annotation(kind: Type, style: Style) -> str:
    """The annotation of a type."""
    match kind:
        case Primitive(name):
            return name
        case Choice(values):
            return f"Literal[{', '.join(map(repr, values))}]"
        case Ref(name):
            return style.ref.format(name)
        case ListOf(item):
            return style.sequence.format(annotation(item, style))
        case MapOf(value):
            return style.mapping.format(annotation(value, style))
        case Either(members):
            return " | ".join(annotation(each, style) for each in members)
        case Nullable(inner):
            return f"{annotation(inner, style)} | None"


def quoted_annotation(kind: Type, style: Style, forward: frozenset[str]) -> str:
    """The annotation, in quotes if it names something that is defined later."""
    plain = annotation(kind, style)
    return repr(plain) if forward.intersection(names_in(kind)) else plain
