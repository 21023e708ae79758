"""Work that is handed to nodes ahead: beyond what they have free, to be held and started there without a round trip."""

from collections.abc import Mapping

from scale_core.domain.placement.nodes import Need, Nodes, dominant_share
from scale_core.domain.placement.values import SHORT_SECONDS


class Ahead:
    """How much more each node may be handed ahead in this pass, in node-seconds: expected seconds times the dominant
    share of the node's total. What is handed out only shrinks, so each kind of work remembers how far it has looked."""

    def __init__(self, nodes: Nodes, expected_seconds: Mapping[int, float | None]) -> None:
        self._nodes = nodes
        self._expected = expected_seconds
        self._left = [max(0.0, one.ahead_seconds_left) for one in nodes.usable]
        with_some = (index for index, left in enumerate(self._left) if left > 0)
        self._order = sorted(with_some, key=lambda index: -self._left[index])
        self._slow = {index: nodes.usable[index].slow for index in self._order}
        self._open = {nodes.shapes[index] for index in self._order}
        self._looked: dict[tuple[Need, float], int] = {}

    def take(self, need: Need, job_type_id: int) -> tuple[int, float] | None:
        """Hand an execution to the first node that may hold it; the node's index and what it costs.

        None that needs custom resources: what holds work on nodes counts cpus, memory and disk only."""
        if need.resources.custom:
            return None
        seconds = self._expected.get(job_type_id)
        if seconds is None or seconds > SHORT_SECONDS or self._open.isdisjoint(need.shapes):
            return None
        for position in range(self._looked.get((need, seconds), 0), len(self._order)):
            index = self._order[position]
            cost = max(0.0, seconds) * dominant_share(need.resources, self._nodes.usable[index].total)
            if cost <= self._left[index] and self._may_hold(index, need):
                self._looked[need, seconds] = position
                self._left[index] -= cost
                self._nodes.take_at(index, need)
                return index, cost
        self._looked[need, seconds] = len(self._order)
        return None

    def _may_hold(self, index: int, need: Need) -> bool:
        """Not where it would wait for something slow, nor where it would come before one that has the better right."""
        return (
            self._nodes.shapes[index] in self._open
            and not self._nodes.is_kept(index)
            and self._nodes.usable[index].agent_id not in need.lacking
            and need.resources.fits_in(self._nodes.usable[index].total - self._slow[index])
        )

    def pass_over(self, need: Need) -> None:
        """An execution found no place: none after it may be held where it might have run."""
        if not need.is_passed_over:
            need.is_passed_over = True
            self._open -= need.shapes

    def started(self, index: int, need: Need, job_type_id: int) -> None:
        """An execution was placed in what the node has free."""
        if index in self._slow:
            seconds = self._expected.get(job_type_id)
            if seconds is None or seconds > SHORT_SECONDS:
                self._slow[index] += need.resources
