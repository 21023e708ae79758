"""The ``INGEST`` trigger (reference: Ingest Triggers)."""

from typing import ClassVar

from scale_core.interfaces.file_condition import FileTriggerType


class IngestTrigger(FileTriggerType):
    """Fires for every source file that is ingested and meets the rule's condition."""

    name: ClassVar[str] = "INGEST"
    event_types: ClassVar[frozenset[str]] = frozenset({"INGEST"})
    configuration_spec: ClassVar[str | None] = "ingest-trigger"
