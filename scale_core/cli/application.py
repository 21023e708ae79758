"""What commands are given: settings, plugins and database, each made when a command first asks for it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from scale_core.cli.flags import Flags
from scale_core.db.database import Database
from scale_core.plugin.registry import Registry, load_registry
from scale_core.services.context import Context
from scale_core.settings import Settings, load_settings
from scale_core.specs import SpecLibrary

P = ParamSpec("P")
R = TypeVar("R")


class Application:
    """One invocation of ``scale``.

    :param flags: what was given on the command line, by setting name; None: not given.
    """

    def __init__(self, flags: Mapping[str, Any]) -> None:
        self._flags = dict(flags)

    def override(self, **flags: Any) -> None:
        """Take flags of a subcommand; None changes nothing. To be called before :attr:`settings` is asked for."""
        self._flags |= {name: value for name, value in flags.items() if value is not None}

    @cached_property
    def settings(self) -> Settings:
        """The settings.

        :raises SettingsError: one of them is wrong.
        """
        return load_settings(self._flags)

    @cached_property
    def registry(self) -> Registry:
        """What the installed plugins register.

        :raises PluginError: one of them cannot be used.
        """
        return load_registry()

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database, closed at the end of the block.

        :raises DatabaseUnusable: there is no connection to it.
        :raises OSError: the data folder cannot be made.
        """
        if not self.settings.database_url:
            self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        database = Database(self.settings.url)
        try:
            database.check_connection()
            yield database
        finally:
            database.close()

    @contextmanager
    def opened(self) -> Iterator[Context]:
        """What services need; the database is closed at the end of the block."""
        with self.database() as database:
            yield Context(database, self.registry, SpecLibrary.packaged(), self.settings)


def pass_application(command: Callable[Concatenate[Application, P], R]) -> Callable[P, R]:
    """Give a click command the :class:`Application` as its first argument."""

    def with_application(*args: P.args, **kwargs: P.kwargs) -> R:
        flags = click.get_current_context().find_object(Flags) or Flags({})
        return command(Application(flags.values), *args, **kwargs)

    return update_wrapper(with_application, command)
