"""What placement is told and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from scale_core.interfaces.engine import Resources
from scale_core.services.executions import Placement, QueuedExecution

SHORT_SECONDS = 0.1
"""What is expected to take no longer may be handed to a node ahead of its turn."""


class Reason(StrEnum):
    """Why an execution is not placed."""

    SCHEDULER_PAUSED = "SCHEDULER_PAUSED"
    """An operator has paused all scheduling."""
    MAX_SCHEDULED = "MAX_SCHEDULED"
    """As many of its job type run as may."""
    NO_CONTAINERS = "NO_CONTAINERS"
    """It needs a container, and the engine runs none."""
    NO_NODES = "NO_NODES"
    """No node is connected."""
    TOO_LARGE = "TOO_LARGE"
    """No node has as much, even when it is empty."""
    NODES_PAUSED = "NODES_PAUSED"
    """The nodes that are large enough are paused."""
    IN_USE = "IN_USE"
    """The nodes that are large enough are in use."""
    RESERVED = "RESERVED"
    """It has waited long: a node is kept for it, and has no room yet."""
    KEPT_FOR_OTHERS = "KEPT_FOR_OTHERS"
    """A node has room, which is kept for an execution that has waited longer."""
    TASKS_BUSY = "TASKS_BUSY"
    """It runs inside Scale, and as many of its kind run there as may."""
    CLAIM_FAILED = "CLAIM_FAILED"
    """Taking it off the queue failed; it is tried again later."""


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
    """

    nodes: Sequence[NodeFree] | None
    runs_containers: bool = True
    system_slots: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """What asks for a place.

    :param queue: the head of the queue, by priority, then age.
    :param now: the time of the pass, by the clock of ``QueuedExecution.queued``.
    :param oldest: those that have waited longest, which the head of the queue may not reach; some may be in both. Those
        that cannot run for now whatever is free (too large for every node, as many of their type as may) are better
        left out by the caller: a list full of them hides all others.
    :param expected_seconds: how long an execution of a job type takes, by the type's id, where it is known.
    """

    queue: Sequence[QueuedExecution]
    now: datetime
    oldest: Sequence[QueuedExecution] = ()
    expected_seconds: Mapping[int, float | None] = field(default_factory=dict)


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
