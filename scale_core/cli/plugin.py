"""The ``scale plugin`` commands."""

import click

from scale_core.cli.application import Application, pass_application


@click.group()
def plugin() -> None:
    """Look at the installed plugins."""


@plugin.command("list")
@pass_application
def list_plugins(application: Application) -> None:
    """List the installed plugins, and what they register."""
    registry = application.registry
    width = max((len(one.name) for one in registry.plugins), default=0)
    for one in registry.plugins:
        origin = f"{one.distribution} {one.version}" if one.distribution else "(not installed)"
        click.echo(f"{one.name:{width}}  {origin}")
    for kind, names in (
        ("brokers", registry.brokers),
        ("trigger types", registry.trigger_types),
        ("engines", registry.engines),
        ("clock processors", registry.clock_processors),
        ("metrics", registry.metrics),
        ("commands", registry.commands),
    ):
        click.echo(f"{kind}: {', '.join(names) or 'none'}")
