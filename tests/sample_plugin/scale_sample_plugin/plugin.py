"""What this package registers."""

from collections.abc import Sequence

from scale_core.interfaces.broker import Broker
from scale_core.interfaces.trigger import TriggerType
from scale_core.plugin import hookimpl
from scale_sample_plugin.broker import SQLiteBroker
from scale_sample_plugin.trigger import FileNameTrigger


@hookimpl
def scale_register_brokers() -> Sequence[type[Broker]]:
    """The ``sqlite`` broker."""
    return [SQLiteBroker]


@hookimpl
def scale_register_trigger_types() -> Sequence[type[TriggerType]]:
    """The ``FILENAME`` trigger."""
    return [FileNameTrigger]
