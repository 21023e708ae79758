"""Trigger types: which rules an event matches, and what a match hands to the job or recipe (reference: Triggers)."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a rule may ask about a file."""

    id: int
    file_name: str
    media_type: str
    data_types: frozenset[str]


@dataclass(frozen=True, slots=True)
class TriggerEvent:
    """Something that happened. ``type`` is ``INGEST``, ``PARSE``, ``CLOCK`` or a plugin's own; ``file`` is the file it
    happened to, where there is one."""

    type: str
    occurred: datetime
    file: FileFacts | None = None


@dataclass(frozen=True, slots=True)
class RuleNeeds:
    """What a rule's configuration promises and asks for, checked against the job or recipe type it is linked to.

    ``input_name``: the input that the event's file is passed to; ``media_types``: what that file can be (empty:
    anything); ``workspace_name``: where products are stored. None where a rule has none.
    """

    input_name: str | None = None
    media_types: tuple[str, ...] = ()
    workspace_name: str | None = None


class TriggerType(ABC):
    """One kind of trigger rule. Stateless; one instance serves all rules of its kind."""

    name: ClassVar[str]
    """The ``type`` by which a trigger rule names this kind."""

    event_types: ClassVar[frozenset[str]]
    """Types of the events that rules of this kind are checked against."""

    configuration_spec: ClassVar[str | None] = None
    """Name of the document in ``specs/`` that the configuration follows, for the kinds that have one."""

    configuration_schema: ClassVar[Mapping[str, Any] | None] = None
    """JSON Schema (2020-12) of the configuration, for the kinds without a document in ``specs/``."""

    def problems(self, configuration: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What is wrong with a configuration beyond what its schema says: (JSON pointer, sentence) pairs."""
        return []

    @abstractmethod
    def needs(self, configuration: Mapping[str, Any]) -> RuleNeeds:
        """What the configuration asks of the type it is linked to."""

    @abstractmethod
    def matches(self, configuration: Mapping[str, Any], event: TriggerEvent, last_fired: datetime | None) -> bool:
        """Whether ``event`` triggers a rule with this configuration, which last fired at ``last_fired`` (UTC)."""

    def recorded_event_type(self, configuration: Mapping[str, Any], event: TriggerEvent) -> str:
        """The type under which a match is recorded."""
        return event.type
