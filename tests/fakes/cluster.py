"""Executions and nodes that exist for placement only, and a cluster on which what it decides takes its course."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scale_core.domain.placement import (
    Capacity,
    Decision,
    Demand,
    NodeFree,
    Policy,
    QueuedExecution,
    Reason,
    Standing,
    place,
)
from scale_core.interfaces.engine import Resources

START = datetime(2026, 1, 1, tzinfo=UTC)
ONE = Resources(1, 1, 1)


def queued(execution_id: int, need: Resources = ONE, **values: Any) -> QueuedExecution:
    defaults = {
        "execution_id": execution_id,
        "job_id": execution_id,
        "job_type_id": 1,
        "job_type_name": "a-type",
        "is_system": False,
        "is_long_running": False,
        "uses_docker": False,
        "priority": 100,
        "queued": START + timedelta(seconds=execution_id),
        "resources": need,
        "max_scheduled": None,
        "running_of_type": 0,
    }
    fields: dict[str, Any] = defaults | values
    return QueuedExecution(**fields)


def node(node_id: int, free: Resources, total: Resources | None = None, **values: Any) -> NodeFree:
    return NodeFree(node_id, f"agent-{node_id}", free, total or free, **values)


def rank(execution: QueuedExecution) -> tuple[int, datetime, int]:
    return execution.priority, execution.queued, execution.execution_id


def age(execution: QueuedExecution) -> tuple[datetime, int]:
    return execution.queued, execution.execution_id


def decide(queue: Sequence[QueuedExecution], capacity: Capacity) -> Decision:
    """A pass in which nobody has waited long."""
    return place(Demand(queue, START), capacity, Policy(), Standing())


def placed(decision: Decision) -> list[int]:
    return [one.execution_id for one in decision.placements]


def reasons(decision: Decision) -> dict[int, Reason]:
    return {one.execution_id: one.reason for one in decision.waiting}


def total_of(needs: Iterable[Resources]) -> Resources:
    return sum(needs, Resources())


@dataclass
class Machine:
    """A node that starts what it holds, in order, as soon as there is room."""

    total: Resources
    held: list[QueuedExecution] = field(default_factory=list)
    running: dict[int, tuple[QueuedExecution, int]] = field(default_factory=dict)

    def free(self) -> Resources:
        return self.total - total_of(one.resources for one, _ in self.running.values())


class Simulation:
    """Passes of placement, one a step of a second, on machines; ``seconds(execution)`` says how long each runs.

    :ivar started: in which step each execution began to run.
    """

    WINDOW = 20
    OLDEST = 5

    def __init__(
        self,
        totals: Sequence[Resources],
        seconds: Callable[[QueuedExecution], int],
        policy: Policy,
        *,
        ahead_seconds: float = 0.0,
        short_type: int | None = None,
        forgets_reservations: bool = False,
    ) -> None:
        self.machines = {number: Machine(total) for number, total in enumerate(totals, 1)}
        self.waiting: dict[int, QueuedExecution] = {}
        self.started: dict[int, int] = {}
        self.step = 0
        self._seconds = seconds
        self._policy = policy
        self._standing = Standing()
        self._ahead_seconds = ahead_seconds
        self._expected: dict[int, float | None] = {} if short_type is None else {short_type: 0.01}
        self._short_type = short_type
        self._forgets = forgets_reservations
        self._costs: dict[int, float] = {}

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.step)

    def run_step(self, arrivals: Iterable[QueuedExecution]) -> Decision:
        self.step += 1
        for machine in self.machines.values():
            for execution_id in [one for one, (_, end) in machine.running.items() if end <= self.step]:
                del machine.running[execution_id]
            self._start_held(machine)
        self.waiting |= {one.execution_id: replace(one, queued=self.now) for one in arrivals}
        decision = place(self._demand(), self._capacity(), self._policy, self._standing)
        self._standing = replace(decision.standing, reservations=()) if self._forgets else decision.standing
        self._costs |= decision.ahead
        for placement in decision.placements:
            execution = self.waiting.pop(placement.execution_id)
            assert placement.node_id is not None
            machine = self.machines[placement.node_id]
            if execution.execution_id in decision.ahead:
                machine.held.append(execution)
            else:
                assert execution.resources.fits_in(machine.free()), "over-committed"
                self._start(machine, execution)
        return decision

    def _demand(self) -> Demand:
        machines = self.machines.values()
        queue = sorted(self.waiting.values(), key=rank)[: self.WINDOW]
        can_run = (one for one in self.waiting.values() if any(one.resources.fits_in(m.total) for m in machines))
        oldest = sorted(can_run, key=age)[: self.OLDEST]
        return Demand(queue, self.now, oldest, self._expected)

    def _capacity(self) -> Capacity:
        return Capacity([self._node_free(number, machine) for number, machine in self.machines.items()])

    def _node_free(self, number: int, machine: Machine) -> NodeFree:
        slow = total_of(one.resources for one, _ in machine.running.values() if one.job_type_id != self._short_type)
        held = total_of(one.resources for one in machine.held)
        left = self._ahead_seconds - sum(self._costs[one.execution_id] for one in machine.held)
        return node(number, machine.free() - held, machine.total, ahead_seconds_left=left, slow=slow)

    def _start_held(self, machine: Machine) -> None:
        while machine.held and machine.held[0].resources.fits_in(machine.free()):
            self._start(machine, machine.held.pop(0))

    def _start(self, machine: Machine, execution: QueuedExecution) -> None:
        machine.running[execution.execution_id] = (execution, self.step + self._seconds(execution))
        self.started[execution.execution_id] = self.step
