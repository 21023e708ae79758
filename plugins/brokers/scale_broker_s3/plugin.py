"""Registers the ``s3`` broker."""

from collections.abc import Sequence

from scale_broker_s3.broker import S3Broker
from scale_core.interfaces.broker import Broker
from scale_core.plugin import hookimpl


@hookimpl
def scale_register_brokers() -> Sequence[type[Broker]]:
    """The ``s3`` broker."""
    return [S3Broker]
