"""An engine that runs nothing, and is strict about what it is asked: a test says what becomes of each execution."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from scale_core.interfaces.engine import (
    AgentSettings,
    AgentStarter,
    Engine,
    EngineEvent,
    EngineListener,
    EngineSettings,
    ExecutionFinished,
    ExecutionLost,
    ExecutionPlan,
    ExecutionReport,
    ExecutionStarted,
    Launch,
    LogChunk,
    Node,
    NodeAgent,
    Offer,
    Resources,
    needs_of,
)


class FakeEngine(Engine):
    """Fails an assertion where the scheduler breaks the contract of :class:`scale_core.interfaces.engine.Engine`."""

    name: ClassVar[str] = "fake"

    def __init__(self, settings: EngineSettings) -> None:
        self.sizes = {"node-1": Resources(4, 4096, 10_000)}
        self.running: dict[int, tuple[str, ExecutionPlan]] = {}
        self.launched: list[int] = []
        self.killed: list[int] = []
        self.reconciled: list[list[int]] = []
        self.failing_launches = 0
        self.recorded_ends: list[int] = []
        self.offers_wanted: list[bool] = []
        self._listener: EngineListener | None = None
        self._offered: set[str] = set()
        self._ended: set[int] = set()
        self._number = 0
        self.stopped = False

    @property
    def listener(self) -> EngineListener:
        assert self._listener is not None, "the engine was used before it was started"
        assert not self.stopped, "the engine was used after it was stopped"
        return self._listener

    def start(self, listener: EngineListener, start_agent: AgentStarter) -> None:
        assert self._listener is None, "the engine was started twice"
        self._listener = listener

    def stop(self, grace_seconds: float) -> None:
        assert grace_seconds >= 0
        for execution_id in list(self.running):
            self.lose(execution_id, "stopped")
        self.stopped = True

    def nodes(self) -> Sequence[Node]:
        assert self.listener
        return [Node(agent_id, f"{agent_id}.example", 5051, size) for agent_id, size in self.sizes.items()]

    def offers(self) -> Sequence[Offer]:
        assert self.listener
        self._number += 1
        offers = [Offer(f"{one}-{self._number}", one, self.free(one)) for one in self.sizes]
        self._offered = {offer.offer_id for offer in offers}
        return offers

    def launch(self, launches: Sequence[Launch]) -> None:
        assert self.listener
        assert launches, "a launch of nothing"
        if self.failing_launches:
            self.failing_launches -= 1
            raise RuntimeError("the engine is out of order")
        for launch in launches:
            execution_id = launch.plan.execution_id
            assert execution_id not in self.launched, f"execution {execution_id} was launched twice"
            assert launch.offer_ids, "a launch without an offer"
            assert set(launch.offer_ids) <= self._offered, "a launch on an offer that is not the latest"
            room = self.sizes[launch.agent_id] if self.holds_launches else self.free(launch.agent_id)
            assert self.need(launch.plan).fits_in(room), "a node was over-committed"
            self.running[execution_id] = (launch.agent_id, launch.plan)
            self.launched.append(execution_id)  # last: tests wait for it

    def kill(self, execution_id: int) -> None:
        assert self.listener
        self.killed.append(execution_id)

    def reconcile(self, execution_ids: Sequence[int]) -> None:
        self.reconciled.append(list(execution_ids))
        gone = [one for one in execution_ids if one not in self.running]
        if gone:
            self.listener.notify([ExecutionLost(one, "the engine does not run it") for one in gone])

    def settle_offers(self, *, wanted: bool) -> None:
        assert self.listener
        self.offers_wanted.append(wanted)

    def recorded(self, execution_ids: Sequence[int]) -> None:
        assert not self.running.keys() & set(execution_ids), "an end was recorded of what runs"
        self.recorded_ends.extend(execution_ids)

    def logs(self, execution_id: int, stream: str, offset: int, limit: int) -> LogChunk:
        return LogChunk(b"", 0, 0)

    def free(self, agent_id: str) -> Resources:
        """What a node has left."""
        free = self.sizes[agent_id]
        for where, plan in self.running.values():
            if where == agent_id:
                free -= self.need(plan)
        return free

    @staticmethod
    def need(plan: ExecutionPlan) -> Resources:
        """What a plan takes."""
        return needs_of(plan)

    def begin(self, execution_id: int, step: str = "pre") -> None:
        """Report that a step has begun."""
        self.listener.notify([ExecutionStarted(execution_id, step)])

    def finish(
        self, execution_id: int, status: str = "COMPLETED", kind: str | None = None, seconds: float | None = None
    ) -> None:
        """Report that an execution ended; ``seconds``: how long its steps took."""
        self._forget(execution_id)
        steps = {} if seconds is None else _steps(seconds)
        document = {"execution_id": execution_id, "status": status, "steps": steps}
        if kind is not None:
            document["failure"] = {"kind": kind, "message": f"it failed: {kind}"}
        self.listener.notify([ExecutionFinished(ExecutionReport.from_document(document))])

    def lose(self, execution_id: int, message: str = "its node is gone") -> None:
        """Report that an execution is gone."""
        self._forget(execution_id)
        self.listener.notify([ExecutionLost(execution_id, message)])

    def _forget(self, execution_id: int) -> None:
        assert execution_id not in self._ended, "an execution ended twice"
        self._ended.add(execution_id)
        del self.running[execution_id]


def _steps(seconds: float) -> dict[str, dict[str, object]]:
    began = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
    times = {"started": began.isoformat(), "ended": (began + timedelta(seconds=seconds)).isoformat()}
    return {
        "pre": {**times, "ended": times["started"], "exit_code": 0},
        "job": {**times, "exit_code": 0},
        "post": {**times, "started": times["ended"], "exit_code": 0},
    }


class HoldingEngine(FakeEngine):
    """An engine that takes executions beyond what a node has free."""

    holds_launches: ClassVar[bool] = True


def no_agent(settings: AgentSettings, tell: Callable[[Sequence[EngineEvent]], None]) -> NodeAgent:
    """For engines that start none."""
    raise AssertionError("this engine starts no agent")
