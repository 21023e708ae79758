"""The ``scale config`` commands."""

from typing import Any, BinaryIO

import click

from scale_core.cli.application import Application, pass_application
from scale_core.cli.query_options import query_options
from scale_core.cli.recording import recorded_command
from scale_core.db import schema
from scale_core.services.configuration import WHOLE, ConfigurationService
from scale_core.services.configuration_export import as_file
from scale_core.services.installation import prepare
from scale_core.specs import loads
from scale_generated.models import ValidationResult
from scale_generated.queries import ExportConfigurationQuery

DOCUMENT = click.argument("file", type=click.File("rb"))


@click.group()
def config() -> None:
    """Export and import errors, job types and recipe types."""


@config.command()
@query_options("/configuration/")
@pass_application
def export(application: Application, /, **filters: tuple[Any, ...]) -> None:
    """Print the configuration as JSON.

    \b
    Example:
      scale config export > configuration.json
    """
    with application.opened() as context:
        schema.require_current(context.database)
        document = ConfigurationService(context).export(ExportConfigurationQuery(**filters))
    click.echo(as_file(document), nl=False)


@config.command("import")
@DOCUMENT
@pass_application
def import_(application: Application, file: BinaryIO) -> None:
    """Import the configuration in FILE (- is standard input): all of it, or nothing.

    What exists is edited, what does not is created. Exits with 1 if the document is wrong.
    """
    with application.opened() as context:
        schema.require_current(context.database)
        prepare(context)
        document = loads(file.read())
        with recorded_command(context, "scale config import", "configuration", {"import": document}):
            result = ConfigurationService(context).load(document, WHOLE)
    _print_warnings(result)
    click.echo("imported")


@config.command()
@DOCUMENT
@pass_application
def validate(application: Application, file: BinaryIO) -> None:
    """Say whether the configuration in FILE (- is standard input) could be imported, without changing anything.

    Exits with 0 if it could, with 1 if not (what is wrong is on standard error, a line each).
    """
    with application.opened() as context:
        schema.require_current(context.database)
        prepare(context)
        result = ConfigurationService(context).validate(loads(file.read()), WHOLE)
    _print_warnings(result)
    click.echo("valid")


def _print_warnings(result: ValidationResult) -> None:
    for warning in result["warnings"]:
        click.echo(f"Warning ({warning['id']}): {warning['details']}", err=True)
