"""Registers the ``mesos`` engine, and the command that makes the archive with its executor."""

from collections.abc import Sequence

import click

from scale_core.interfaces.engine import Engine
from scale_core.plugin import LazyCommand, hookimpl
from scale_engine_mesos.engine import MesosEngine


@hookimpl
def scale_register_engines() -> Sequence[type[Engine]]:
    """The ``mesos`` engine."""
    return [MesosEngine]


@hookimpl
def scale_register_commands() -> Sequence[click.Command]:
    """``mesos-archive``."""
    target = "scale_engine_mesos.commands:mesos_archive"
    return [LazyCommand("mesos-archive", target, "Write the archive with the executor that Mesos agents fetch.")]
