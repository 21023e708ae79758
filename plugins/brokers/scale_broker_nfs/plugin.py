"""Registers the ``nfs`` broker."""

from collections.abc import Sequence

from scale_broker_nfs.broker import NfsBroker
from scale_core.interfaces.broker import Broker
from scale_core.plugin import hookimpl


@hookimpl
def scale_register_brokers() -> Sequence[type[Broker]]:
    """The ``nfs`` broker."""
    return [NfsBroker]
