"""Executors on fake agents that watch and keep the time as nodes do, and take files when a test says so."""

import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fakes.mesos.agent import FakeAgent, Message
from fakes.mesos.executors import plan_of, tell_report
from fakes.takers import Taker
from fakes.waiting import join
from scale_broker_host.broker import HostBroker
from scale_core.runner.clock import NodeClock
from scale_core.runner.control import FolderInUse
from scale_core.runner.failures import StepFailed
from scale_core.runner.watching import NodeWatch
from scale_core.watching.messages import decode_question
from scale_engine_mesos.messages import execution_id, task_id
from scale_engine_mesos.wire import decode_answer, encode_question, encode_step


class WatcherLine:
    """The hand on what runs, and its line to Scale: each question is told ``times``; ``lost`` is the number of answers
    to each kind of question that get lost."""

    def __init__(self, watcher: "Watcher", number: int) -> None:
        self._watcher, self._number = watcher, number
        self._wake = os.eventfd(0)
        self._canceled = threading.Event()
        self.answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.asked: list[str] = []

    def fd(self) -> int:
        return self._wake

    def canceled(self) -> bool:
        return self._canceled.is_set()

    def kill_grace(self) -> float:
        return 0.0

    def works_in(self, folders: Sequence[FolderInUse]) -> None:
        """Nothing hangs."""

    def step_started(self, step: str) -> None:
        """It is told as it is launched."""

    def progressed(self, done: int) -> None:
        """It is not told."""

    def ask(self, question: bytes) -> None:
        self.asked.append(decode_question(question).asks)
        self._watcher.tell_question(self._number, question)

    def answer(self, seconds: float) -> bytes | None:
        try:
            answer = self.answers.get(timeout=seconds)
        except queue.Empty:
            return None
        if answer is not None and self._watcher.lost.get(self.asked[-1], 0):
            self._watcher.lost[self.asked[-1]] -= 1
            return None
        return answer

    def cancel(self) -> None:
        """Have the watch end."""
        self._canceled.set()
        self.answers.put(None)
        os.eventfd_write(self._wake, 1)


class Watcher(Taker):
    """Watches, or keeps the time of clock rules, as soon as it is launched.

    :param storage: options of storage on this node.
    """

    def __init__(self, agent: FakeAgent, framework_id: str, info: Message, storage: Mapping[str, Any]) -> None:
        super().__init__(agent, framework_id)
        self.executor_id: str = info["executor_id"]["value"]
        self.storage = storage
        self.brokers: dict[str, type[HostBroker]] = {"host": HostBroker}
        self.times = 1
        self.lost: dict[str, int] = {}
        self.lines: dict[int, WatcherLine] = {}
        self._threads: list[threading.Thread] = []

    def launch(self, task: Message) -> None:
        plan = plan_of(task)
        number = plan.execution_id
        self.lines[number] = line = WatcherLine(self, number)
        work: Callable[[], object]
        if plan.strike is not None:
            work = NodeWatch(plan.strike.strike_id, lambda: self.brokers, self.storage, line).watch
        elif plan.clock is not None:
            work = NodeClock(plan.clock.longest_wait, line).keep
        else:
            del self.lines[number]
            super().launch(task)
            return
        self.agent.update(self.framework_id, task_id(number), "TASK_RUNNING", data=encode_step("job"))
        thread = threading.Thread(target=self._work, args=(number, work), daemon=True)
        self._threads.append(thread)
        thread.start()

    def kill(self, task: str) -> None:
        number = execution_id(task)
        if number in self.lines:
            self.lines[number].cancel()
        else:
            super().kill(task)

    def message(self, data: str) -> None:
        answered = decode_answer(data)
        if answered is not None and answered[0] in self.lines:
            self.lines[answered[0]].answers.put(answered[1])

    def shutdown(self) -> None:
        """End all watches."""
        for line in self.lines.values():
            line.cancel()
        for thread in self._threads:
            join(thread)

    def tell_question(self, number: int, question: bytes) -> None:
        """Ask, as often as the test says."""
        for _ in range(self.times):
            self.agent.tell_framework(self.framework_id, self.executor_id, encode_question(number, question))

    def _work(self, number: int, work: Callable[[], object]) -> None:
        about: Message = {"version": "1.0", "execution_id": number, "steps": {}}
        try:
            work()
        except StepFailed as error:
            failure = {"kind": error.kind, "step": "job", "message": error.message}
            about |= {"status": "CANCELED" if error.kind == "canceled" else "FAILED", "failure": failure}
        else:
            about |= {"status": "COMPLETED"}
        tell_report(self.agent, self.framework_id, about)
