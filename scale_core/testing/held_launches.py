"""What every engine keeps to where a launch does not fit; a part of the contract of engines."""

from collections.abc import Callable, Sequence

import pytest

from scale_core.interfaces.engine import (
    AgentStarter,
    Engine,
    EngineMode,
    EngineSettings,
    ExecutionFinished,
    ExecutionLost,
    Launch,
    Node,
    Offer,
    Resources,
)
from scale_core.testing.runs import RecordingListener, make_plan
from scale_core.testing.waiting import until

SECONDS = 20.0
"""How long anything may take that an engine does at once."""


class HeldLaunches:
    """The tests about launches beyond what a node has free."""

    patience: float = SECONDS
    """Raise it where a launch takes longer."""

    def test_a_launch_that_does_not_fit_now_is_lost_or_held(self, engine: Engine, listener: RecordingListener) -> None:
        node = self._filled(engine, listener)
        engine.launch([Launch(make_plan("/bin/true", execution_id=2), node.agent_id)])
        if not engine.holds_launches:
            assert isinstance(listener.wait_for_end(2, self.patience), ExecutionLost)
            return
        assert total_offered(engine).cpus < 0
        engine.kill(1)
        end = listener.wait_for_end(2, self.patience)
        assert isinstance(end, ExecutionFinished)
        assert end.report.status == "COMPLETED"
        assert [_ended(one) for one in listener.events if isinstance(one, ExecutionFinished | ExecutionLost)] == [1, 2]

    def test_held_launches_start_in_their_order_and_one_that_does_not_fit_holds_up_none(
        self, engine: Engine, listener: RecordingListener
    ) -> None:
        node = self._filled(engine, listener, leaving=0.5)
        self._require_holding(engine)
        large = make_plan("/bin/true", execution_id=2, cpus=node.total.cpus)
        small = [make_plan("/bin/true", execution_id=number, cpus=0.5) for number in (3, 4, 5)]
        engine.launch([Launch(plan, node.agent_id) for plan in (large, *small)])
        for plan in small:
            listener.wait_for_end(plan.execution_id, self.patience)
        assert listener.ends(2) == []
        engine.kill(1)
        listener.wait_for_end(2, self.patience)
        order = [_ended(one) for one in listener.events if isinstance(one, ExecutionFinished | ExecutionLost)]
        assert order == [3, 4, 5, 1, 2]

    def test_a_held_launch_that_is_killed_never_starts(self, engine: Engine, listener: RecordingListener) -> None:
        node = self._filled(engine, listener)
        self._require_holding(engine)
        engine.launch([Launch(make_plan("/bin/echo", "ran", execution_id=2), node.agent_id)])
        engine.kill(2)
        end = listener.wait_for_end(2, self.patience)
        assert isinstance(end, ExecutionFinished)
        assert end.report.status == "CANCELED"
        assert end.report.steps.pre is None
        assert engine.logs(2, "stdout", 0, 10).data == b""
        assert listener.ends(1) == []

    def test_a_held_launch_is_not_forgotten_when_reconciled(self, engine: Engine, listener: RecordingListener) -> None:
        node = self._filled(engine, listener)
        self._require_holding(engine)
        engine.launch([Launch(make_plan("/bin/true", execution_id=2), node.agent_id)])
        engine.reconcile([2, 4711])
        listener.wait_for_end(4711, self.patience)
        assert listener.ends(2) == []

    def test_stopping_tells_held_launches_as_lost(
        self,
        make_engine: Callable[[EngineSettings], Engine],
        settings: EngineSettings,
        listener: RecordingListener,
        start_agent: AgentStarter,
    ) -> None:
        engine = make_engine(settings)
        engine.start(listener, start_agent)
        try:
            node = self._filled(engine, listener)
            self._require_holding(engine)
            engine.launch([Launch(make_plan("/bin/true", execution_id=2), node.agent_id)])
        finally:
            engine.stop(5.0)
        assert len(listener.ends(1)) == 1
        (end,) = listener.ends(2)
        assert isinstance(end, ExecutionLost)

    def _filled(self, engine: Engine, listener: RecordingListener, leaving: float = 0.0) -> Node:
        """A node all of whose cpus, but for ``leaving``, are in use by the execution 1."""
        if engine.mode is EngineMode.SUBMIT:
            pytest.skip("an engine in submit mode places by itself")
        node = self.some_nodes(engine)[0]
        self.some_offers(engine)
        engine.launch([Launch(make_plan("/bin/sleep", "60", cpus=node.total.cpus - leaving), node.agent_id)])
        listener.wait_for_step(1, "job", self.patience)
        return node

    def some_nodes(self, engine: Engine) -> Sequence[Node]:
        """The nodes, once the engine knows one."""
        return until(engine.nodes, seconds=self.patience)

    def some_offers(self, engine: Engine) -> Sequence[Offer]:
        """The offers, once there is one."""
        return until(engine.offers, seconds=self.patience)

    def _require_holding(self, engine: Engine) -> None:
        if not engine.holds_launches:
            pytest.skip("the engine holds no launches")


def total_offered(engine: Engine) -> Resources:
    """All that is offered."""
    total = Resources()
    for offer in engine.offers():
        total = total + offer.resources
    return total


def _ended(event: ExecutionFinished | ExecutionLost) -> int:
    return event.report.execution_id if isinstance(event, ExecutionFinished) else event.execution_id
