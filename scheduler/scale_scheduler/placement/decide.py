"""One pass along the queue.

The queue is walked once, in its own order (priority, then age). What does not fit is passed over, so that it never
blocks what does. So that nothing is passed over for ever, a share of the placements are turns of those that have waited
long, oldest first; one that has its turn, fits nowhere and sees a younger one placed gets a node kept for it.
"""

from collections import Counter
from collections.abc import Sequence

from scale_core.services.executions import Placement, QueuedExecution
from scale_scheduler.placement.ahead import Ahead
from scale_scheduler.placement.nodes import Need, Nodes, describe
from scale_scheduler.placement.turns import Turns
from scale_scheduler.placement.values import (
    Capacity,
    Decision,
    Demand,
    Policy,
    Reason,
    Reservation,
    Standing,
    Waiting,
)


def place(demand: Demand, capacity: Capacity, policy: Policy, standing: Standing) -> Decision:
    """Place what can run now.

    :param standing: what the last pass has handed on; ``Standing()`` for the first one.
    :return: placements that together fit into what is free (but for those ahead), and never exceed ``max_scheduled``
        of a job type. Those of ``demand.oldest`` that have not waited long are in it only if the queue has them too.
    """
    return _Pass(demand, capacity, policy, standing).run()


def all_waiting(queue: Sequence[QueuedExecution], reason: Reason, detail: str, standing: Standing) -> Decision:
    """A decision to place nothing, for one reason."""
    return Decision((), tuple(Waiting(one.execution_id, reason, detail) for one in queue), standing)


class _Pass:
    """The state of one pass."""

    def __init__(self, demand: Demand, capacity: Capacity, policy: Policy, standing: Standing) -> None:
        self._queue = demand.queue
        self._runs_containers = capacity.runs_containers
        self._system_slots = dict(capacity.system_slots or {})
        self._is_submit = capacity.nodes is None
        self._nodes = Nodes(capacity.nodes or ())
        self._ahead = Ahead(self._nodes, demand.expected_seconds)
        self._turns = Turns(demand, policy, standing.turn)
        self._before = standing.reservations
        self._kept: dict[int, int] = {}
        self._limit = self._turns.limit(len(self._nodes.usable))
        self._placements: dict[int, Placement] = {}
        self._costs: dict[int, float] = {}
        self._why: dict[int, tuple[Reason, str] | Need] = {}
        self._placed_of_type: Counter[int] = Counter()

    def run(self) -> Decision:
        self._honour_reservations()
        self._give_turns()
        for execution in self._queue:
            self._place_by_rank(execution)
        for execution in self._turns.waiting.values():
            if execution.execution_id not in self._why:
                self._place_by_rank(execution)
        self._reserve()
        return Decision(tuple(self._placements.values()), self._waiting(), self._standing(), self._costs)

    # Those that have waited long.

    def _honour_reservations(self) -> None:
        """Keep the nodes that were kept, and start who waits for one and now has room."""
        index_of = {one.node_id: index for index, one in enumerate(self._nodes.usable)} if self._before else {}
        node_of = {one.execution_id: one.node_id for one in self._before}
        holders = [one for one in self._turns.waiting.values() if one.execution_id in node_of]
        for execution in holders:
            index = index_of.get(node_of[execution.execution_id])
            need = self._nodes.need(execution.resources)
            if index is not None and len(self._kept) < self._limit and self._nodes.can_keep(need, index):
                self._nodes.keep(index, need)
                self._kept[execution.execution_id] = index
        for execution in holders:
            if execution.execution_id in self._kept:
                self._try_reserved(execution)

    def _try_reserved(self, execution: QueuedExecution) -> None:
        index = self._kept[execution.execution_id]
        if self._held_back(execution) is not None:
            self._nodes.give_up(index)
            del self._kept[execution.execution_id]
            return
        need = self._nodes.need(execution.resources)
        found = self._nodes.take_kept(index, need)
        if found is None:
            self._why[execution.execution_id] = need
            return
        del self._kept[execution.execution_id]
        self._ahead.started(found, need, execution.job_type_id)
        self._put(execution, found)

    def _give_turns(self) -> None:
        """Start the oldest, if their turn is due. The oldest that a node can be kept for does not lose its turn to a
        younger one that is easier to place."""
        while self._turns.is_due and (execution := self._turns.oldest()) is not None:
            if not self._is_settled(execution):
                if self._try(execution) is not None:
                    self._turns.take()
                elif self._may_reserve(execution):
                    return
            self._turns.skip()

    def _reserve(self) -> None:
        """Keep a node for the oldest that was overtaken, if their turn is due."""
        if not self._turns.is_due:
            return
        for execution in self._turns.from_oldest():
            if self._is_settled(execution) or not self._may_reserve(execution):
                continue
            need = self._nodes.need(execution.resources)
            if self._nodes.overtaken(need, execution.queued):
                index = self._nodes.best_to_keep(need)
                if index is not None:
                    self._nodes.keep(index, need)
                    self._kept[execution.execution_id] = index
                    self._turns.take()
                    return

    def _may_reserve(self, execution: QueuedExecution) -> bool:
        why = self._why.get(execution.execution_id)
        return isinstance(why, Need) and bool(why.shapes) and len(self._kept) < self._limit

    def _is_settled(self, execution: QueuedExecution) -> bool:
        return execution.execution_id in self._placements or execution.execution_id in self._kept

    # Each execution.

    def _place_by_rank(self, execution: QueuedExecution) -> None:
        if self._is_settled(execution):
            return
        index = self._try(execution)
        if index is None:
            return
        if index >= 0:
            self._nodes.started(index, execution.queued)
        self._turns.placed_by_rank()
        self._give_turns()

    def _try(self, execution: QueuedExecution) -> int | None:
        """Place an execution; the index of its node, NOWHERE for what needs none, None: it is not placed."""
        reason = self._held_back(execution)
        if reason is not None:
            self._why[execution.execution_id] = reason
            return None
        if execution.is_system or self._is_submit:
            return self._put(execution, NOWHERE)
        need = self._nodes.need(execution.resources)
        index = self._nodes.take(need)
        if index is not None:
            self._ahead.started(index, need, execution.job_type_id)
            return self._put(execution, index)
        held = self._ahead.take(need, execution.job_type_id)
        if held is not None:
            index, self._costs[execution.execution_id] = held
            return self._put(execution, index)
        self._ahead.pass_over(need)
        self._why[execution.execution_id] = need
        return None

    def _held_back(self, execution: QueuedExecution) -> tuple[Reason, str] | None:
        """What keeps an execution from running, whatever the nodes have."""
        name = execution.job_type_name
        if execution.max_scheduled is not None:
            running = execution.running_of_type + self._placed_of_type[execution.job_type_id]
            if running >= execution.max_scheduled:
                return Reason.MAX_SCHEDULED, (
                    f"{running} executions of {name} run, and its max_scheduled is {execution.max_scheduled}."
                )
        if execution.is_system:
            if self._system_slots.get(name, 1) <= 0:
                return Reason.TASKS_BUSY, f"Scale runs as many tasks of {name} as it takes at once."
        elif execution.uses_docker and not self._runs_containers:
            return Reason.NO_CONTAINERS, f"{name} needs a container, and the engine runs none."
        return None

    def _put(self, execution: QueuedExecution, index: int) -> int:
        self._placed_of_type[execution.job_type_id] += 1
        execution_id = execution.execution_id
        if index == NOWHERE:
            if execution.job_type_name in self._system_slots:
                self._system_slots[execution.job_type_name] -= 1
            self._placements[execution_id] = Placement(execution_id, None, "")
        else:
            node = self._nodes.usable[index]
            self._placements[execution_id] = Placement(execution_id, node.node_id, node.agent_id)
        return index

    # The answer.

    def _standing(self) -> Standing:
        usable = self._nodes.usable
        kept = (Reservation(execution_id, usable[index].node_id) for execution_id, index in self._kept.items())
        return Standing(tuple(kept), self._turns.turn)

    def _waiting(self) -> tuple[Waiting, ...]:
        looked_at = dict.fromkeys([*(one.execution_id for one in self._queue), *self._turns.waiting])
        return tuple(Waiting(one, *self._reason(one)) for one in looked_at if one not in self._placements)

    def _reason(self, execution_id: int) -> tuple[Reason, str]:
        why = self._why[execution_id]
        if not isinstance(why, Need):
            return why
        if execution_id not in self._kept:
            return self._nodes.why_not(why)
        agent_id = self._nodes.usable[self._kept[execution_id]].agent_id
        return Reason.RESERVED, (
            f"It has waited long, so {agent_id} is kept for it; it starts once {describe(why.resources)} are free."
        )


NOWHERE = -1
"""In place of a node's index: inside Scale, or wherever the engine likes."""
