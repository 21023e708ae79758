"""Registers the ``CLOCK`` trigger and the builtin clock processors."""

from collections.abc import Sequence

from scale_core.interfaces.clock import ClockProcessor
from scale_core.interfaces.trigger import TriggerType
from scale_core.plugin import hookimpl
from scale_trigger_clock.processors import DAILY_METRICS, JOB_LOAD, RETENTION, WORKSPACE_USAGE
from scale_trigger_clock.trigger import ClockTrigger


@hookimpl
def scale_register_trigger_types() -> Sequence[type[TriggerType]]:
    """The ``CLOCK`` trigger."""
    return [ClockTrigger]


@hookimpl
def scale_register_clock_processors() -> Sequence[ClockProcessor]:
    """What is done by the clock in every installation."""
    return [WORKSPACE_USAGE, JOB_LOAD, DAILY_METRICS, RETENTION]
