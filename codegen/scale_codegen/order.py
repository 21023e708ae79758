"""The order in which classes that refer to each other can be defined."""

from collections.abc import Iterator, Mapping, Set

from scale_codegen.ir import Alias, Either, ListOf, MapOf, Model, Nullable, Ref, SpecClass, Type


def dependency_order(uses: Mapping[str, Set[str]]) -> tuple[str, ...]:
    """The names with what they use first, else by name; a circle is entered at its first name."""
    ordered: dict[str, None] = {}
    entered: set[str] = set()

    def visit(name: str) -> None:
        if name in entered:
            return
        entered.add(name)
        for used in sorted(uses[name]):
            if used in uses:
                visit(used)
        ordered[name] = None

    for name in sorted(uses):
        visit(name)
    return tuple(ordered)


def forward_refs(order: tuple[str, ...], uses: Mapping[str, Set[str]]) -> dict[str, frozenset[str]]:
    """For each name, what it uses that is defined only by or after it, and has to be quoted."""
    position = {name: index for index, name in enumerate(order)}
    return {
        name: frozenset(used for used in uses[name] if used in position and position[used] >= position[name])
        for name in order
    }


def names_in(kind: Type) -> Iterator[str]:
    """Every class or alias that a type names."""
    match kind:
        case Ref(name):
            yield name
        case ListOf(inner) | MapOf(inner) | Nullable(inner):
            yield from names_in(inner)
        case Either(members):
            for each in members:
                yield from names_in(each)


def uses_of(definition: Model | Alias | SpecClass) -> frozenset[str]:
    """Every class or alias that a definition names."""
    if isinstance(definition, Alias):
        return frozenset(names_in(definition.type))
    found = {name for field in definition.fields for name in names_in(field.type)}
    if isinstance(definition, SpecClass) and definition.additional is not None:
        found.update(names_in(definition.additional))
    return frozenset(found)
