"""The ``scale db`` commands."""

import click

from scale_core.cli.application import Application, pass_application
from scale_core.db import schema


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
@pass_application
def upgrade(application: Application) -> None:
    """Bring the database to the schema of this version of Scale; an empty one gets all tables.

    \b
    Example:
      scale --database-url postgresql+psycopg2://scale@db/scale db upgrade
    """
    with application.database() as database:
        before, after = schema.upgrade(database)
    click.echo(f"The database is at schema {after}." if before == after else f"Upgraded from {before} to {after}.")


@db.command()
@pass_application
def check(application: Application) -> None:
    """Exit with 0 if the database can be used as it is, with 2 and the reason if not."""
    with application.database() as database:
        schema.require_current(database)
    click.echo("The database can be used.")
