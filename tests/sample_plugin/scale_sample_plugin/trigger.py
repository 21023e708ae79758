"""The ``FILENAME`` trigger."""

from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from scale_core.interfaces.trigger import RuleNeeds, TriggerEvent, TriggerType

_NAME = {"type": "string", "minLength": 1}


class FileNameTrigger(TriggerType):
    """Fires for every ingested file whose name matches a pattern of the shell's kind, such as ``N*.png``."""

    name: ClassVar[str] = "FILENAME"
    event_types: ClassVar[frozenset[str]] = frozenset({"INGEST"})
    configuration_schema: ClassVar[Mapping[str, Any] | None] = {
        "type": "object",
        "properties": {
            "version": {"const": "1.0"},
            "condition": {
                "type": "object",
                "properties": {"file_name": {**_NAME, "description": "A pattern with *, ? and [...], case counts."}},
                "required": ["file_name"],
                "additionalProperties": False,
            },
            "data": {
                "type": "object",
                "properties": {"input_data_name": _NAME, "workspace_name": _NAME},
                "required": ["input_data_name", "workspace_name"],
                "additionalProperties": False,
            },
        },
        "required": ["condition", "data"],
        "additionalProperties": False,
    }

    def problems(self, configuration: Mapping[str, Any]) -> list[tuple[str, str]]:
        """A pattern with a slash would never match."""
        pattern = configuration["condition"]["file_name"]
        if "/" not in pattern:
            return []
        return [("/condition/file_name", f"{pattern!r} has a '/', which no file name has; leave the folders out.")]

    def needs(self, configuration: Mapping[str, Any]) -> RuleNeeds:
        """The input that gets the file, which can be of any media type, and the workspace of the products."""
        data = configuration["data"]
        return RuleNeeds(input_name=data["input_data_name"], workspace_name=data["workspace_name"])

    def matches(self, configuration: Mapping[str, Any], event: TriggerEvent, last_fired: datetime | None) -> bool:
        """Whether a file was ingested that has such a name."""
        return (
            event.type in self.event_types
            and event.file is not None
            and fnmatchcase(event.file.file_name, configuration["condition"]["file_name"])
        )
