"""Options of commands that ask what an HTTP operation asks: as the HTTP contract describes its query."""

import json
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Any

import click

Command = Callable[..., Any]


def query_options(path: str) -> Callable[[Command], Command]:
    """Give a command an option for each query parameter of ``GET path``; it gets their values by the parameters' names.

    All parameters have to be lists of texts, whole numbers or choices.
    """
    document = json.loads((resources.files("scale_generated") / "openapi.json").read_text("utf-8"))
    options = list(_options(document, path))

    def with_options(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return with_options


def _options(document: Mapping[str, Any], path: str) -> Iterator[Callable[[Command], Command]]:
    for found in document["paths"][path]["get"]["parameters"]:
        parameter = _resolved(document, found)
        items = _resolved(document, parameter["schema"]["items"])
        name = parameter["name"]
        yield click.option(
            f"--{name.replace('_', '-')}",
            name,
            multiple=True,
            type=_type(items),
            help=parameter["description"],
        )


def _type(schema: Mapping[str, Any]) -> "click.ParamType[Any]":
    if "enum" in schema:
        return click.Choice(schema["enum"])
    if schema["type"] == "integer":
        return click.IntRange(schema.get("minimum"), schema.get("maximum"))
    return click.STRING


def _resolved(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node
