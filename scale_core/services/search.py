"""From the queue in the database to what is placed now: how far to look, and for whom."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from scale_core.domain.placement import (
    LONGEST_SECONDS,
    Capacity,
    Decision,
    Demand,
    Pass,
    Policy,
    QueuedExecution,
    Reason,
    Standing,
    Waiting,
    Why,
)
from scale_core.interfaces.engine import Resources
from scale_core.services.queue_views import QueueView

WINDOW = 500
"""How far along the queue a pass looks, at most."""

NARROWEST_WINDOW = 64

OLDEST = 50
"""How many of those that have waited longest a pass looks at."""

MOST_STEPS = 12
"""How often a pass passes over job types that cannot be placed and looks at what is behind them."""

LOOK_FAR_SECONDS = 1.0
"""How long it does not look further again after that was in vain."""

HOPELESS = frozenset({Reason.TOO_LARGE, Reason.MAX_SCHEDULED, Reason.NO_CONTAINERS})
"""Reasons that waiting its turn does not help against: who has one must not hide those behind it that it would help."""

HOPELESS_SECONDS = 5.0
MOST_HOPELESS = 1000


class QueueReader(Protocol):
    """Reads the queue; :class:`~scale_core.services.executions.ExecutionService` does."""

    def look(self, window: int, longest: int, since: datetime, hopeless: Collection[int] = ()) -> QueueView:
        """As :func:`scale_core.services.queue_views.look`."""

    def queue(self, limit: int, skipped: Collection[int] = (), *, only_tasks: bool = False) -> list[QueuedExecution]:
        """As :func:`scale_core.services.queue_views.queue_behind`."""


class Search:
    """Decides what is placed, pass by pass, and remembers why the rest is not.

    :param expected: seconds that an execution of a job type takes, by the type's id; looked at in each pass.
    :param now: the clock of ``QueuedExecution.queued``.
    :param standing: what an earlier search has handed on.
    :param held_back: ids of jobs that are not to be placed.
    """

    def __init__(
        self,
        reader: QueueReader,
        policy: Policy,
        expected: Mapping[int, float | None],
        now: Callable[[], datetime],
        *,
        standing: Standing = Standing(),  # noqa: B008 (it is frozen)
        held_back: Collection[int] = (),
    ) -> None:
        self._reader = reader
        self._policy = policy
        self._expected = expected
        self._now = now
        self._standing = standing
        self._waiting: dict[int, Waiting] = {}
        self._held_back = dict.fromkeys(held_back, float("inf"))
        self._hopeless: dict[int, float] = {}
        self._window = NARROWEST_WINDOW
        self._looked_far = float("-inf")
        self._last: Pass | None = None

    @property
    def standing(self) -> Standing:
        """What the last pass hands on."""
        return self._standing

    @property
    def held_back(self) -> Collection[int]:
        """Ids of the jobs that are not placed now."""
        return _still(self._held_back)

    def look(self) -> QueueView:
        """What there is to schedule."""
        since = self._now() - timedelta(seconds=min(self._policy.long_wait_seconds, LONGEST_SECONDS))
        return self._reader.look(self._window, OLDEST, since, _still(self._hopeless))

    def waiting(self, execution_id: int) -> Waiting | None:
        """Why a queued execution was not placed in the last pass; None: it was, or it was not looked at."""
        return self._waiting.get(execution_id)

    def reasons(self, execution: QueuedExecution) -> list[Why]:
        """All that keeps an execution from being placed after the last pass, which need not have looked at it. Empty:
        it was placed, or nothing keeps it.

        :raises RuntimeError: there was no pass.
        """
        if self._last is None:
            raise RuntimeError("nothing was decided yet")
        return self._last.reasons(execution)

    def hold_back(self, job_id: int, seconds: float) -> None:
        """Do not place a job for a while."""
        self._held_back[job_id] = time.monotonic() + seconds

    def decide(
        self, view: QueueView, capacity: Capacity, *, looks_further: bool = True
    ) -> tuple[Decision, Mapping[int, QueuedExecution]]:
        """Place what the nodes can take, looking further along the queue where what is at its head cannot be placed.

        :param looks_further: what is at the head is all that matters where it is False.
        :return: the decision, and all executions that were looked at by id.
        """
        queue = self._without_held_back(view.queue)
        oldest = self._without_held_back(view.longest)
        decision = self._place(queue, oldest, capacity, is_paused=view.is_paused)
        held_back = {one.job_type_id for one in view.queue if one.job_id in self._held_back}
        stuck = bool(decision.waiting or held_back)
        if (
            looks_further
            and stuck
            and not view.is_whole
            and not view.is_paused
            and time.monotonic() >= self._looked_far
        ):
            queue, decision = self._look_further(queue, oldest, decision, capacity, held_back)
        self._window = _next_window(self._window, decision, view, capacity)
        self._standing = decision.standing
        self._waiting = {one.execution_id: one for one in decision.waiting}
        self._pass_over_hopeless(oldest)
        return decision, {one.execution_id: one for one in (*oldest, *queue)}

    def _place(
        self,
        queue: Sequence[QueuedExecution],
        oldest: Sequence[QueuedExecution],
        capacity: Capacity,
        *,
        is_paused: bool = False,
    ) -> Decision:
        demand = Demand(queue, self._now(), oldest, self._expected, is_paused=is_paused, held_back=self.held_back)
        self._last = Pass(demand, capacity, self._policy, self._standing)
        return self._last.decision

    def _look_further(
        self,
        queue: list[QueuedExecution],
        oldest: Sequence[QueuedExecution],
        decision: Decision,
        capacity: Capacity,
        held_back: Collection[int],
    ) -> tuple[list[QueuedExecution], Decision]:
        """Keep what is placed, pass over the job types of what is not, and look at what is behind them.

        :param held_back: ids of job types of which some are held back.
        """
        before = len(decision.placements)
        skipped: set[int] = set()
        for _ in range(MOST_STEPS):
            by_id = {one.execution_id: one for one in (*oldest, *queue)}
            types = {by_id[one.execution_id].job_type_id for one in decision.waiting if one.execution_id in by_id}
            types |= set(held_back)
            if types <= skipped:
                break
            skipped |= types
            only_tasks = not has_room(capacity, decision, by_id)
            behind = self._reader.queue(WINDOW, skipped, only_tasks=only_tasks)
            if not behind:
                break
            placed = [by_id[one.execution_id] for one in decision.placements]
            queue = sorted(_once([*placed, *self._without_held_back(behind)]), key=lambda one: one.rank)
            decision = self._place(queue, oldest, capacity)
            if len(behind) < WINDOW:
                break
        if len(decision.placements) == before:
            self._looked_far = time.monotonic() + LOOK_FAR_SECONDS
        return queue, decision

    def _without_held_back(self, queue: Collection[QueuedExecution]) -> list[QueuedExecution]:
        if not self._held_back:
            return list(queue)
        held_back = _still(self._held_back)
        return [one for one in queue if one.job_id not in held_back]

    def _pass_over_hopeless(self, oldest: Sequence[QueuedExecution]) -> None:
        until = time.monotonic() + HOPELESS_SECONDS
        for one in oldest:
            why = self._waiting.get(one.execution_id)
            if why is not None and why.reason in HOPELESS and len(self._hopeless) < MOST_HOPELESS:
                self._hopeless[one.execution_id] = until


def _still(until: dict[int, float]) -> Collection[int]:
    """The keys whose time has not come yet; the others are forgotten."""
    now = time.monotonic()
    for key in [key for key, when in until.items() if when <= now]:
        del until[key]
    return until.keys()


def has_room(capacity: Capacity, decision: Decision, by_id: Mapping[int, QueuedExecution]) -> bool:
    """Whether a node that is not paused has cpus and memory left after the placements."""
    if capacity.nodes is None:
        return True
    left = {one.node_id: one.free for one in capacity.nodes if not one.is_paused}
    for placement in decision.placements:
        if placement.node_id in left and placement.execution_id not in decision.ahead:
            left[placement.node_id] -= by_id[placement.execution_id].resources
    return any(_is_some(one) for one in left.values())


def _is_some(resources: Resources) -> bool:
    return resources.cpus > 1e-6 and resources.mem > 1e-6


def _next_window(window: int, decision: Decision, view: QueueView, capacity: Capacity) -> int:
    """A window that holds what is likely to be placed in the next pass: each row costs, and most could not be."""
    if decision.waiting:
        return max(NARROWEST_WINDOW, min(window, 2 * len(decision.placements)))
    if not view.is_whole:
        return min(WINDOW, 4 * window)
    return max(NARROWEST_WINDOW, int(min(WINDOW, _room(capacity))))


def _room(capacity: Capacity) -> float:
    """About how many executions nodes have room for: if they take a CPU each."""
    if capacity.nodes is None:
        return WINDOW
    return sum(one.free.cpus for one in capacity.nodes if not one.is_paused)


def _once(executions: Sequence[QueuedExecution]) -> list[QueuedExecution]:
    return list({one.execution_id: one for one in executions}.values())
