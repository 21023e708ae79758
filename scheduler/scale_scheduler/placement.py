"""Which queued executions run where, now: a pure function of the queue and of what the nodes have free.

The queue is walked once, in its own order (priority, then age). What does not fit is passed over, so that it never
blocks what does. Free resources only shrink during a pass: a node that was too full for a need stays too full for it,
hence each need remembers how far along the nodes it has looked, and a pass costs O(executions + needs * nodes).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scale_core.interfaces.engine import Resources
from scale_core.services.executions import Placement, QueuedExecution


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
    TASKS_BUSY = "TASKS_BUSY"
    """It runs inside Scale, and as many of its kind run there as may."""
    CLAIM_FAILED = "CLAIM_FAILED"
    """Taking it off the queue failed; it is tried again later."""


@dataclass(frozen=True, slots=True)
class NodeFree:
    """A connected node: ``node_id`` in the database, ``agent_id`` by the engine's name, what it has and has free."""

    node_id: int
    agent_id: str
    free: Resources
    total: Resources
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """An execution that stays on the queue, and why; ``detail`` is a sentence for people."""

    execution_id: int
    reason: Reason
    detail: str


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
class Decision:
    """What is placed, in the order of the queue, and why the rest is not."""

    placements: tuple[Placement, ...]
    waiting: tuple[Waiting, ...]


def place(queue: Sequence[QueuedExecution], capacity: Capacity) -> Decision:
    """Place what can run now.

    :param queue: executions in the order in which they deserve a place.
    :return: placements that together fit into what is free, and never exceed ``max_scheduled`` of a job type.
    """
    pass_ = _Pass(capacity)
    for execution in queue:
        pass_.consider(execution)
    return Decision(tuple(pass_.placements), tuple(pass_.waiting))


def all_waiting(queue: Sequence[QueuedExecution], reason: Reason, detail: str) -> Decision:
    """A decision to place nothing, for one reason."""
    return Decision((), tuple(Waiting(one.execution_id, reason, detail) for one in queue))


class _Pass:
    """The state of one walk along the queue."""

    def __init__(self, capacity: Capacity) -> None:
        self.placements: list[Placement] = []
        self.waiting: list[Waiting] = []
        self._nodes = None if capacity.nodes is None else _Nodes(capacity.nodes)
        self._runs_containers = capacity.runs_containers
        self._system_slots = dict(capacity.system_slots or {})
        self._placed_of_type: Counter[int] = Counter()

    def consider(self, execution: QueuedExecution) -> None:
        found = self._find(execution)
        if isinstance(found, Placement):
            self._placed_of_type[execution.job_type_id] += 1
            self.placements.append(found)
        else:
            self.waiting.append(Waiting(execution.execution_id, *found))

    def _find(self, execution: QueuedExecution) -> Placement | tuple[Reason, str]:
        running = execution.running_of_type + self._placed_of_type[execution.job_type_id]
        if execution.max_scheduled is not None and running >= execution.max_scheduled:
            return Reason.MAX_SCHEDULED, (
                f"{running} executions of {execution.job_type_name} run, and its max_scheduled is "
                f"{execution.max_scheduled}."
            )
        if execution.is_system:
            return self._find_in_process(execution)
        if execution.uses_docker and not self._runs_containers:
            return Reason.NO_CONTAINERS, f"{execution.job_type_name} needs a container, and the engine runs none."
        if self._nodes is None:
            return Placement(execution.execution_id, None, "")
        node = self._nodes.take(execution.resources)
        if node is None:
            return self._nodes.why_not(execution.resources)
        return Placement(execution.execution_id, node.node_id, node.agent_id)

    def _find_in_process(self, execution: QueuedExecution) -> Placement | tuple[Reason, str]:
        free = self._system_slots.get(execution.job_type_name)
        if free is not None:
            if free <= 0:
                return Reason.TASKS_BUSY, f"Scale runs as many tasks of {execution.job_type_name} as it takes at once."
            self._system_slots[execution.job_type_name] = free - 1
        return Placement(execution.execution_id, None, "")


class _Nodes:
    """The nodes in one fixed order, emptiest first, with what is left of each."""

    def __init__(self, nodes: Sequence[NodeFree]) -> None:
        self._all = nodes
        self._usable = sorted((one for one in nodes if not one.is_paused), key=_emptiest_first)
        self._left = [one.free for one in self._usable]
        self._looked: dict[Resources, int] = {}
        self._reasons: dict[Resources, tuple[Reason, str]] = {}

    def take(self, need: Resources) -> NodeFree | None:
        """Take ``need`` from the first node that still has it."""
        for index in range(self._looked.get(need, 0), len(self._usable)):
            if need.fits_in(self._left[index]):
                self._left[index] -= need
                self._looked[need] = index
                return self._usable[index]
        self._looked[need] = len(self._usable)
        return None

    def why_not(self, need: Resources) -> tuple[Reason, str]:
        """Why :meth:`take` found no node."""
        if need not in self._reasons:
            self._reasons[need] = self._explain(need)
        return self._reasons[need]

    def _explain(self, need: Resources) -> tuple[Reason, str]:
        if not self._all:
            return Reason.NO_NODES, "No node is connected."
        large_enough = [one for one in self._all if need.fits_in(one.total)]
        if not large_enough:
            return Reason.TOO_LARGE, f"It needs {_text(need)}, and no node has as much; {self._largest(need)}."
        if all(one.is_paused for one in large_enough):
            return Reason.NODES_PAUSED, f"Each node that has {_text(need)} is paused."
        return Reason.IN_USE, f"It needs {_text(need)}; the nodes that have as much are in use."

    def _largest(self, need: Resources) -> str:
        for name, wanted in (("cpus", need.cpus), ("mem", need.mem), ("disk", need.disk)):
            most: float = max(getattr(one.total, name) for one in self._all)
            if wanted > most:
                return f"the most {name} that one has is {most:g}"
        return "none has all of it together"


def _emptiest_first(node: NodeFree) -> tuple[float, int]:
    share = node.free.cpus / node.total.cpus if node.total.cpus else 0.0
    return -share, node.node_id


def _text(need: Resources) -> str:
    return f"{need.cpus:g} cpus, {need.mem:g} MiB of memory and {need.disk:g} MiB of disk"
