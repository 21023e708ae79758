"""Whose turn it is among those that have waited long."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from scale_core.domain.placement.values import Demand, Policy, QueuedExecution

LONGEST_SECONDS = 3e9
"""About a century: what is longer counts as this, which no date is too early for."""


class Turns:
    """Those that have waited long, oldest first, and how near their next turn is.

    :ivar waiting: by execution id, oldest first.
    """

    def __init__(self, demand: Demand, policy: Policy, turn: float) -> None:
        self._share = policy.long_wait_share
        self._turn = min(turn, 1 - self._share)
        self.waiting = {one.execution_id: one for one in _long_waiting(demand, policy)}
        self._order = list(self.waiting.values())
        self._next = 0

    @property
    def turn(self) -> float:
        """How near the next turn is, for :class:`Standing`."""
        return self._turn

    @property
    def is_due(self) -> bool:
        """Whether one of them may come before those that rank higher."""
        return self._share > 0 and self._turn >= 1 - self._share

    def limit(self, nodes: int) -> int:
        """How many of ``nodes`` nodes may be kept for them at once."""
        return max(1, int(self._share * nodes)) if self._share > 0 and nodes else 0

    def placed_by_rank(self) -> None:
        """One was placed by its rank."""
        self._turn = min(self._turn + self._share, 1 - self._share)

    def take(self) -> None:
        """One of them has had its turn."""
        self._turn -= 1 - self._share

    def oldest(self) -> QueuedExecution | None:
        """The oldest that was not skipped."""
        return self._order[self._next] if self._next < len(self._order) else None

    def skip(self) -> None:
        """The next one, please."""
        self._next += 1

    def from_oldest(self) -> Iterator[QueuedExecution]:
        """Those that were not skipped."""
        return iter(self._order[self._next :])


def _long_waiting(demand: Demand, policy: Policy) -> list[QueuedExecution]:
    if policy.long_wait_share <= 0:
        return []
    since = demand.now - timedelta(seconds=min(policy.long_wait_seconds, LONGEST_SECONDS))
    found = {one.execution_id: one for one in (*demand.queue, *demand.oldest) if one.queued <= since}
    return sorted(found.values(), key=_age)


def _age(execution: QueuedExecution) -> tuple[datetime, int]:
    return execution.queued, execution.execution_id
