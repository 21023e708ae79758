"""The ingest tasks: threads that take transferred files into their workspaces, many in one transaction."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from scale_core.intake.origins import Origins
from scale_core.services.brokers import place_broker
from scale_core.services.context import Context
from scale_core.services.executions import SystemTask
from scale_core.services.ingest_jobs import INGEST_INPUT
from scale_core.services.ingest_orders import Refused
from scale_core.services.ingesting import IngestingService
from scale_core.storage.answering import Answering
from scale_generated.specs.execution_report import ReportFailure
from scale_scheduler.ingest_crew import Batch, Crew, Worker
from scale_scheduler.ingest_group import Group, GroupWork
from scale_scheduler.ingest_line import Line, Moving
from scale_scheduler.ingest_waiting import WaitingRoom

log = logging.getLogger(__name__)

WORKERS = 4

FETCHED = "fetched"
"""The folder, in the data folder, for copies of files that another workspace has."""

MAX_HELD = 2000
"""Tasks that are taken off the queue, at most."""

TaskEnd = Callable[[Sequence[tuple[int, ReportFailure | None]]], None]
"""Takes the ends of tasks: execution id, and why it failed."""


class IngestPool:
    """Runs ingest tasks in a few threads.

    :param ended: is told the end of each task, once; from any thread.
    """

    def __init__(
        self, context: Context, ended: TaskEnd, workers: int = WORKERS, answering: Answering | None = None
    ) -> None:
        self._service = IngestingService(context)
        self._origins = Origins(Path(context.settings.data_dir) / FETCHED, partial(place_broker, context))
        self._ended = ended
        self._line = Line(workers)
        self._work_on = GroupWork(context, self._line, self._origins, self._end)
        self._held = 0
        self._lock = threading.Lock()
        self._crew = Crew(workers, self._work)
        self._waiting = WaitingRoom(answering or Answering(), self._crew, self._lose, self._line.add)

    def start(self) -> None:
        """Start the threads."""
        self._origins.tidy()
        self._crew.fill_up()
        self._waiting.start()

    def free(self) -> int:
        """How many more tasks the pool takes now."""
        return MAX_HELD - self._held + self._waiting.places_left()

    def submit(self, tasks: Sequence[SystemTask]) -> None:
        """Run tasks as soon as a thread is free."""
        if tasks:
            with self._lock:
                self._held += len(tasks)
            self._line.add(tasks)

    def ask_to_end(self) -> None:
        """Begin no other files; returns at once."""
        self._waiting.end()
        self._line.close()

    def stop(self, timeout_seconds: float) -> None:
        """Finish the files that are being moved, begin no others."""
        self.ask_to_end()
        deadline = time.monotonic() + timeout_seconds
        self._crew.join(timeout_seconds)
        self._waiting.join(max(0.0, deadline - time.monotonic()))

    def _work(self, worker: Worker) -> None:
        while not worker.is_lost and (work := self._line.take()):
            worker.is_moving = isinstance(work, Moving)
            if isinstance(work, Moving):
                group = Group({work.ingest_id: work.task})
                if work.order is None:
                    self._guard(worker, group, partial(self._work_on.begin, group, is_alone=True))
                else:
                    self._guard(worker, group, partial(self._work_on.batches, group, [work.order]))
                if not worker.is_lost:
                    self._line.moved()
            else:
                group = self._read(work)
                self._guard(worker, group, partial(self._work_on.begin, group))
        if worker.is_lost:
            self._waiting.came_back(worker)

    def _carry_out(self, worker: Worker) -> None:
        while (batch := worker.next()) is not None:
            folder = self._waiting.folder_to_wait_for(batch.folders)
            if folder is not None:
                self._wait(batch, folder)
            else:
                batch.work()

    def _lose(self, worker: Worker, batch: Batch, left: Sequence[Batch], folder: str) -> None:
        """Have another thread in the place of one that hangs in a batch, and do the batches that it has not begun.

        :param folder: what does not answer.
        """
        self._line.add([task for one in left for task in one.release()])
        if worker.is_moving:
            self._line.moved()
        self._crew.fill_up()
        self._tell_waiting(batch, folder)

    def _wait(self, batch: Batch, folder: str) -> None:
        """Have a batch wait until a folder answers."""
        self._tell_waiting(batch, folder)
        self._waiting.keep(folder, batch.release())

    def _tell_waiting(self, batch: Batch, folder: str) -> None:
        try:
            self._service.waits(batch.ingest_ids, f"The file waits: {folder} does not answer.")
        except SQLAlchemyError:
            log.exception("What ingests wait for cannot be recorded")

    def _guard(self, worker: Worker, group: Group, batches: Callable[[], Iterable[Batch]]) -> None:
        """Do the batches of a group; where that breaks off, its tasks fail."""
        try:
            worker.take(batches())
            self._carry_out(worker)
        except Exception as error:  # a thread must outlive whatever a broker or the database does
            worker.stop_work()
            about = [task.execution_id for task in list(group.tasks.values())]
            log.exception("Ingests broke off; their executions fail: %s", about)
            message = f"{type(error).__name__}: {error}"
            if not isinstance(error, SQLAlchemyError):
                self._record_failure(group, message)
            failure = ReportFailure(kind="engine" if isinstance(error, SQLAlchemyError) else "unknown", message=message)
            self._end(list(group.tasks.values()), failure)

    def _record_failure(self, group: Group, reason: str) -> None:
        try:
            self._service.fail([Refused(ingest_id, reason) for ingest_id in list(group.tasks)])
        except Exception:  # the task's end tells the same
            log.exception("The failure of ingests cannot be recorded")

    def _read(self, tasks: Iterable[SystemTask]) -> Group:
        group = Group({})
        for task in tasks:
            text = task.data.get(INGEST_INPUT, "")
            if text.isdecimal():
                group.tasks[int(text)] = task
            else:
                message = f"The job's input {INGEST_INPUT!r} is {text!r} and should be the id of an ingest."
                self._end([task], ReportFailure(kind="input", message=message))
        return group

    def _end(self, tasks: Sequence[SystemTask], failure: ReportFailure | None) -> None:
        with self._lock:
            self._held -= len(tasks)
        if tasks:
            self._ended([(task.execution_id, failure) for task in tasks])
