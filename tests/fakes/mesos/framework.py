"""What the master knows of a framework."""

import queue
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from fakes.mesos.amounts import Amounts, fits

Message = dict[str, Any]


@dataclass
class Stream:
    """A subscription: events go in, the HTTP server takes them out; None ends it."""

    stream_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    events: "queue.SimpleQueue[Message | None]" = field(default_factory=queue.SimpleQueue)

    def send(self, kind: str, content: Message | None = None) -> None:
        """Send an event."""
        self.events.put({"type": kind} | ({} if content is None else {kind.lower(): content}))

    def end(self) -> None:
        """Close it."""
        self.events.put(None)


@dataclass
class Offer:
    """What is offered to a framework."""

    offer_id: str
    agent_id: str
    resources: Amounts
    role: str = "*"


@dataclass
class TaskRecord:
    """A task as the master knows it."""

    task_id: str
    agent_id: str
    resources: Amounts
    executor_id: str
    state: str = "TASK_STAGING"


@dataclass
class FrameworkRecord:
    """A framework, subscribed or not."""

    framework_id: str
    info: Message
    stream: Stream | None = None
    left_at: float | None = None
    suppressed: set[str] = field(default_factory=set)
    offers: dict[str, Offer] = field(default_factory=dict)
    tasks: dict[str, TaskRecord] = field(default_factory=dict)
    filters: dict[tuple[str, str], tuple[Amounts, float]] = field(default_factory=dict)
    turns: int = 0

    def has(self, capability: str) -> bool:
        """Whether it says so."""
        return any(one["type"] == capability for one in self.info.get("capabilities", []))

    @property
    def roles(self) -> list[str]:
        """Its roles."""
        return list(self.info.get("roles", [])) if self.has("MULTI_ROLE") else [self.info.get("role", "*")]

    def next_roles(self) -> list[str]:
        """Its roles, another one first each time."""
        self.turns += 1
        first = self.turns % max(len(self.roles), 1)
        return self.roles[first:] + self.roles[:first]

    def named_roles(self, call: Message) -> list[str]:
        """The roles that REVIVE or SUPPRESS is about: all, where none is named; unknown ones are left out."""
        named = call.get(call["type"].lower(), {}).get("roles", [])
        return [one for one in self.roles if not named or one in named]

    def send_status(self, status: Message) -> None:
        """Send an update of the master's own."""
        if self.stream is not None:
            self.stream.send("UPDATE", {"status": status})

    def refuse(self, offer: Offer, what: Amounts, seconds: float) -> None:
        """Do not offer that much or less of its agent to its role for so long."""
        if seconds > 0 and what:
            self.filters[offer.agent_id, offer.role] = (what, time.monotonic() + seconds)

    def refuses(self, agent_id: str, role: str, what: Amounts) -> bool:
        """Whether a filter says so."""
        refused, until = self.filters.get((agent_id, role), ({}, 0.0))
        return time.monotonic() < until and fits(what, refused)
