"""What the scheduler alone knows and others need to say what it will do: kept in its row, as fresh as its heartbeat.

Everything else that it decides by is in the database: the queue, the nodes and what runs on them, pauses and limits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from scale_core.domain.placement import Reservation, Standing
from scale_core.interfaces.engine import Resources


@dataclass(frozen=True, slots=True)
class SchedulerNote:
    """The note; its defaults are what is assumed where no scheduler has ever run.

    :param places: whether it places on nodes; False: the engine does that by itself.
    :param runs_containers: whether the engine can run an execution with a container image.
    :param slots: how many more tasks of each of Scale's own job types its process takes, by type name.
    :param held_back: ids of jobs that it does not start for a while.
    :param standing: what its last pass has handed on.
    :param taken: what something other than Scale uses of each node, by the engine's name of the node.
    """

    places: bool = True
    runs_containers: bool = True
    slots: Mapping[str, int] = field(default_factory=dict)
    held_back: Sequence[int] = ()
    standing: Standing = field(default_factory=Standing)
    taken: Mapping[str, Resources] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "places": self.places,
            "runs_containers": self.runs_containers,
            "slots": dict(self.slots),
            "held_back": list(self.held_back),
            "turn": self.standing.turn,
            "reservations": [[one.execution_id, one.node_id] for one in self.standing.reservations],
            "taken": {name: [one.cpus, one.mem, one.disk] for name, one in self.taken.items() if _is_some(one)},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """From what :meth:`to_document` made."""
        return cls(
            places=document["places"],
            runs_containers=document["runs_containers"],
            slots=document["slots"],
            held_back=document["held_back"],
            standing=Standing(tuple(Reservation(*one) for one in document["reservations"]), document["turn"]),
            taken={name: Resources(*one) for name, one in document["taken"].items()},
        )


def _is_some(taken: Resources) -> bool:
    return max(taken.cpus, taken.mem, taken.disk) > 1e-3
