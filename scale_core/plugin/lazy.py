"""Commands that are only imported when they are called."""

import pkgutil
from typing import Any

import click


class LazyCommand(click.Command):
    """Stands for a click command until it is called, so that a plugin which brings one costs others nothing.

    :param name: name of the command.
    :param target: where it is, as ``package.module:name``.
    :param short_help: its line in the list of commands.
    """

    def __init__(self, name: str, target: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)
        self._target = target

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Import the command and let it take over."""
        command: click.Command = pkgutil.resolve_name(self._target)
        return command.make_context(info_name, args, parent, **extra)
