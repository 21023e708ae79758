"""What placement is told and what it answers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from scale_core.interfaces.engine import Resources
from scale_generated.enums import WaitingReason as Reason

SHORT_SECONDS = 0.1
"""What is expected to take no longer may be handed to a node ahead of its turn."""


@dataclass(frozen=True, slots=True)
class QueuedExecution:
    """What placement needs to know of an execution on the queue.

    :param is_type_paused: whether its job type is paused; of those that a pass looks at none is.
    :param is_still_ending: whether an earlier execution of its job is still being ended; as above.
    :param lacking: the engine's names of nodes that lack something it needs, such as a mount.
    :param is_here: whether Scale's own process does it, whatever nodes can do.
    :param is_here_at_worst: whether Scale's own process does it where no node has room for it.
    """

    execution_id: int
    job_id: int
    job_type_id: int
    job_type_name: str
    is_system: bool
    is_long_running: bool
    uses_docker: bool
    priority: int
    queued: datetime
    resources: Resources
    max_scheduled: int | None
    running_of_type: int
    is_type_paused: bool = False
    is_still_ending: bool = False
    lacking: frozenset[str] = frozenset()
    is_here: bool = False
    is_here_at_worst: bool = False

    @property
    def rank(self) -> tuple[int, datetime, int]:
        """Its place in the queue: by priority, then age."""
        return self.priority, self.queued, self.execution_id


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an execution is to run: ``node_id`` is the node's id in the database, ``agent_id`` the engine's name.
    Scale's own tasks and engines that place by themselves have no node."""

    execution_id: int
    node_id: int | None
    agent_id: str


class Why(NamedTuple):
    """A reason for which an execution is not placed: ``detail`` is a sentence for people, and the ids say what it is
    about."""

    reason: Reason
    detail: str
    node_ids: tuple[int, ...] = ()
    job_type_ids: tuple[int, ...] = ()
    job_ids: tuple[int, ...] = ()


def in_order(reasons: Iterable[Why]) -> list[Why]:
    """Reasons in the order of the list of reasons."""
    return sorted(reasons, key=lambda why: _RANKS[why.reason])


_RANKS = {reason: rank for rank, reason in enumerate(Reason)}


@dataclass(frozen=True, slots=True)
class NodeFree:
    """A connected node.

    :param node_id: its id in the database.
    :param agent_id: the engine's name for it.
    :param free: what nothing uses or is held there for; below zero where more is held than fits.
    :param total: what it has when it is empty.
    :param ahead_seconds_left: node-seconds of work that it may still be handed beyond what it has free, to be held and
        started by the engine; 0 where the engine holds none.
    :param slow: what is used there by executions that are not expected to end within :data:`SHORT_SECONDS`.
    :param endless: what is used there by executions that never end (long-running job types).
    """

    node_id: int
    agent_id: str
    free: Resources
    total: Resources
    is_paused: bool = False
    ahead_seconds_left: float = 0.0
    slow: Resources = field(default_factory=Resources)
    endless: Resources = field(default_factory=Resources)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What there is to place on.

    :param nodes: the connected nodes; None: the engine places by itself (submit mode).
    :param runs_containers: whether the engine can run an execution with a container image.
    :param system_slots: how many more tasks of each of Scale's own job types this process takes, by type name.
    :param on_nodes: names of those of Scale's own job types whose tasks nodes do, but for tasks that all nodes lack
        something for.
    """

    nodes: Sequence[NodeFree] | None
    runs_containers: bool = True
    system_slots: Mapping[str, int] | None = None
    on_nodes: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """What asks for a place.

    :param queue: the head of the queue, by priority, then age.
    :param now: the time of the pass, by the clock of ``QueuedExecution.queued``.
    :param oldest: those that have waited longest, which the head of the queue may not reach; some may be in both. Those
        that cannot run for now whatever is free (too large for every node, as many of their type as may) are better
        left out by the caller: a list full of them hides all others.
    :param expected_seconds: how long an execution of a job type takes, by the type's id, where it is known.
    :param is_paused: an operator has paused all scheduling: nothing is placed.
    :param held_back: ids of jobs that are not to be placed for a while.
    """

    queue: Sequence[QueuedExecution]
    now: datetime
    oldest: Sequence[QueuedExecution] = ()
    expected_seconds: Mapping[int, float | None] = field(default_factory=dict)
    is_paused: bool = False
    held_back: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator decides.

    :param long_wait_seconds: from when on an execution counts as one that has waited long.
    :param long_wait_share: the share of all placements, and of the nodes that may be kept at once, that goes to those
        that have waited long; from 0 (priority alone counts) to 0.5.
    """

    long_wait_seconds: float = 300.0
    long_wait_share: float = 0.25


@dataclass(frozen=True, slots=True)
class Reservation:
    """A node that takes nothing any more that the execution would need."""

    execution_id: int
    node_id: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a pass hands on to the next one.

    :param turn: how near the next turn of those that have waited long is; each placement adds the policy's share, and
        it is due at ``1 - share``. The default is due at once.
    """

    reservations: tuple[Reservation, ...] = ()
    turn: float = 1.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """An execution that stays on the queue, and why; ``detail`` is a sentence for people."""

    execution_id: int
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What is placed, and why the rest is not.

    :param placements: in the order in which they are to be launched.
    :param waiting: in the order of the queue, then of those that have waited longest.
    :param ahead: those of the placements that their node holds until it has room: the node-seconds that they cost, by
        execution id.
    """

    placements: tuple[Placement, ...]
    waiting: tuple[Waiting, ...]
    standing: Standing
    ahead: Mapping[int, float] = field(default_factory=dict)
