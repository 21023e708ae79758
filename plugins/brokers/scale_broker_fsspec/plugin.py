"""Registers the ``fsspec`` broker."""

from collections.abc import Sequence

from scale_broker_fsspec.broker import FsspecBroker
from scale_core.interfaces.broker import Broker
from scale_core.plugin import hookimpl


@hookimpl
def scale_register_brokers() -> Sequence[type[Broker]]:
    """The ``fsspec`` broker."""
    return [FsspecBroker]
