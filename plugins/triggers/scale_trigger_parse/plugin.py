"""Registers the ``PARSE`` trigger."""

from collections.abc import Sequence

from scale_core.interfaces.trigger import TriggerType
from scale_core.plugin import hookimpl
from scale_trigger_parse.trigger import ParseTrigger


@hookimpl
def scale_register_trigger_types() -> Sequence[type[TriggerType]]:
    """The ``PARSE`` trigger."""
    return [ParseTrigger]
