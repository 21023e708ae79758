"""What every engine that runs containers keeps to; a part of the contract of engines."""

import time
from collections.abc import Callable

import pytest

from scale_core.interfaces.engine import Engine, ExecutionFinished, ExecutionLost, ExecutionPlan
from scale_core.testing.runs import RecordingListener, make_plan


class ContainerLaunches:
    """The tests about plans with an image."""

    patience: float

    @pytest.fixture
    def container_image(self) -> str:
        """The image of the containers, which the nodes have; it has the commands of the other tests, and ``/bin/cat``.
        An engine that runs containers gives it: without, these tests fail."""
        return ""

    @pytest.fixture
    def boxed(self, engine: Engine, container_image: str) -> Callable[..., ExecutionPlan]:
        """Makes a plan with the image."""
        if not engine.runs_containers:
            pytest.skip("the engine runs no containers")  # and says so: nothing is promised that could be tested
        assert container_image, "The engine says that it runs containers: give container_image, which the tests run"

        def plan(command: str, arguments: str = "", image: str = container_image) -> ExecutionPlan:
            return make_plan(command, arguments, mem=64.0, docker={"image": image})

        return plan

    def test_a_command_runs_in_a_container_and_its_output_is_kept(
        self,
        engine: Engine,
        launch: Callable[[ExecutionPlan], None],
        listener: RecordingListener,
        boxed: Callable[..., ExecutionPlan],
        container_image: str,
    ) -> None:
        launch(boxed("/bin/cat", "/proc/self/status"))
        end = listener.wait_for_end(1, self.patience)
        assert isinstance(end, ExecutionFinished)
        assert end.report.status == "COMPLETED"
        assert end.report.environment is not None
        assert end.report.environment.docker_image == container_image
        status = engine.logs(1, "stdout", 0, 1 << 16).data.split(b"\n")
        assert b"CapEff:\t0000000000000000" in status
        assert b"NoNewPrivs:\t1" in status
        assert b"Uid:\t0\t0\t0\t0" not in status

    def test_a_command_that_fails_in_a_container_is_reported(
        self, launch: Callable[[ExecutionPlan], None], listener: RecordingListener, boxed: Callable[..., ExecutionPlan]
    ) -> None:
        launch(boxed("/bin/false"))
        end = listener.wait_for_end(1, self.patience)
        assert isinstance(end, ExecutionFinished)
        assert end.report.failure is not None
        assert (end.report.failure.kind, end.report.failure.exit_code) == ("exit-code", 1)

    def test_a_name_that_no_image_can_have_is_reported(
        self, launch: Callable[[ExecutionPlan], None], listener: RecordingListener, boxed: Callable[..., ExecutionPlan]
    ) -> None:
        launch(boxed("/bin/true", image="No Such:Image"))
        end = listener.wait_for_end(1, self.patience)
        assert isinstance(end, ExecutionFinished)
        assert end.report.failure is not None
        assert (end.report.failure.kind, end.report.failure.step) == ("image", "pre")

    def test_a_container_that_is_killed_ends_once_and_soon(
        self,
        engine: Engine,
        launch: Callable[[ExecutionPlan], None],
        listener: RecordingListener,
        boxed: Callable[..., ExecutionPlan],
    ) -> None:
        launch(boxed("/bin/sleep", "60"))
        listener.wait_for_step(1, "job", self.patience)
        began = time.monotonic()
        engine.kill(1)
        end = listener.wait_for_end(1, self.patience)
        assert time.monotonic() - began < self.patience
        assert isinstance(end, ExecutionFinished)
        assert end.report.status == "CANCELED"
        assert len(listener.ends(1)) == 1

    def test_a_container_ends_when_the_engine_is_stopped(
        self,
        engine: Engine,
        launch: Callable[[ExecutionPlan], None],
        listener: RecordingListener,
        boxed: Callable[..., ExecutionPlan],
    ) -> None:
        if engine.outlives_scale:  # what becomes of it then has a test in EngineContract, containers or not
            pytest.skip("what the engine runs outlives Scale")
        launch(boxed("/bin/sleep", "60"))
        listener.wait_for_step(1, "job", self.patience)
        engine.stop(10.0)
        (end,) = listener.ends(1)
        assert isinstance(end, ExecutionLost)
