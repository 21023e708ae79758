"""Registers the ``host`` broker."""

from collections.abc import Sequence

from scale_broker_host.broker import HostBroker
from scale_core.interfaces.broker import Broker
from scale_core.plugin import hookimpl


@hookimpl
def scale_register_brokers() -> Sequence[type[Broker]]:
    """The ``host`` broker."""
    return [HostBroker]
