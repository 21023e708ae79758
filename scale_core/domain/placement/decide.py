"""One pass along the queue.

The queue is walked once, in its own order (priority, then age). What does not fit is passed over, so that it never
blocks what does. So that nothing is passed over for ever, a share of the placements are turns of those that have waited
long, oldest first; one that has its turn, fits nowhere and sees a younger one placed gets a node kept for it.
"""

from scale_core.domain.placement.ahead import Ahead
from scale_core.domain.placement.gates import PAUSED, Gates
from scale_core.domain.placement.nodes import Need, Nodes, describe
from scale_core.domain.placement.turns import Turns
from scale_core.domain.placement.values import (
    Capacity,
    Decision,
    Demand,
    Placement,
    Policy,
    QueuedExecution,
    Reservation,
    Standing,
    Waiting,
    Why,
    in_order,
)
from scale_generated.enums import WaitingReason as Reason


def place(demand: Demand, capacity: Capacity, policy: Policy, standing: Standing) -> Decision:
    """Place what can run now.

    :param standing: what the last pass has handed on; ``Standing()`` for the first one.
    :return: placements that together fit into what is free (but for those ahead), and never exceed ``max_scheduled``
        of a job type. Those of ``demand.oldest`` that have not waited long are in it only if the queue has them too.
    """
    return Pass(demand, capacity, policy, standing).decision


class Pass:
    """One pass; arguments as for :func:`place`.

    :ivar decision: what :func:`place` returns.
    """

    def __init__(self, demand: Demand, capacity: Capacity, policy: Policy, standing: Standing) -> None:
        self._queue = demand.queue
        self._is_submit = capacity.nodes is None
        self._on_nodes = capacity.on_nodes
        slots = capacity.system_slots or {}
        self._gates = Gates(demand, slots, self._is_task, runs_containers=capacity.runs_containers)
        self._nodes = Nodes(capacity.nodes or ())
        self._ahead = Ahead(self._nodes, demand.expected_seconds)
        self._turns = Turns(demand, policy, standing.turn)
        self._before = standing.reservations
        self._kept: dict[int, int] = {}
        self._limit = self._turns.limit(len(self._nodes.usable))
        self._placements: dict[int, Placement] = {}
        self._costs: dict[int, float] = {}
        self._why: dict[int, Why | Need] = {}
        if demand.is_paused:
            waiting = tuple(Waiting(one.execution_id, PAUSED.reason, PAUSED.detail) for one in self._queue)
            self.decision = Decision((), waiting, standing)
        else:
            self.decision = self._run()

    def reasons(self, execution: QueuedExecution) -> list[Why]:
        """All that keeps an execution from being placed after this pass, in order; it need not have been looked at.
        Empty: nothing does, or it was placed."""
        if execution.execution_id in self._placements:
            return []
        reasons = list(self._gates.all(execution))
        if execution.execution_id in self._kept:
            reasons.append(self._reserved(execution))
        elif self._needs_node(execution):
            reasons += self._nodes.reasons(self._nodes.need(execution.resources, execution.lacking))
        return in_order(reasons)

    def _run(self) -> Decision:
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
            need = self._nodes.need(execution.resources, execution.lacking)
            if index is not None and len(self._kept) < self._limit and self._nodes.can_keep(need, index):
                self._nodes.keep(index, need)
                self._kept[execution.execution_id] = index
        for execution in holders:
            if execution.execution_id in self._kept:
                self._try_reserved(execution)

    def _try_reserved(self, execution: QueuedExecution) -> None:
        index = self._kept[execution.execution_id]
        if self._gates.first(execution) is not None:
            self._nodes.give_up(index)
            del self._kept[execution.execution_id]
            return
        need = self._nodes.need(execution.resources, execution.lacking)
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
            need = self._nodes.need(execution.resources, execution.lacking)
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
        reason = self._gates.first(execution)
        if reason is not None:
            self._why[execution.execution_id] = reason
            return None
        if not self._needs_node(execution):
            return self._put(execution, NOWHERE)
        need = self._nodes.need(execution.resources, execution.lacking)
        index = self._nodes.take(need)
        if index is not None:
            self._ahead.started(index, need, execution.job_type_id)
            return self._put(execution, index)
        held = self._ahead.take(need, execution.job_type_id)
        if held is not None:
            index, self._costs[execution.execution_id] = held
            return self._put(execution, index)
        if execution.is_here_at_worst:
            return self._put(execution, NOWHERE)
        self._ahead.pass_over(need)
        self._why[execution.execution_id] = need
        return None

    def _is_task(self, execution: QueuedExecution) -> bool:
        """Whether it is a task of Scale's own process: one that no node does, or for which all nodes lack something."""
        if not execution.is_system or execution.is_here or execution.job_type_name not in self._on_nodes:
            return execution.is_system
        return self._is_submit or self._nodes.all_lack(execution.lacking)

    def _needs_node(self, execution: QueuedExecution) -> bool:
        """Whether a node has to have room for it."""
        return not self._is_submit and not self._is_task(execution)

    def _put(self, execution: QueuedExecution, index: int) -> int:
        self._gates.placed(execution)
        execution_id = execution.execution_id
        if index == NOWHERE:
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
        looked_at = {one.execution_id: one for one in (*self._queue, *self._turns.waiting.values())}
        return tuple(self._one_waiting(one) for one in looked_at.values() if one.execution_id not in self._placements)

    def _one_waiting(self, execution: QueuedExecution) -> Waiting:
        why = self._why[execution.execution_id]
        if isinstance(why, Need):
            is_kept = execution.execution_id in self._kept
            why = self._reserved(execution) if is_kept else self._nodes.why_not(why)
        return Waiting(execution.execution_id, why.reason, why.detail)

    def _reserved(self, execution: QueuedExecution) -> Why:
        node = self._nodes.usable[self._kept[execution.execution_id]]
        return Why(
            Reason.RESERVED,
            f"It has waited long, so {node.agent_id} is kept for it; it starts once {describe(execution.resources)} "
            "are free.",
            node_ids=(node.node_id,),
        )


NOWHERE = -1
"""In place of a node's index: inside Scale, or wherever the engine likes."""
