"""The ``scale`` command."""

import gc
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import click

from scale_core.cli.failures import report_failures
from scale_core.cli.flags import Flags
from scale_core.cli.logs import set_up_logging
from scale_core.plugin.registry import PluginError, load_registry
from scale_core.settings import LOG_FORMATS, LOG_LEVELS, Settings, SettingsError, load_settings

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "config": "scale_core.cli.config:config",
        "db": "scale_core.cli.db:db",
        "node": "scale_core.runner.commands:node",
        "plugin": "scale_core.cli.plugin:plugin",
        "spec": "scale_core.cli.spec:spec",
        "token": "scale_core.cli.access:token",
        "user": "scale_core.cli.access:user",
    }
)
"""Commands that need no plugin, by name: none is imported before it is called."""


class ScaleGroup(click.Group):
    """The built-in commands, and those of plugins: which are loaded only when a name is not built in."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names. A plugin that cannot be used costs a line of warning here, not the help."""
        try:
            plugins = load_registry().commands
        except PluginError as error:
            click.echo(f"Warning: {error}", err=True)
            plugins = {}
        return sorted({*BUILT_IN, *plugins})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name in BUILT_IN:
            command: click.Command = pkgutil.resolve_name(BUILT_IN[cmd_name])
            return command
        return load_registry().commands.get(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run; what is wrong with the input or the set-up is one line and an exit code."""
        with report_failures(ctx):
            return super().invoke(ctx)


@click.group(cls=ScaleGroup)
@click.option("--config", type=click.Path(path_type=Path), help="Settings file; default: scale.toml, if there is one.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded database, runs and logs.")
@click.option("--database-url", metavar="URL", help="Database; default: an SQLite file in the data folder.")
@click.option("--log-level", type=click.Choice(LOG_LEVELS, case_sensitive=False), help="What is logged; default INFO.")
@click.option("--log-format", type=click.Choice(LOG_FORMATS), help="For people (default) or for machines.")
@click.version_option(package_name="scale-processing", prog_name="scale")
@click.pass_context
def scale(
    context: click.Context,
    config: Path | None,
    data_dir: Path | None,
    database_url: str | None,
    log_level: str | None,
    log_format: str | None,
) -> None:
    """Automated processing of files: watched directories, jobs, recipes, products.

    Settings are flags, else variables (SCALE_DATA_DIR, SCALE_DATABASE_URL, SCALE_BIND …), else scale.toml.
    """
    flags = {
        "config": config,
        "data_dir": data_dir,
        "database_url": database_url,
        "log_level": log_level,
        "log_format": log_format,
    }
    try:
        settings = load_settings(flags)
    except SettingsError:
        # The command says it if it needs settings; those that need none are not kept from working.
        settings = Settings(log_level=(log_level or "INFO").upper(), log_format=log_format or "text")
    set_up_logging(settings.log_level, settings.log_format)
    context.obj = Flags(flags)


OBJECTS_OF_IMPORTS: Final = 500_000
"""More than imports make, of which nothing goes again: looking for what does takes a tenth of a command's start."""


def main() -> None:
    """Run the command line."""
    gc.set_threshold(OBJECTS_OF_IMPORTS)
    scale(prog_name="scale")
