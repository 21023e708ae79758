"""An agent: runs executors and delivers their updates, each until it is acknowledged."""

import base64
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fakes.mesos.amounts import Amounts, amounts
from fakes.mesos.commands import CommandExecutor

if TYPE_CHECKING:
    from collections.abc import Callable

Message = dict[str, Any]

TERMINAL = frozenset(f"TASK_{one}" for one in ("FINISHED", "FAILED", "KILLED", "ERROR", "LOST", "DROPPED", "GONE"))

CONTAINER = {
    "container_id": {"value": "5b92a420-d66a-4edf-8a7e-634b1ed5f5a6"},
    "network_infos": [{"ip_addresses": [{"protocol": "IPv4", "ip_address": "127.0.0.1"}]}],
    "executor_pid": 26706,
}

RESEND_SECONDS = 0.3
"""How long an agent waits for an acknowledgement at first, so that tests need not wait for it."""

REAL_RESEND_SECONDS = 10.0
"""The same of real ones."""


class Executor(Protocol):
    """What runs on an agent."""

    def launch(self, task: Message) -> None:
        """Run a task."""

    def kill(self, task_id: str) -> None:
        """End it."""

    def message(self, data: str) -> None:
        """The framework has something to say."""

    def shutdown(self) -> None:
        """End all."""


class ExecutorMaker(Protocol):
    """Makes an executor."""

    def __call__(self, agent: "FakeAgent", framework_id: str, info: Message, /) -> Executor:
        """``info``: the ``ExecutorInfo``."""


@dataclass
class RunningTask:
    """A task on the agent; ``updates``: those not acknowledged, the first is being delivered."""

    info: Message
    framework_id: str
    executor_id: str
    needs: Amounts
    pause: float
    updates: deque[Message] = field(default_factory=deque)
    resend_at: float = float("inf")
    state: str = "TASK_STAGING"


class FakeAgent:
    """``deliver`` takes the message of an update to the master; False: it cannot now. ``pass_on`` takes a message of an
    executor's there, if it can."""

    def __init__(
        self,
        agent_id: str,
        hostname: str,
        port: int,
        total: Amounts,
        make_executor: ExecutorMaker,
        resend_seconds: float = RESEND_SECONDS,
    ) -> None:
        self.agent_id, self.hostname, self.port, self.total = agent_id, hostname, port, total
        self.deliver: Callable[[FakeAgent, str, Message], bool] = lambda *_given: False
        self.pass_on: Callable[[FakeAgent, str, str, str], None] = lambda *_given: None
        self.tasks: dict[tuple[str, str], RunningTask] = {}
        self.executors: dict[tuple[str, str], tuple[Message, Executor]] = {}
        self.launched: list[str] = []
        self.lock = threading.RLock()
        self._make_executor = make_executor
        self._resend_seconds, self._resend_next = resend_seconds, float("inf")

    @property
    def used(self) -> dict[str, Amounts]:
        """What is in use, by framework: tasks that have not ended, and executors."""
        with self.lock:
            used: dict[str, Amounts] = {}
            taken = [(one.framework_id, one.needs) for one in self.tasks.values() if not is_terminal(one.state)]
            taken += [(key[0], amounts(info.get("resources", []))) for key, (info, _one) in self.executors.items()]
            for framework_id, needs in taken:
                sums = used.setdefault(framework_id, {})
                for name, value in needs.items():
                    sums[name] = sums.get(name, 0) + value
            return used

    def run(self, framework_id: str, task: Message) -> None:
        """Launch a task on its executor, which is started where it does not run."""
        info = task.get("executor") or {"executor_id": task["task_id"]}
        key = (framework_id, info["executor_id"]["value"])
        with self.lock:
            task_id = task["task_id"]["value"]
            self.launched.append(task_id)
            self.tasks[framework_id, task_id] = RunningTask(
                task, framework_id, key[1], amounts(task["resources"]), self._resend_seconds
            )
            if key not in self.executors:
                make = self._make_executor if "executor" in task else CommandExecutor
                self.executors[key] = (info, make(self, framework_id, info))
            executor = self.executors[key][1]
        executor.launch(task)

    def kill(self, framework_id: str, task_id: str) -> None:
        """Have the executor end a task."""
        with self.lock:
            task = self.tasks.get((framework_id, task_id))
            executor = self.executors.get((framework_id, task.executor_id)) if task is not None else None
        if executor is not None:
            executor[1].kill(task_id)

    def message(self, framework_id: str, executor_id: str, data: str) -> None:
        """Pass on what the framework says to an executor, if it is there."""
        with self.lock:
            executor = self.executors.get((framework_id, executor_id))
        if executor is not None:
            executor[1].message(data)

    def tell_framework(self, framework_id: str, executor_id: str, data: str) -> None:
        """An executor has something to say to the framework."""
        self.pass_on(self, framework_id, executor_id, data)

    def update(self, framework_id: str, task_id: str, state: str, **about: Any) -> None:
        """An executor tells the state of a task."""
        status = {
            "task_id": {"value": task_id},
            "state": state,
            "source": "SOURCE_EXECUTOR",
            "agent_id": {"value": self.agent_id},
            "timestamp": time.time(),
            "uuid": base64.b64encode(uuid.uuid4().bytes).decode("ascii"),
        }
        if "source" not in about:
            status["container_status"] = CONTAINER
        status |= about
        with self.lock:
            task = self.tasks.get((framework_id, task_id))
            if task is None or is_terminal(task.state):
                return
            task.state = state
            task.updates.append(status)
            is_first = len(task.updates) == 1
        if is_first:
            self._send(task)

    def acknowledge(self, framework_id: str, task_id: str, update_uuid: str) -> None:
        """The framework has taken an update; the next one follows."""
        with self.lock:
            task = self.tasks.get((framework_id, task_id))
            if task is None or not task.updates or task.updates[0]["uuid"] != update_uuid:
                return
            status = task.updates.popleft()
            task.pause = self._resend_seconds
            if is_terminal(status["state"]):
                del self.tasks[framework_id, task_id]
                return
            has_more = bool(task.updates)
        if has_more:
            self._send(task)

    def resend(self, now: float) -> None:
        """Send again what was not acknowledged in time."""
        if now < self._resend_next:
            return
        with self.lock:
            waiting = [one for one in self.tasks.values() if one.updates]
            due = [one for one in waiting if one.resend_at <= now]
            self._resend_next = min((one.resend_at for one in waiting if one.resend_at > now), default=float("inf"))
        for one in due:
            self._send(one)

    def resend_all(self) -> None:
        """Send everything again that is not acknowledged: the framework, or the master, is back."""
        self.resend(float("inf"))

    def _send(self, task: RunningTask) -> None:
        with self.lock:
            if not task.updates:
                return
            status = task.updates[0]
            task.resend_at = time.monotonic() + task.pause
            task.pause = min(task.pause * 2, 60.0)
            self._resend_next = min(self._resend_next, task.resend_at)
        self.deliver(self, task.framework_id, status)

    def unacknowledged(self, framework_id: str) -> int:
        """How many updates are still to be acknowledged."""
        with self.lock:
            return sum(len(one.updates) for one in self.tasks.values() if one.framework_id == framework_id)

    def states(self, framework_id: str) -> dict[str, str]:
        """The states of the tasks that are here."""
        with self.lock:
            return {
                one.info["task_id"]["value"]: one.state
                for one in self.tasks.values()
                if one.framework_id == framework_id
            }

    def executor_ended(self, framework_id: str, executor_id: str) -> None:
        """An executor is gone, by itself; its tasks fail."""
        with self.lock:
            self.executors.pop((framework_id, executor_id), None)
            left = [
                one.info["task_id"]["value"]
                for one in self.tasks.values()
                if (one.framework_id, one.executor_id) == (framework_id, executor_id) and not is_terminal(one.state)
            ]
        for task_id in left:
            self.update(
                framework_id,
                task_id,
                "TASK_FAILED",
                source="SOURCE_AGENT",
                reason="REASON_EXECUTOR_TERMINATED",
                executor_id={"value": executor_id},
                message="Executor terminated",
            )

    def shut_down(self, framework_id: str | None = None) -> None:
        """End the executors of a framework, or all."""
        with self.lock:
            gone = [key for key in self.executors if framework_id in (None, key[0])]
            executors = [self.executors.pop(key)[1] for key in gone]
            for key in [key for key in self.tasks if framework_id in (None, key[0])]:
                del self.tasks[key]
        for executor in executors:
            executor.shutdown()


def is_terminal(state: str) -> bool:
    """Whether a task in that state is over."""
    return state in TERMINAL
