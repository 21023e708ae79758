"""Executors that run nothing: what becomes of their tasks is what a test says."""

import threading
from collections.abc import Callable
from typing import Any

import orjson

from fakes.mesos.agent import FakeAgent, Message
from scale_core.interfaces.engine import ExecutionPlan
from scale_engine_mesos.messages import execution_id, task_id
from scale_engine_mesos.wire import decode_plan, encode_report, encode_step

STATES = {"COMPLETED": "TASK_FINISHED", "FAILED": "TASK_FAILED", "CANCELED": "TASK_KILLED"}


class ToldExecutor:
    """Runs nothing; a test tells what becomes of tasks. ``at_once``: each completes as it is launched."""

    def __init__(self, agent: FakeAgent, framework_id: str, at_once: bool) -> None:
        self.agent, self.framework_id, self.at_once = agent, framework_id, at_once
        self.plans: dict[int, ExecutionPlan] = {}
        self.killed: list[int] = []
        self._lock = threading.Lock()

    def launch(self, task: Message) -> None:
        """Take it."""
        plan = plan_of(task)
        with self._lock:
            assert plan.execution_id not in self.plans, f"execution {plan.execution_id} was run twice"
            self.plans[plan.execution_id] = plan
        if self.at_once:
            self.finish(plan.execution_id)
        else:
            self.agent.update(self.framework_id, task_id(plan.execution_id), "TASK_RUNNING", data=encode_step("job"))

    def finish(self, number: int, status: str = "COMPLETED", piece_bytes: int = 1 << 18, **more: Any) -> None:
        """Tell that it has ended."""
        tell_report(
            self.agent,
            self.framework_id,
            {"version": "1.0", "execution_id": number, "status": status, "steps": {}} | more,
            piece_bytes,
        )

    def kill(self, task: str) -> None:
        """End it."""
        number = execution_id(task)
        assert number is not None
        self.killed.append(number)
        self.finish(number, "CANCELED", failure={"kind": "canceled", "message": "canceled"})

    def message(self, data: str) -> None:
        """It keeps no logs."""

    def shutdown(self) -> None:
        """Forget all."""


def plan_of(task: Message) -> ExecutionPlan:
    """The plan that a task carries."""
    return decode_plan(task["data"])


def tell_report(agent: FakeAgent, framework_id: str, report: dict[str, Any], piece_bytes: int = 1 << 18) -> None:
    """Send a report as Scale's executor does."""
    *before, last = encode_report(orjson.dumps(report), piece_bytes)
    task = task_id(report["execution_id"])
    for data in before:
        agent.update(framework_id, task, "TASK_RUNNING", data=data)
    agent.update(framework_id, task, STATES[report["status"]], data=last)


def telling(executors: list[ToldExecutor], at_once: bool = False) -> Callable[[FakeAgent, str, Message], ToldExecutor]:
    """Makes executors that do what a test says; they are added to ``executors``."""

    def make(agent: FakeAgent, framework_id: str, info: Message) -> ToldExecutor:
        executor = ToldExecutor(agent, framework_id, at_once)
        executors.append(executor)
        return executor

    return make
