"""Plans and listeners for tests of engines."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from scale_core.interfaces.engine import (
    EngineEvent,
    ExecutionFinished,
    ExecutionLost,
    ExecutionPlan,
    ExecutionStarted,
)


def make_plan(
    command: str,
    arguments: str = "",
    *,
    execution_id: int = 1,
    inputs: Sequence[Mapping[str, Any]] = (),
    outputs: Sequence[Mapping[str, Any]] = (),
    workspaces: Mapping[str, Any] | None = None,
    cpus: float = 0.1,
    mem: float = 16.0,
    disk_out: float = 16.0,
    timeout: float | None = None,
    docker: Mapping[str, Any] | None = None,
) -> ExecutionPlan:
    """A plan that runs ``command``; inputs, outputs and workspaces as in the plan's document."""
    return ExecutionPlan.from_document(
        {
            "version": "1.0",
            "execution_id": execution_id,
            "job_id": execution_id + 1000,
            "job_type": {"name": "test-job", "version": "1.0"},
            "command": command,
            "command_arguments": arguments,
            "inputs": list(inputs),
            "outputs": list(outputs),
            "output_path": f"test-job/1.0/2026/11/23/job_exe_{execution_id}",
            "workspaces": dict(workspaces or {}),
            "resources": {"cpus": cpus, "mem": mem, "disk_in": 0.0, "disk_out": disk_out},
            "timeout": timeout,
            "docker": docker,
        }
    )


class RecordingListener:
    """An ``EngineListener`` that keeps all events and lets tests wait for them; what it waits for in seconds is a bound
    for what hangs."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.events: list[EngineEvent] = []
        self.offer_changes = 0

    def notify(self, events: Sequence[EngineEvent]) -> None:
        """Keep them."""
        with self._changed:
            self.events.extend(events)
            self._changed.notify_all()

    def offers_changed(self) -> None:
        """Count it."""
        with self._changed:
            self.offer_changes += 1
            self._changed.notify_all()

    def ends(self, execution_id: int) -> list[ExecutionFinished | ExecutionLost]:
        """How an execution ended, as often as it was told."""
        with self._changed:
            return [
                event
                for event in self.events
                if (isinstance(event, ExecutionFinished) and event.report.execution_id == execution_id)
                or (isinstance(event, ExecutionLost) and event.execution_id == execution_id)
            ]

    def steps(self, execution_id: int) -> list[str]:
        """The steps of an execution that began, in order."""
        with self._changed:
            return [
                event.step
                for event in self.events
                if isinstance(event, ExecutionStarted) and event.execution_id == execution_id
            ]

    def wait_for_end(self, execution_id: int, seconds: float) -> ExecutionFinished | ExecutionLost:
        """The end of an execution; an AssertionError if it does not come in time."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.ends(execution_id), seconds), f"{execution_id} did not end"
        return self.ends(execution_id)[0]

    def wait_for_step(self, execution_id: int, step: str, seconds: float) -> None:
        """Return when the step has begun; an AssertionError if it does not in time."""
        with self._changed:
            began = self._changed.wait_for(lambda: step in self.steps(execution_id), seconds)
            assert began, f"{execution_id} did not reach the step {step}"
