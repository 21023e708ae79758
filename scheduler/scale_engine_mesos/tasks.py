"""What Scale knows of its tasks, and what becomes of that with each status update."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from scale_core.interfaces.engine import (
    EngineEvent,
    EngineMemory,
    ExecutionFinished,
    ExecutionLost,
    ExecutionProgress,
    ExecutionReport,
    ExecutionStarted,
)
from scale_engine_mesos.messages import execution_id
from scale_engine_mesos.pieces import Pieces
from scale_engine_mesos.wire import Said, decode

log = logging.getLogger(__name__)

Status = dict[str, Any]

ACTIVE = frozenset({"TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING"})
REPORTED = frozenset({"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED"})
"""Ends that the executor tells, with a report."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between two questions for a task: a new master answers only when the task's agent has found it."""


@dataclass(slots=True)
class Task:
    """A task that has not ended, as far as is known. ``asks_at``: when its state is to be asked for, in the clock of
    :class:`Tasks`."""

    agent_id: str
    asks_at: float
    pause: float = FIRST_PAUSE
    is_killed: bool = False
    steps: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from an update: what to tell the scheduler, whether to acknowledge, whether to kill the task.
    ``said`` is what the executor said with it."""

    events: Sequence[EngineEvent] = ()
    is_taken: bool = True
    is_unwanted: bool = False
    said: Said | None = None


class Tasks:
    """All tasks that run or may run, and ends that are not recorded yet. May be used by any thread.

    :param memory: keeps the pieces of reports over restarts.
    :param now: seconds of a clock that never goes back.
    :param patience: seconds until a task of which nothing was heard is asked for.
    """

    def __init__(self, memory: EngineMemory, now: Callable[[], float], patience: float) -> None:
        self._lock = threading.RLock()
        self._pieces = Pieces(memory)
        self._now = now
        self._patience = patience
        self._tasks: dict[int, Task] = {}
        self._ended: dict[int, Status | None] = {}

    def launch(self, ids: Iterable[int], agent_id: str) -> None:
        """They are about to be launched there."""
        with self._lock:
            for one in ids:
                self._tasks[one] = Task(agent_id, self._now() + self._patience)

    def knows(self, one: int) -> bool:
        """Whether it runs, or its end is told and not recorded yet."""
        with self._lock:
            return one in self._tasks or one in self._ended

    def agents(self) -> set[str]:
        """Where tasks run."""
        with self._lock:
            return {task.agent_id for task in self._tasks.values()}

    def kill(self, one: int) -> bool:
        """Have it killed, now and after every cut; whether it is there to be killed."""
        with self._lock:
            if one in self._tasks:
                self._tasks[one].is_killed = True
            return one in self._tasks

    def killed(self) -> list[int]:
        """Those that should have ended."""
        with self._lock:
            return [one for one, task in self._tasks.items() if task.is_killed]

    def compare(self, ids: Sequence[int]) -> list[int]:
        """Take ``ids`` for all that should run: ask for those that are not known.

        :return: what runs and should not.
        """
        with self._lock:
            wanted = set(ids)
            for one in wanted - self._tasks.keys() - self._ended.keys():
                self._tasks[one] = Task("", self._now())
            strays = [one for one in self._tasks if one not in wanted]
            for one in strays:
                self._tasks[one].is_killed = True
            return strays

    def doubt(self) -> None:
        """The link was cut: the state of every task is asked for."""
        with self._lock:
            for task in self._tasks.values():
                task.asks_at, task.pause = self._now(), FIRST_PAUSE

    def to_ask(self) -> list[tuple[int, str]]:
        """Those whose states are to be asked for now, with their agents; later again, after longer and longer."""
        with self._lock:
            now = self._now()
            due = [(one, task) for one, task in self._tasks.items() if task.asks_at <= now]
            for _one, task in due:
                task.asks_at, task.pause = now + task.pause, min(task.pause * 2, LONGEST_PAUSE)
            return [(one, task.agent_id) for one, task in due]

    def lose(self, ids: Iterable[int], message: str) -> list[EngineEvent]:
        """Nothing will be heard of them."""
        with self._lock:
            return [self._end(one, ExecutionLost(one, message), None) for one in ids if one in self._tasks]

    def lose_all(self, message: str) -> list[EngineEvent]:
        """Nothing runs any more."""
        with self._lock:
            return self.lose(list(self._tasks), message)

    def recorded(self, ids: Iterable[int]) -> list[Status]:
        """Their ends are in the database.

        :return: the updates that can be acknowledged now.
        :raises Exception: the database is in trouble; may be called again.
        """
        statuses = []
        for one in ids:
            self._pieces.forget(one)
            with self._lock:
                status = self._ended.pop(one, None)
            if status is not None:
                statuses.append(status)
        return statuses

    def update(self, status: Status) -> Outcome:
        """Take a ``TaskStatus``.

        :raises Exception: the database is in trouble; the update comes again.
        """
        one = execution_id(status["task_id"]["value"])
        if one is None:
            return Outcome()
        said = _said(status)
        with self._lock:
            if one in self._ended:
                return self._after_the_end(one, status)
            if status["state"] in ACTIVE:
                return self._goes_on(one, status, said)
            return self._ends(one, status, said)

    def _after_the_end(self, one: int, status: Status) -> Outcome:
        if status["state"] in ACTIVE:
            return Outcome(is_unwanted=True)
        if self._ended[one] is None and "uuid" in status:
            self._ended[one] = status
        return Outcome(is_taken=False)

    def _goes_on(self, one: int, status: Status, said: Said | None) -> Outcome:
        agent_id = status.get("agent_id", {}).get("value", "")
        task = self._tasks.setdefault(one, Task(agent_id, float("inf")))
        task.agent_id, task.asks_at = agent_id or task.agent_id, float("inf")
        if said is None:
            return Outcome()
        if said.done is not None:
            return Outcome([ExecutionProgress(one, said.done)])
        if not said.step:
            self._pieces.keep(one, said)
            return Outcome()
        if said.step in task.steps:
            return Outcome()
        task.steps.add(said.step)
        return Outcome([ExecutionStarted(one, said.step)], said=said)

    def _ends(self, one: int, status: Status, said: Said | None) -> Outcome:
        """Nothing is made of an executor's end that the master only repeats: the agent sends it with its report."""
        if status["state"] in REPORTED and "uuid" not in status:
            return Outcome(is_taken=False)
        report = self._pieces.report(one, said) if said is not None else None
        event: EngineEvent
        if report is None:
            event = ExecutionLost(one, _why(status))
        else:
            event = ExecutionFinished(ExecutionReport.from_document(report))
        return Outcome([self._end(one, event, status)], is_taken=False, said=said)

    def _end(self, one: int, event: EngineEvent, status: Status | None) -> EngineEvent:
        self._tasks.pop(one, None)
        self._ended[one] = status
        return event


def _said(status: Status) -> Said | None:
    """What the executor says with it; None: nothing."""
    if not status.get("data"):
        return None
    try:
        return decode(status["data"])
    except ValueError as error:
        log.error("The update %s of %s: %s", status["state"], status["task_id"]["value"], error)
        return None


def _why(status: Status) -> str:
    parts = [status["state"].removeprefix("TASK_").lower(), status.get("reason", ""), status.get("message", "")]
    return f"Mesos says of the task: {', '.join(part for part in parts if part)}."
