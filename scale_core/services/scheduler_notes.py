"""What the scheduler alone knows and others need to say what it will do: kept in its row, as fresh as its heartbeat.

Everything else that it decides by is in the database: the queue, the nodes and what runs on them, pauses and limits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from scale_core.domain.placement import Reservation, Standing
from scale_core.interfaces.engine import MasterLink, Resources, custom_amounts
from scale_core.services.ingest_jobs import Seer
from scale_core.services.lacking import Lacking


@dataclass(frozen=True, slots=True)
class MasterNote:
    """The master of the cluster, and when something was last heard from it."""

    hostname: str | None
    port: int | None
    is_online: bool
    last_heard: datetime | None
    offers_held: int

    @classmethod
    def of(cls, link: MasterLink | None, now: datetime) -> Self | None:
        """What an engine says at ``now``."""
        if link is None:
            return None
        ago = link.heard_seconds_ago
        heard = None if ago is None else now - timedelta(seconds=ago)
        return cls(link.hostname, link.port, link.is_online, heard, link.offers_held)

    def to_document(self) -> list[Any]:
        """As JSON."""
        heard = None if self.last_heard is None else self.last_heard.isoformat()
        return [self.hostname, self.port, self.is_online, heard, self.offers_held]

    @classmethod
    def from_document(cls, document: Sequence[Any]) -> Self:
        """From what :meth:`to_document` made."""
        hostname, port, is_online, heard, offers_held = document
        return cls(hostname, port, is_online, None if heard is None else datetime.fromisoformat(heard), offers_held)


@dataclass(frozen=True, slots=True)
class SchedulerNote:
    """The note; its defaults are what is assumed where no scheduler has ever run.

    :param places: whether it places on nodes; False: the engine does that by itself.
    :param runs_containers: whether the engine can run an execution with a container image.
    :param slots: how many more tasks of each of Scale's own job types its process takes, by type name.
    :param on_nodes: names of those of Scale's own job types whose tasks nodes do.
    :param held_back: ids of jobs that it does not start for a while.
    :param standing: what its last pass has handed on.
    :param master: the cluster's master, as far as the engine has one.
    :param taken: what something other than Scale uses of each node, by the engine's name of the node.
    :param lacking: nodes that were found to lack something, and for whom.
    """

    places: bool = True
    runs_containers: bool = True
    slots: Mapping[str, int] = field(default_factory=dict)
    on_nodes: Sequence[str] = ()
    held_back: Sequence[int] = ()
    standing: Standing = field(default_factory=Standing)
    master: MasterNote | None = None
    taken: Mapping[str, Resources] = field(default_factory=dict)
    lacking: Lacking = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "places": self.places,
            "runs_containers": self.runs_containers,
            "slots": dict(self.slots),
            "on_nodes": list(self.on_nodes),
            "held_back": list(self.held_back),
            "turn": self.standing.turn,
            "reservations": [[one.execution_id, one.node_id] for one in self.standing.reservations],
            "master": None if self.master is None else self.master.to_document(),
            "taken": {name: _written(one) for name, one in self.taken.items() if _is_some(one)},
            "lacking": [[*seer, sorted(nodes)] for seer, nodes in self.lacking.items()],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """From what :meth:`to_document` made."""
        return cls(
            places=document["places"],
            runs_containers=document["runs_containers"],
            slots=document["slots"],
            on_nodes=document.get("on_nodes", ()),
            held_back=document["held_back"],
            standing=Standing(tuple(Reservation(*one) for one in document["reservations"]), document["turn"]),
            # Notes of releases before this one have neither.
            master=MasterNote.from_document(document["master"]) if document.get("master") else None,
            taken={name: _read(*one) for name, one in document["taken"].items()},
            lacking={Seer(*seer): frozenset(nodes) for *seer, nodes in document.get("lacking", ())},
        )


def _is_some(taken: Resources) -> bool:
    return max(taken.cpus, taken.mem, taken.disk, *(amount for _name, amount in taken.custom)) > 1e-3


def _written(taken: Resources) -> list[Any]:
    return [taken.cpus, taken.mem, taken.disk, dict(taken.custom)]


def _read(cpus: float, mem: float, disk: float, custom: Mapping[str, float] | None = None) -> Resources:
    """Notes of releases before this one have no custom ones."""
    return Resources(cpus, mem, disk, custom_amounts(custom or {}))
