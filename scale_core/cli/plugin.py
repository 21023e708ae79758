"""The ``scale plugin`` commands."""

import click

from scale_core.cli.application import Application, pass_application
from scale_core.plugin import LazyCommand


@click.group()
def plugin() -> None:
    """Look at the installed plugins, or begin a new one."""


# Few begin a plugin; jinja2, which writes it, is not imported for the others.
plugin.add_command(LazyCommand("new", "scale_core.cli.plugin_new:new", "Write a new plugin, which works as it is."))


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
        ("error mappers, as they are asked", [type(mapper).__name__ for mapper in registry.error_mappers]),
        ("engines", registry.engines),
        ("clock processors", registry.clock_processors),
        ("metrics", registry.metrics),
        ("commands", registry.commands),
        ("who hears of notices", registry.listeners),
    ):
        click.echo(f"{kind}: {', '.join(names) or 'none'}")
