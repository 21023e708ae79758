"""Trigger types that ask what a file is: what ingest and parse rules have in common (reference: Triggers).

A configuration is ``{"version", "condition": {"media_type", "data_types"}, "data": {"input_data_name",
"workspace_name"}}``, where ``condition`` and all in it are optional.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scale_core.interfaces.trigger import FileFacts, RuleNeeds, TriggerEvent, TriggerType


class FileTriggerType(TriggerType):
    """A rule whose condition is about the event's file. Subclasses give name, event types and specification."""

    def needs(self, configuration: Mapping[str, Any]) -> RuleNeeds:
        """The input that gets the file, the media type it is sure to have, and the workspace of the products."""
        data = configuration["data"]
        media_type = _condition(configuration).get("media_type", "")
        return RuleNeeds(
            input_name=data["input_data_name"],
            media_types=(media_type,) if media_type else (),
            workspace_name=data["workspace_name"],
        )

    def matches(
        self,
        configuration: Mapping[str, Any],
        event: TriggerEvent,
        last_fired: datetime | None,
    ) -> bool:
        """Whether the event is of this kind and its file meets the condition."""
        return event.type in self.event_types and event.file is not None and meets(configuration, event.file)


def meets(configuration: Mapping[str, Any], file: FileFacts) -> bool:
    """Whether ``file`` has the media type of the condition, identically, and all of its data types. A condition that is
    left out asks for nothing."""
    condition = _condition(configuration)
    media_type = condition.get("media_type", "")
    return media_type in ("", file.media_type) and file.data_types.issuperset(condition.get("data_types", ()))


def _condition(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    condition: Mapping[str, Any] = configuration.get("condition") or {}
    return condition
