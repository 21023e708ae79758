"""The intermediate form -> unformatted files, by path below the generated package."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scale_codegen.annotations import FOREIGN, FROZEN, MODEL, SPEC, annotation, quoted_annotation
from scale_codegen.build_reference import Reference
from scale_codegen.expressions import (
    field_default,
    may_be_absent,
    parameter_default,
    parameter_value,
    read_additional,
    read_field,
    row_expression,
    write_additional,
    write_field,
)
from scale_codegen.ir import Alias, Api, Field, Model, Operation, Serializer, SpecClass, SpecModule, Specs
from scale_codegen.order import dependency_order, forward_refs, uses_of
from scale_codegen.text import docstring, identifier, snake

Definition = TypeVar("Definition", Model | Alias, SpecClass)

_TEMPLATES: Final = Path(__file__).parent / "templates"


def render(api: Api, specs: Specs) -> dict[str, str]:
    """Every generated file: path -> text, not yet formatted."""
    env = _environment()

    def fill(template: str, **values: Any) -> str:
        return env.get_template(template).render(api=api, **values)

    named: tuple[Model | Alias, ...] = (*api.models, *api.aliases)
    definitions = {each.name: each for each in named}
    ordered, forward = _in_order(definitions)
    files = {
        "py.typed": "",
        "__init__.py": fill("init.py.j2"),
        "_runtime.py": fill("runtime.py.j2"),
        "openapi.json": _json(api.document),
        "defaults.py": fill("defaults.py.j2"),
        "enums.py": fill("enums.py.j2"),
        "models.py": fill("models.py.j2", definitions=ordered, forward=forward),
        "queries.py": fill("queries.py.j2"),
        "routes.py": fill("routes.py.j2"),
        "serializers.py": fill("serializers.py.j2"),
        "specs/__init__.py": fill("specs_init.py.j2"),
        "specs/schemas/__init__.py": fill("schemas_init.py.j2"),
    }
    for spec in specs.modules:
        files[f"specs/{spec.module}.py"] = _spec(env, spec)
    for schema in specs.schemas:
        files[f"specs/schemas/{schema.file_name}"] = _json(schema.schema)
    return files


def render_reference(reference: Reference) -> str:
    """The page about the HTTP interface, Markdown."""
    return _environment().get_template("rest.md.j2").render(reference=reference).rstrip() + "\n"


def _cell(text: str) -> str:
    """Text that may stand in a table of Markdown."""
    return " ".join(text.split()).replace("|", "\\|")


def _spec(env: Environment, spec: SpecModule) -> str:
    ordered, forward = _in_order({each.name: each for each in spec.classes})
    return env.get_template("spec.py.j2").render(spec=spec, classes=ordered, forward=forward)


def _in_order(definitions: Mapping[str, Definition]) -> tuple[list[Definition], dict[str, frozenset[str]]]:
    uses = {name: uses_of(definition) for name, definition in definitions.items()}
    order = dependency_order(uses)
    return [definitions[name] for name in order], forward_refs(order, uses)


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _environment() -> Environment:
    # The output is Python, not HTML.
    env = Environment(  # noqa: S701
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters.update(
        cell=_cell,
        docstring=docstring,
        py=repr,
        snake=snake,
        tuple_of=_tuple_of,
        dict_of=_dict_of,
        model_type=lambda kind, forward: quoted_annotation(kind, MODEL, forward),
        spec_type=lambda kind, forward: quoted_annotation(kind, SPEC, forward),
        value_type=lambda kind: annotation(kind, FROZEN),
        field_type=_field_type,
        has_plain_names=_has_plain_names,
        handler_arguments=_handler_arguments,
        handler_result=_handler_result,
        serializer_arguments=_serializer_arguments,
        expression=row_expression,
        field_default=field_default,
        read_field=read_field,
        write_field=write_field,
        may_be_absent=may_be_absent,
        read_additional=read_additional,
        write_additional=write_additional,
        parameter_default=parameter_default,
        parameter_value=parameter_value,
    )
    return env


def _tuple_of(values: Iterable[str]) -> str:
    return repr(tuple(values))


def _dict_of(pairs: Iterable[tuple[str, str]]) -> str:
    return repr(dict(pairs))


def _field_type(field: Field, forward: frozenset[str]) -> str:
    plain = quoted_annotation(field.type, MODEL, forward)
    return plain if field.required else f"NotRequired[{plain}]"


def _has_plain_names(model: Model) -> bool:
    return all(identifier(field.name) == field.name for field in model.fields)


def _handler_arguments(operation: Operation) -> str:
    arguments = ["self"]
    arguments += [f"{parameter.name}: {annotation(parameter.type, FOREIGN)}" for parameter in operation.path_parameters]
    if operation.query is not None:
        arguments.append(f"query: queries.{operation.query.name}")
    if operation.body is not None:
        arguments.append(f"body: {annotation(operation.body, FOREIGN)}")
    return ", ".join(arguments)


def _handler_result(operation: Operation) -> str:
    plain = annotation(operation.result, FOREIGN)
    if operation.wrapper == "Accepted":
        return f"{plain} | Accepted[{plain}]"
    return f"{operation.wrapper}[{plain}]" if operation.wrapper else plain


def _serializer_arguments(serializer: Serializer) -> str:
    attached = [f"{name}: {annotation(kind, FOREIGN)}" for name, kind in serializer.attached]
    return ", ".join(["row: Row", "context: Context", *(["*", *attached] if attached else [])])
