"""Registers the ``local`` engine."""

from collections.abc import Sequence

from scale_core.interfaces.engine import Engine
from scale_core.plugin import hookimpl
from scale_engine_local.engine import LocalEngine


@hookimpl
def scale_register_engines() -> Sequence[type[Engine]]:
    """The ``local`` engine."""
    return [LocalEngine]
