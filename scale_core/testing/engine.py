"""What every engine keeps to."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from scale_core.interfaces.engine import (
    AgentSettings,
    AgentStarter,
    Engine,
    EngineEvent,
    EngineMode,
    EngineSettings,
    ExecutionFinished,
    ExecutionLost,
    ExecutionPlan,
    Launch,
    Node,
    NodeAgent,
)
from scale_core.runner import client
from scale_core.specs import SpecLibrary
from scale_core.testing.container_launches import ContainerLaunches
from scale_core.testing.held_launches import HeldLaunches, total_offered
from scale_core.testing.runs import RecordingListener, make_plan
from scale_core.testing.waiting import until


class EngineContract(HeldLaunches, ContainerLaunches):
    """Subclass it and give ``make_engine``. Commands that run are ``/bin/true``, ``/bin/false``, ``/bin/echo`` and
    ``/bin/sleep``; they use no workspaces. An engine that runs containers gives ``container_image`` too."""

    @pytest.fixture
    def make_engine(self) -> Callable[[EngineSettings], Engine]:
        """Makes an engine, often just its class."""
        pytest.fail("The subclass must give the fixture `make_engine`")

    @pytest.fixture
    def settings(self, tmp_path: Path) -> EngineSettings:
        """What the engine is made from; an engine with needs of its own overrides it."""
        return EngineSettings(tmp_path / "data")

    @pytest.fixture
    def start_agent(self) -> AgentStarter:
        """What starts node agents; they do not wait long for what ignores SIGTERM."""

        def start(settings: AgentSettings, tell: Callable[[Sequence[EngineEvent]], None]) -> NodeAgent:
            return client.start_agent(dataclasses.replace(settings, kill_grace=0.5), tell)

        return start

    @pytest.fixture
    def listener(self) -> RecordingListener:
        """Whom the engine tells."""
        return RecordingListener()

    @pytest.fixture
    def engine(
        self,
        make_engine: Callable[[EngineSettings], Engine],
        settings: EngineSettings,
        listener: RecordingListener,
        start_agent: AgentStarter,
    ) -> Iterator[Engine]:
        """A started engine."""
        engine = make_engine(settings)
        engine.start(listener, start_agent)
        yield engine
        engine.stop(5.0)

    @pytest.fixture
    def launch(self, engine: Engine) -> Callable[[ExecutionPlan], None]:
        """Launches a plan where there is room for it."""

        def launch(plan: ExecutionPlan) -> None:
            if engine.mode is EngineMode.SUBMIT:
                engine.launch([Launch(plan)])
                return
            offers = self.some_offers(engine)
            agent_id = max(offers, key=lambda offer: offer.resources.cpus).agent_id
            engine.launch(
                [Launch(plan, agent_id, tuple(offer.offer_id for offer in offers if offer.agent_id == agent_id))]
            )

        return launch

    def test_making_it_touches_nothing(
        self, make_engine: Callable[[EngineSettings], Engine], settings: EngineSettings
    ) -> None:
        engine = make_engine(settings)
        assert engine.name
        assert not settings.data_dir.exists()

    def test_its_nodes_have_something_to_give(self, engine: Engine) -> None:
        nodes = self.some_nodes(engine)
        assert len({node.agent_id for node in nodes}) == len(nodes)
        for node in nodes:
            assert isinstance(node, Node)
            assert node.hostname
            assert min(node.total.cpus, node.total.mem, node.total.disk) > 0

    def test_its_offers_are_within_its_nodes(self, engine: Engine) -> None:
        if engine.mode is EngineMode.SUBMIT:
            assert engine.offers() == []
            return
        totals = {node.agent_id: node.total for node in self.some_nodes(engine)}
        offers = self.some_offers(engine)
        assert len({offer.offer_id for offer in offers}) == len(offers)
        for offer in offers:
            assert offer.resources.fits_in(totals[offer.agent_id])

    def test_a_run_ends_once_with_a_report_of_all_steps(
        self, launch: Callable[[ExecutionPlan], None], listener: RecordingListener
    ) -> None:
        launch(make_plan("/bin/true", execution_id=7))
        end = listener.wait_for_end(7, self.patience)
        assert isinstance(end, ExecutionFinished)
        assert end.report.status == "COMPLETED"
        steps = end.report.steps
        assert [step.exit_code for step in (steps.pre, steps.job, steps.post) if step is not None] == [0, 0, 0]
        assert len(listener.ends(7)) == 1
        assert SpecLibrary.packaged().problems("execution-report", end.report.to_document()) == []

    def test_a_command_that_lasts_is_told_to_run(
        self, launch: Callable[[ExecutionPlan], None], listener: RecordingListener
    ) -> None:
        launch(make_plan("/bin/sleep", "60", execution_id=7))
        listener.wait_for_step(7, "job", self.patience)
        assert listener.ends(7) == []

    def test_a_failing_command_is_reported(
        self, launch: Callable[[ExecutionPlan], None], listener: RecordingListener
    ) -> None:
        launch(make_plan("/bin/false"))
        end = listener.wait_for_end(1, self.patience)
        assert isinstance(end, ExecutionFinished)
        assert end.report.status == "FAILED"
        assert end.report.failure is not None
        assert (end.report.failure.kind, end.report.failure.exit_code) == ("exit-code", 1)

    def test_what_runs_is_not_offered(
        self, engine: Engine, launch: Callable[[ExecutionPlan], None], listener: RecordingListener
    ) -> None:
        if engine.mode is EngineMode.SUBMIT:
            pytest.skip("an engine in submit mode makes no offers")
        self.some_offers(engine)
        before = total_offered(engine)
        launch(make_plan("/bin/sleep", "60", cpus=0.5, mem=16.0))
        listener.wait_for_step(1, "job", self.patience)
        less = pytest.approx((before.cpus - 0.5, before.mem - 16.0))
        until(lambda: _cpus_and_mem(engine), lambda found: found == less, seconds=self.patience)
        changes = listener.offer_changes
        engine.kill(1)
        listener.wait_for_end(1, self.patience)
        all_of_it = pytest.approx((before.cpus, before.mem))
        until(lambda: _cpus_and_mem(engine), lambda found: found == all_of_it, seconds=self.patience)
        until(lambda: listener.offer_changes > changes, seconds=self.patience)

    def test_a_launch_larger_than_its_node_is_lost(self, engine: Engine, listener: RecordingListener) -> None:
        if engine.mode is EngineMode.SUBMIT:
            pytest.skip("an engine in submit mode places by itself")
        node = self.some_nodes(engine)[0]
        engine.launch([Launch(make_plan("/bin/true", cpus=node.total.cpus + 1), node.agent_id)])
        assert isinstance(listener.wait_for_end(1, self.patience), ExecutionLost)

    def test_a_launch_on_an_unknown_node_is_lost(self, engine: Engine, listener: RecordingListener) -> None:
        if engine.mode is EngineMode.SUBMIT:
            pytest.skip("an engine in submit mode places by itself")
        engine.launch([Launch(make_plan("/bin/true"), "no-such-node")])
        assert isinstance(listener.wait_for_end(1, self.patience), ExecutionLost)

    def test_a_killed_run_ends_once_and_soon(
        self, engine: Engine, launch: Callable[[ExecutionPlan], None], listener: RecordingListener
    ) -> None:
        launch(make_plan("/bin/sleep", "60"))
        listener.wait_for_step(1, "job", self.patience)
        engine.kill(1)
        engine.kill(1)
        end = listener.wait_for_end(1, self.patience)
        assert isinstance(end, ExecutionFinished)
        assert end.report.status == "CANCELED"
        engine.kill(1)
        assert len(listener.ends(1)) == 1

    def test_killing_the_unknown_does_nothing(self, engine: Engine, listener: RecordingListener) -> None:
        engine.kill(4711)
        assert listener.ends(4711) == []

    def test_every_run_of_many_ends_once(
        self, launch: Callable[[ExecutionPlan], None], listener: RecordingListener
    ) -> None:
        for execution_id in range(1, 31):
            launch(make_plan("/bin/true", execution_id=execution_id, cpus=0.01))
        for execution_id in range(1, 31):
            listener.wait_for_end(execution_id, self.patience)
            assert len(listener.ends(execution_id)) == 1

    def test_reconciling_tells_what_is_gone_and_leaves_what_runs(
        self, engine: Engine, launch: Callable[[ExecutionPlan], None], listener: RecordingListener
    ) -> None:
        launch(make_plan("/bin/sleep", "60", execution_id=1))
        listener.wait_for_step(1, "job", self.patience)
        engine.reconcile([1, 4711])
        assert isinstance(listener.wait_for_end(4711, self.patience), ExecutionLost)
        assert listener.ends(1) == []
        engine.kill(1)
        listener.wait_for_end(1, self.patience)

    def test_logs_are_read_by_offset(
        self, engine: Engine, launch: Callable[[ExecutionPlan], None], listener: RecordingListener
    ) -> None:
        launch(make_plan("/bin/echo", "0123456789"))
        listener.wait_for_end(1, self.patience)
        whole = engine.logs(1, "stdout", 0, 1000)
        assert (whole.data, whole.offset, whole.size) == (b"0123456789\n", 0, 11)
        assert engine.logs(1, "stdout", 4, 3).data == b"456"
        assert engine.logs(1, "stdout", 11, 10).data == b""
        assert engine.logs(1, "stdout", 1000, 10).data == b""
        assert engine.logs(1, "stderr", 0, 10).data == b""

    def test_logs_that_are_kept_here_are_whole_and_go_when_they_are_forgotten(
        self, engine: Engine, launch: Callable[[ExecutionPlan], None], listener: RecordingListener
    ) -> None:
        if type(engine).kept_logs is Engine.kept_logs:
            pytest.skip("the engine keeps no logs that Scale should store")
        launch(make_plan("/bin/echo", "0123456789"))
        listener.wait_for_end(1, self.patience)
        kept = until(lambda: dict(engine.kept_logs()), lambda found: 1 in found, seconds=self.patience)
        assert (kept[1] / "stdout").read_bytes() == b"0123456789\n"
        engine.forget([1])
        assert 1 not in dict(engine.kept_logs())
        assert engine.logs(1, "stdout", 0, 10).data == b""

    def test_logs_that_are_not_there_are_empty(self, engine: Engine) -> None:
        chunk = engine.logs(4711, "stdout", 0, 100)
        assert (chunk.data, chunk.size) == (b"", 0)

    def test_stopping_ends_everything_in_time(
        self,
        make_engine: Callable[[EngineSettings], Engine],
        settings: EngineSettings,
        listener: RecordingListener,
        start_agent: AgentStarter,
    ) -> None:
        engine = make_engine(settings)
        if engine.outlives_scale:
            pytest.skip("what the engine runs outlives Scale")
        engine.start(listener, start_agent)
        agent_id = "" if engine.mode is EngineMode.SUBMIT else self.some_nodes(engine)[0].agent_id
        plans = [make_plan("/bin/sleep", "60", execution_id=number, cpus=0.01) for number in (1, 2, 3)]
        engine.launch([Launch(plan, agent_id) for plan in plans])
        for plan in plans:
            listener.wait_for_step(plan.execution_id, "job", self.patience)
        began = time.monotonic()
        engine.stop(10.0)
        assert time.monotonic() - began < 12.0
        told = len(listener.events)
        for plan in plans:
            assert len(listener.ends(plan.execution_id)) == 1
        time.sleep(0.1)
        assert len(listener.events) == told

    def test_what_outlives_scale_is_found_again(
        self,
        make_engine: Callable[[EngineSettings], Engine],
        settings: EngineSettings,
        start_agent: AgentStarter,
    ) -> None:
        engine, listener = make_engine(settings), RecordingListener()
        if not engine.outlives_scale:
            pytest.skip("the engine ends what runs when it stops")
        engine.start(listener, start_agent)
        agent_id = "" if engine.mode is EngineMode.SUBMIT else self.some_offers(engine)[0].agent_id
        engine.launch([Launch(make_plan("/bin/sleep", "60", execution_id=1), agent_id)])
        listener.wait_for_step(1, "job", self.patience)
        engine.stop(5.0)
        assert listener.ends(1) == []
        successor, successors_listener = make_engine(settings), RecordingListener()
        successor.start(successors_listener, start_agent)
        try:
            successor.reconcile([1, 4711])
            successors_listener.wait_for_end(4711, self.patience)
            assert successors_listener.ends(1) == []
            successor.kill(1)
            end = successors_listener.wait_for_end(1, self.patience)
            assert isinstance(end, ExecutionFinished)
            assert end.report.status == "CANCELED"
        finally:
            successor.stop(5.0)

    def test_an_end_that_was_recorded_is_not_told_again(
        self, engine: Engine, launch: Callable[[ExecutionPlan], None], listener: RecordingListener
    ) -> None:
        launch(make_plan("/bin/true"))
        listener.wait_for_end(1, self.patience)
        engine.recorded([1])
        engine.recorded([1, 4711])
        launch(make_plan("/bin/true", execution_id=2))
        listener.wait_for_end(2, self.patience)
        assert len(listener.ends(1)) == 1

    def test_what_was_given_back_is_offered_again_when_it_is_wanted(self, engine: Engine) -> None:
        if engine.mode is EngineMode.SUBMIT:
            pytest.skip("an engine in submit mode makes no offers")
        self.some_offers(engine)
        engine.settle_offers(wanted=False)
        engine.settle_offers(wanted=True)
        self.some_offers(engine)

    def test_stopping_with_nothing_running_is_quick(self, engine: Engine) -> None:
        began = time.monotonic()
        engine.stop(10.0)
        assert time.monotonic() - began < 2.0


def _cpus_and_mem(engine: Engine) -> tuple[float, float]:
    offered = total_offered(engine)
    return offered.cpus, offered.mem
