"""Executors on fake agents that take files into workspaces as nodes do, when a test says so."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fakes.mesos.agent import FakeAgent, Message
from fakes.mesos.executors import ToldExecutor, tell_report
from scale_broker_host.broker import HostBroker
from scale_core.interfaces.engine import ExecutionPlan
from scale_core.runner.control import FolderInUse
from scale_core.runner.failures import StepFailed
from scale_core.runner.intake import Intake
from scale_core.runner.workspaces import PlanWorkspaces
from scale_generated.specs.execution_report import ReportIngest


class Control:
    """The hand on a run: whether it is canceled. An ingest starts no command and asks nothing: what is for these
    fails."""

    def __init__(self, *, is_canceled: bool = False) -> None:
        self.is_canceled = is_canceled
        self.done: list[int] = []

    def fd(self) -> int:
        raise AssertionError("an ingest waits for no command")

    def canceled(self) -> bool:
        return self.is_canceled

    def kill_grace(self) -> float:
        return 0.0

    def works_in(self, folders: Sequence[FolderInUse]) -> None:
        """Nothing hangs."""

    def step_started(self, step: str) -> None:
        """It is not asked."""

    def ask(self, question: bytes) -> None:
        raise AssertionError("an ingest asks Scale nothing")

    def answer(self, seconds: float) -> bytes | None:
        raise AssertionError("an ingest asks Scale nothing")

    def progressed(self, done: int) -> None:
        self.done.append(done)


def take(plan: ExecutionPlan, folder: Path, control: Control | None = None, **more: Any) -> ReportIngest:
    """Do what the plan of an ingest says.

    :raises StepFailed: that is not possible.
    """
    assert plan.ingest is not None
    workspaces = PlanWorkspaces(lambda: {"host": HostBroker}, plan.workspaces, {})
    return Intake(plan, plan.ingest, workspaces, folder, control or Control(), **more).take()


class Taker(ToldExecutor):
    """Takes files when it is told to."""

    def __init__(self, agent: FakeAgent, framework_id: str) -> None:
        super().__init__(agent, framework_id, at_once=False)
        self.done: dict[int, Message] = {}

    def work(self) -> None:
        """Take all files that it was given, without a word."""
        for number, plan in list(self.plans.items()):
            if number not in self.done:
                self.done[number] = self._report(number, plan)

    def tell(self) -> None:
        """Tell what became of them, again if that is told."""
        for report in list(self.done.values()):
            tell_report(self.agent, self.framework_id, report)

    def _report(self, number: int, plan: ExecutionPlan) -> Message:
        about: Message = {"version": "1.0", "execution_id": number, "steps": {}}
        try:
            done = take(plan, Path("unused"))
        except StepFailed as error:
            failure = {"kind": error.kind, "step": "job", "message": error.message}
            return about | {"status": "FAILED", "failure": failure}
        return about | {"status": "COMPLETED", "ingest": done.to_document()}
