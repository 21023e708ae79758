"""What the nodes are busy with, and how long that is expected to take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scale_core.domain.placement import SHORT_SECONDS, QueuedExecution
from scale_core.interfaces.engine import Resources
from scale_core.services.telemetry import EndedExecution

AHEAD_SECONDS = 0.2
"""How long a node should be busy with the short work that it has been handed, at most."""

FORGET = 0.1
"""How fast the expected time of a job type comes down again after an execution that took long."""

NOTHING = Resources()


@dataclass(frozen=True, slots=True)
class _Busy:
    agent_id: str
    resources: Resources
    is_short: bool
    is_endless: bool
    seconds: float


class Load:
    """Keeps count of the executions that the engine was handed, until they end.

    An execution counts as short where those of its job type have taken at most ``SHORT_SECONDS`` of late. What a node
    may be handed ahead of its room is bounded by the time that its short executions take together.
    """

    def __init__(self) -> None:
        self._busy: dict[int, _Busy] = {}
        self._expected: dict[int, float] = {}
        self._used: dict[str, Resources] = {}
        self._slow: dict[str, Resources] = {}
        self._endless: dict[str, Resources] = {}
        self._seconds: dict[str, float] = {}

    @property
    def expected(self) -> Mapping[int, float]:
        """Seconds that an execution of a job type takes, by the type's id; types of which none has ended are not in it.

        Nearer to the longest than to the mean: to be wrong costs less this way.
        """
        return self._expected

    def used(self, agent_id: str) -> Resources:
        """What is used on a node, or held there for executions that wait for room."""
        return self._used.get(agent_id, NOTHING)

    def agent_of(self, execution_id: int) -> str | None:
        """The engine's name of the node that an execution was handed to; None: it was not by this scheduler."""
        busy = self._busy.get(execution_id)
        return None if busy is None else busy.agent_id

    def slow(self, agent_id: str) -> Resources:
        """What is used on a node by executions that are not short."""
        return self._slow.get(agent_id, NOTHING)

    def endless(self, agent_id: str) -> Resources:
        """What is used on a node by executions of long-running types."""
        return self._endless.get(agent_id, NOTHING)

    def ahead_seconds_left(self, agent_id: str) -> float:
        """Node-seconds of short work that a node may still be handed ahead."""
        return max(0.0, AHEAD_SECONDS - self._seconds.get(agent_id, 0.0))

    def has_plenty(self) -> bool:
        """Whether a node has enough handed ahead for a scheduler to gather what ends for a while."""
        return any(seconds > AHEAD_SECONDS / 2 for seconds in self._seconds.values())

    def started(self, execution: QueuedExecution, agent_id: str, total: Resources) -> None:
        """An execution was handed to the engine for a node that has ``total``."""
        seconds = self._expected.get(execution.job_type_id)
        is_short = seconds is not None and seconds <= SHORT_SECONDS and not execution.is_long_running
        cost = (seconds or 0.0) * _share(execution.resources, total) if is_short else 0.0
        one = _Busy(agent_id, execution.resources, is_short, execution.is_long_running, cost)
        self._busy[execution.execution_id] = one
        self._add(one, 1)

    def ended(self, ended: Iterable[EndedExecution]) -> None:
        """Executions ended."""
        for one in ended:
            if None not in one.durations:
                self._learn(one.job_type_id, sum(max(0.0, step) for step in one.durations if step is not None))
            self._forget(one.execution_id)
        self._begin_anew()

    def gone(self, execution_ids: Iterable[int]) -> None:
        """Executions do not run any more, however they ended."""
        for execution_id in execution_ids:
            self._forget(execution_id)
        self._begin_anew()

    def _forget(self, execution_id: int) -> None:
        busy = self._busy.pop(execution_id, None)
        if busy is not None:
            self._add(busy, -1)

    def _begin_anew(self) -> None:
        if not self._busy:  # starting again from nothing keeps rounding from adding up
            self._used, self._slow, self._endless, self._seconds = {}, {}, {}, {}

    def _learn(self, job_type_id: int, seconds: float) -> None:
        expected = self._expected.get(job_type_id, seconds)
        self._expected[job_type_id] = max(seconds, expected + FORGET * (seconds - expected))

    def _add(self, busy: _Busy, sign: int) -> None:
        self._used[busy.agent_id] = self.used(busy.agent_id) + _times(busy.resources, sign)
        if not busy.is_short:
            self._slow[busy.agent_id] = self.slow(busy.agent_id) + _times(busy.resources, sign)
        if busy.is_endless:
            self._endless[busy.agent_id] = self.endless(busy.agent_id) + _times(busy.resources, sign)
        self._seconds[busy.agent_id] = self._seconds.get(busy.agent_id, 0.0) + sign * busy.seconds


def _times(resources: Resources, sign: int) -> Resources:
    return resources if sign > 0 else NOTHING - resources


def _share(need: Resources, total: Resources) -> float:
    parts = ((need.cpus, total.cpus), (need.mem, total.mem), (need.disk, total.disk))
    return max((part / whole for part, whole in parts if whole > 0), default=1.0)
