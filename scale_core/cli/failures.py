"""From exceptions to a line on standard error and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from scale_core.db.errors import DatabaseUnusable
from scale_core.plugin.registry import PluginError
from scale_core.plugin.scaffold.names import NameRefused
from scale_core.services.exceptions import Invalid, ServiceError
from scale_core.settings import SettingsError
from scale_core.specs import InvalidDocument, InvalidJSON, SpecSourceError

WRONG_DOCUMENT = 1
UNUSABLE = 2

_UNUSABLE = (
    SettingsError,
    DatabaseUnusable,
    PluginError,
    NameRefused,
    ServiceError,
    InvalidJSON,
    SpecSourceError,
    OSError,
)


@contextmanager
def report_failures(context: click.Context) -> Iterator[None]:
    """End the command with 1 if a document is wrong, with 2 if something cannot be used at all."""
    try:
        yield
    except Invalid as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        context.exit(WRONG_DOCUMENT)
    except InvalidDocument as error:
        click.echo(str(error), err=True)
        context.exit(WRONG_DOCUMENT)
    except BrokenPipeError:
        raise
    except _UNUSABLE as error:
        click.echo(f"Error: {error}", err=True)
        context.exit(UNUSABLE)
