"""The ``CLOCK`` trigger (reference: Clock Triggers)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from scale_core.interfaces.trigger import RuleNeeds, TriggerEvent, TriggerType
from scale_trigger_clock.schedule import ScheduleError, is_due, parse_period


class ClockTrigger(TriggerType):
    """Fires when a slot of the rule's schedule has come; its event's ``occurred`` is the time now."""

    name: ClassVar[str] = "CLOCK"
    event_types: ClassVar[frozenset[str]] = frozenset({"CLOCK"})
    configuration_spec: ClassVar[str | None] = "clock-trigger"

    def problems(self, configuration: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The schedule must be of a minute to a day."""
        try:
            parse_period(configuration["schedule"])
        except ScheduleError as error:
            return [("/schedule", str(error))]
        return []

    def needs(self, configuration: Mapping[str, Any]) -> RuleNeeds:
        """Nothing: a clock rule runs the clock processor of its name."""
        return RuleNeeds()

    def matches(self, configuration: Mapping[str, Any], event: TriggerEvent, last_fired: datetime | None) -> bool:
        """Whether the rule is due. ``last_fired`` of a rule that never fired is when it was made."""
        return event.type in self.event_types and is_due(
            event.occurred, parse_period(configuration["schedule"]), last_fired
        )

    def recorded_event_type(self, configuration: Mapping[str, Any], event: TriggerEvent) -> str:
        """The rule's own event type."""
        event_type: str = configuration["event_type"]
        return event_type
