"""From the queue in the database to what is placed now: how far to look, and for whom."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from scale_core.interfaces.engine import Resources
from scale_core.services.executions import ExecutionService, QueuedExecution, QueueView
from scale_scheduler.load import Load
from scale_scheduler.placement import (
    LONGEST_SECONDS,
    Capacity,
    Decision,
    Demand,
    Policy,
    Reason,
    Standing,
    Waiting,
    all_waiting,
    place,
)

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

PAUSED = "An operator has paused the scheduler."
HELD_BACK = "It could not be started, or ended soon after it was; it is tried again in a while."


class Search:
    """Decides what is placed, pass by pass, and remembers why the rest is not.

    :param now: the clock of ``QueuedExecution.queued``.
    """

    def __init__(self, executions: ExecutionService, policy: Policy, load: Load, now: Callable[[], datetime]) -> None:
        self._executions = executions
        self._policy = policy
        self._load = load
        self._now = now
        self._standing = Standing()
        self._waiting: dict[int, Waiting] = {}
        self._held_back: dict[int, float] = {}
        self._hopeless: dict[int, float] = {}
        self._window = NARROWEST_WINDOW
        self._looked_far = float("-inf")

    def look(self) -> QueueView:
        """What there is to schedule."""
        since = self._now() - timedelta(seconds=min(self._policy.long_wait_seconds, LONGEST_SECONDS))
        return self._executions.look(self._window, OLDEST, since, _still(self._hopeless))

    def waiting(self, execution_id: int) -> Waiting | None:
        """Why a queued execution was not placed in the last pass; None: it was, or it was not looked at."""
        return self._waiting.get(execution_id)

    def hold_back(self, job_id: int, seconds: float) -> None:
        """Do not place a job for a while."""
        self._held_back[job_id] = time.monotonic() + seconds

    def pause(self, view: QueueView) -> None:
        """Place nothing."""
        self._remember(all_waiting(view.queue, Reason.SCHEDULER_PAUSED, PAUSED, self._standing))

    def decide(self, view: QueueView, capacity: Capacity) -> tuple[Decision, Mapping[int, QueuedExecution]]:
        """Place what the nodes can take, looking further along the queue where what is at its head cannot be placed.

        :return: the decision, and all executions that were looked at by id.
        """
        queue = self._without_held_back(view.queue)
        oldest = self._without_held_back(view.longest)
        decision = self._place(queue, oldest, capacity)
        held_back = {one.job_type_id for one in view.queue if one.job_id in self._held_back}
        stuck = bool(decision.waiting or held_back)
        if stuck and not view.is_whole and time.monotonic() >= self._looked_far:
            queue, decision = self._look_further(queue, oldest, decision, capacity, held_back)
        self._window = _next_window(self._window, decision, view)
        self._standing = decision.standing
        self._remember(decision)
        self._pass_over_hopeless(oldest)
        return decision, {one.execution_id: one for one in (*oldest, *queue)}

    def _place(
        self, queue: Sequence[QueuedExecution], oldest: Sequence[QueuedExecution], capacity: Capacity
    ) -> Decision:
        demand = Demand(queue, self._now(), oldest, self._load.expected)
        return place(demand, capacity, self._policy, self._standing)

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
            behind = self._executions.queue(WINDOW, skipped, only_tasks=only_tasks)
            placed = [by_id[one.execution_id] for one in decision.placements]
            queue = sorted(_once([*placed, *self._without_held_back(behind)]), key=_rank)
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

    def _remember(self, decision: Decision) -> None:
        self._waiting = {one.execution_id: one for one in decision.waiting}


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


def _next_window(window: int, decision: Decision, view: QueueView) -> int:
    """A window that holds what is likely to be placed in the next pass: each row costs, and most could not be."""
    if not decision.waiting and not view.is_whole:
        return min(WINDOW, 2 * window)
    return max(NARROWEST_WINDOW, min(window, 2 * len(decision.placements)))


def _once(executions: Sequence[QueuedExecution]) -> list[QueuedExecution]:
    return list({one.execution_id: one for one in executions}.values())


def _rank(execution: QueuedExecution) -> tuple[int, datetime, int]:
    return execution.priority, execution.queued, execution.execution_id
