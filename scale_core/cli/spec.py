"""The ``scale spec`` commands."""

import json
from pathlib import Path

import click

from scale_core.domain.documents import document_problems
from scale_core.specs.jsontext import loads
from scale_core.specs.library import SpecLibrary
from scale_core.specs.problems import InvalidJSON, SpecSourceError, UnknownSpec

UNUSABLE = 2


@click.group("spec")
@click.pass_context
def spec(context: click.Context) -> None:
    """List, show and check the specifications of Scale's documents.

    \b
    Example:
      scale spec validate job-interface interface.json
    """
    if context.find_object(SpecLibrary) is None:
        try:
            context.obj = SpecLibrary.packaged()
        except (SpecSourceError, ModuleNotFoundError) as error:
            raise _unusable(str(error)) from error


@spec.command("list")
@click.pass_obj
def list_specs(library: SpecLibrary) -> None:
    """List the specifications with their versions."""
    width = max(len(name) for name in library.names())
    for name in library.names():
        title = library.schema(name, library.latest(name))["title"]
        click.echo(f"{name:{width}}  {', '.join(library.versions(name)):8}  {title}")


@spec.command("show")
@click.argument("name")
@click.option("--version", help="The version to show; default: the latest.")
@click.pass_obj
def show_spec(library: SpecLibrary, name: str, version: str | None) -> None:
    """Print the JSON Schema of the specification NAME.

    \b
    Example:
      scale spec show results-manifest --version 1.0
    """
    try:
        schema = library.schema(name, version or library.latest(name))
    except UnknownSpec as error:
        raise _unusable(str(error)) from error
    click.echo(json.dumps(schema, indent=2, ensure_ascii=False))


@spec.command("validate")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--version", help="The version that a document without `version` is read as; default: the latest.")
@click.pass_obj
def validate(library: SpecLibrary, name: str, file: Path, version: str | None) -> None:
    """Check the document in FILE (- is standard input) against the specification NAME: its schema, and the rules that
    a schema cannot say (names are unique, placeholders stand for inputs, dependencies go in no circle …).

    Exits with 0 if the document is valid, with 1 if it is not (what is wrong is on standard error, a line each:
    pointer: detail), with 2 if it cannot be checked at all.

    \b
    Examples:
      scale spec validate strike my-strike.json
      cat results_manifest.json | scale spec validate results-manifest -
    """
    try:
        library.latest(name)
        document = loads(_content(file))
        problems = library.problems(name, document, version)
        # What the schema cannot say is only asked of documents that the schema accepts.
        problems = problems or document_problems(name, library.upgrade(name, document, version))
    except UnknownSpec as error:
        raise _unusable(str(error)) from error
    except OSError as error:
        raise _unusable(f"{file} cannot be read: {error.strerror or error}") from error
    except InvalidJSON as error:
        raise _unusable(f"{file}: {error}") from error
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        raise click.exceptions.Exit(1)
    click.echo("valid")


def _content(file: Path) -> bytes:
    with click.open_file(str(file), "rb") as stream:
        content: bytes = stream.read()
    return content


def _unusable(message: str) -> click.exceptions.Exit:
    click.echo(message, err=True)
    return click.exceptions.Exit(UNUSABLE)
