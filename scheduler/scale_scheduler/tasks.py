"""Scale's own job types, run inside this process: ingest in a pool, the others in a thread each."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from scale_core.services.context import Context
from scale_core.services.executions import SystemTask
from scale_core.services.ingest_jobs import INGEST_JOB
from scale_core.services.system_types import CHANGE_JOB, CLOCK_JOB, SCAN_INPUT, SCAN_JOB, STRIKE_INPUT, STRIKE_JOB
from scale_generated.specs.execution_report import ReportFailure
from scale_scheduler.changes import ChangeTask
from scale_scheduler.clock import Clock, ClockTask
from scale_scheduler.failures import TaskFailed
from scale_scheduler.ingest import IngestPool, TaskEnd
from scale_scheduler.lookout import Lookout
from scale_scheduler.scan.task import ScanTask
from scale_scheduler.strike.guard import GuardedStrike
from scale_scheduler.strike.process import StrikeProcess

log = logging.getLogger(__name__)


class LongTask(Protocol):
    """Works until it has done all, or is told to stop."""

    def run(self, stop: threading.Event) -> None:
        """Return once ``stop`` is set, or all is done.

        :raises TaskFailed: what it needs cannot be had.
        """


class TaskUnusable(Exception):
    """The task cannot run; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class _Running:
    thread: threading.Thread
    stop: threading.Event
    canceled: threading.Event


class SystemTasks:
    """Runs system tasks and tells the end of each, once, with others and from any thread, to ``ended``.

    :param clock: fires clock rules; it is ended with the tasks.
    :param lookout: tells of Scans that hang, and with whose knowledge of folders Strikes and ingests do so themselves.
    :param on_nodes: names of the job types whose tasks nodes do.
    :param have_nodes: whether there are nodes that could do them now.
    """

    def __init__(
        self,
        context: Context,
        ended: TaskEnd,
        clock: Clock,
        lookout: Lookout,
        on_nodes: Collection[str] = (),
        have_nodes: Callable[[], bool] = bool,
    ) -> None:
        self._context = context
        self._ended = ended
        self._clock = clock
        self._on_nodes = on_nodes
        self._answering = lookout.answering
        self._pool = IngestPool(context, ended, answering=self._answering)
        self._is_open = False
        self._running: dict[int, _Running] = {}
        self._makers: Mapping[str, Callable[[SystemTask], LongTask]] = {
            STRIKE_JOB: self._strike,
            CLOCK_JOB: lambda _task: ClockTask(clock, have_nodes),
            CHANGE_JOB: lambda task: ChangeTask(context, task),
            SCAN_JOB: lambda task: ScanTask(context, _id_in(task, SCAN_INPUT, "a Scan"), task.job_id, lookout),
        }

    def open(self) -> None:
        """Start the threads that wait for work."""
        if not self._is_open:
            self._is_open = True
            self._pool.start()

    def slots(self) -> dict[str, int]:
        """How many more tasks of the job types with a limit can be started now."""
        return {INGEST_JOB: self._pool.free()}

    def start(self, tasks: Sequence[SystemTask]) -> None:
        """Run tasks."""
        self._pool.submit([task for task in tasks if task.task == INGEST_JOB])
        for task in tasks:
            if task.task != INGEST_JOB:
                self._start_long(task)

    def cancel(self, execution_id: int) -> bool:
        """Stop a long task because its job was canceled; whether there is one."""
        running = self._running.get(execution_id)
        if running is None:
            return False
        running.canceled.set()
        running.stop.set()
        return True

    def ask_to_end(self) -> None:
        """Have everything end; returns at once. What ends only because Scale does is not told to ``ended``: it is to go
        on at the next start."""
        for one in dict(self._running).values():
            one.stop.set()
        self._clock.ask_to_end()
        self._pool.ask_to_end()

    def close(self, timeout_seconds: float) -> None:
        """Wait for everything to end; what does not end in time is abandoned."""
        self.ask_to_end()
        deadline = time.monotonic() + timeout_seconds
        self._pool.stop(timeout_seconds)
        for one in dict(self._running).values():
            one.thread.join(max(0.0, deadline - time.monotonic()))
        self._clock.close(max(0.0, deadline - time.monotonic()))

    def _start_long(self, task: SystemTask) -> None:
        try:
            if task.task not in self._makers:
                raise TaskUnusable(f"This version of Scale has no task {task.task!r}.")
            long_task = self._makers[task.task](task)
        except TaskUnusable as error:
            self._ended([(task.execution_id, ReportFailure(kind="launch", message=str(error)))])
            return
        stop, canceled = threading.Event(), threading.Event()
        name = f"{task.task}-{task.execution_id}"
        thread = threading.Thread(target=self._run, args=(task, long_task, stop, canceled), name=name, daemon=True)
        self._running[task.execution_id] = _Running(thread, stop, canceled)
        thread.start()

    def _run(self, task: SystemTask, long_task: LongTask, stop: threading.Event, canceled: threading.Event) -> None:
        failure = None
        try:
            long_task.run(stop)
        except TaskFailed as error:
            failure = error.failure
        except Exception as error:  # the end of a thread: whatever it is, the execution has to end with it
            about = {"execution_id": task.execution_id, "job_id": task.job_id, "job_type": task.task}
            log.exception("A task of Scale's own failed", extra=about)
            failure = ReportFailure(kind="unknown", message=f"{type(error).__name__}: {error}")
        if stop.is_set() and not canceled.is_set():
            return
        if canceled.is_set():
            failure = ReportFailure(kind="canceled", message="The job was canceled.")
        self._running.pop(task.execution_id, None)
        self._ended([(task.execution_id, failure)])

    def _strike(self, task: SystemTask) -> LongTask:
        strike_id = _id_in(task, STRIKE_INPUT, "a Strike process")
        make = partial(StrikeProcess, ingests=INGEST_JOB not in self._on_nodes)
        return GuardedStrike(self._context, strike_id, task.execution_id, self._answering, make)


def _id_in(task: SystemTask, name: str, what: str) -> int:
    """The id in an input of a task.

    :raises TaskUnusable: there is none.
    """
    text = task.data.get(name, "")
    if not text.isdecimal():
        raise TaskUnusable(f"The job's input {name!r} is {text!r} and should be the id of {what}.")
    return int(text)
