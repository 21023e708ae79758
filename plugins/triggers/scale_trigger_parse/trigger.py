"""The ``PARSE`` trigger (reference: Parse Triggers)."""

from typing import ClassVar

from scale_core.interfaces.file_condition import FileTriggerType


class ParseTrigger(FileTriggerType):
    """Fires for every source file that is parsed and meets the rule's condition."""

    name: ClassVar[str] = "PARSE"
    event_types: ClassVar[frozenset[str]] = frozenset({"PARSE"})
    configuration_spec: ClassVar[str | None] = "parse-trigger"
