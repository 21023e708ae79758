"""The ingest tasks: threads that take transferred files into their workspaces, many in one transaction."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from scale_core.db.troubles import is_passing
from scale_core.interfaces.broker import BrokerError
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.duplicates import DuplicateService
from scale_core.services.exceptions import ServiceError
from scale_core.services.executions import SystemTask
from scale_core.services.ingest_jobs import INGEST_INPUT
from scale_core.services.ingest_orders import IngestOrder, Place, Refused, Removal, StoredSource
from scale_core.services.ingesting import IngestingService
from scale_generated.specs.execution_report import ReportFailure
from scale_scheduler.ingest_line import Line, Moving
from scale_scheduler.ingest_moves import Failure, FailureKind, Mover, failure

log = logging.getLogger(__name__)

WORKERS = 4

MAX_HELD = 2000
"""Tasks that are taken off the queue, at most."""

LARGE = 1 << 20
"""Bytes from which on a file is moved and recorded by itself, beside others."""

TRIAL = 50
"""Files of a group that are moved first, to see how long it takes."""

SLOW_SECONDS = 0.2
"""Where the first ones take longer, the others are moved one by one, beside each other."""

TaskEnd = Callable[[Sequence[tuple[int, ReportFailure | None]]], None]
"""Takes the ends of tasks: execution id, and why it failed."""


@dataclass(slots=True)
class _Group:
    """Tasks on their way through one worker, by ingest."""

    tasks: dict[int, SystemTask]
    movers: dict[str, Mover] = field(default_factory=dict)


class IngestPool:
    """Runs ingest tasks in a few threads.

    :param ended: is told the end of each task, once; from any thread.
    """

    def __init__(self, context: Context, ended: TaskEnd, workers: int = WORKERS) -> None:
        self._context = context
        self._service = IngestingService(context)
        self._duplicates = DuplicateService(context)
        self._ended = ended
        self._line = Line(workers)
        self._held = 0
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"ingest-{number}", daemon=True) for number in range(workers)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def free(self) -> int:
        """How many more tasks the pool takes now."""
        return MAX_HELD - self._held

    def submit(self, tasks: Sequence[SystemTask]) -> None:
        """Run tasks as soon as a thread is free."""
        if tasks:
            with self._lock:
                self._held += len(tasks)
            self._line.add(tasks)

    def ask_to_end(self) -> None:
        """Begin no other files; returns at once."""
        self._line.close()

    def stop(self, timeout_seconds: float) -> None:
        """Finish the files that are being moved, begin no others."""
        self.ask_to_end()
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while work := self._line.take():
            if isinstance(work, Moving):
                group = _Group({work.order.ingest_id: work.task})
                self._guard(group, partial(self._move, group, [work.order]))
                self._line.moved()
            else:
                group = self._read(work)
                self._guard(group, partial(self._ingest, group))

    def _guard(self, group: _Group, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # a thread must outlive whatever a broker or the database does
            about = [task.execution_id for task in group.tasks.values()]
            log.exception("Ingests broke off; their executions fail: %s", about)
            message = f"{type(error).__name__}: {error}"
            if not isinstance(error, SQLAlchemyError):
                self._record_failure(group, message)
            kind: FailureKind = "engine" if isinstance(error, SQLAlchemyError) else "unknown"
            self._end(group.tasks.values(), ReportFailure(kind=kind, message=message))

    def _record_failure(self, group: _Group, reason: str) -> None:
        try:
            self._service.fail([Refused(ingest_id, reason) for ingest_id in group.tasks])
        except Exception:  # the task's end tells the same
            log.exception("The failure of ingests cannot be recorded")

    def _read(self, tasks: Iterable[SystemTask]) -> _Group:
        group = _Group({})
        for task in tasks:
            text = task.data.get(INGEST_INPUT, "")
            if text.isdecimal():
                group.tasks[int(text)] = task
            else:
                message = f"The job's input {INGEST_INPUT!r} is {text!r} and should be the id of an ingest."
                self._end([task], ReportFailure(kind="input", message=message))
        return group

    def _ingest(self, group: _Group) -> None:
        begun = self._service.begin(list(group.tasks))
        self._complete(group, begun.finished)
        self._fail(group, [Failure(one.ingest_id, one.reason, "input") for one in begun.refused])
        self._remove(group, begun.removals)
        self._put_aside(group, [order for order in begun.orders if order.size >= LARGE])
        self._move(group, [order for order in begun.orders if order.size < LARGE])

    def _put_aside(self, group: _Group, orders: Iterable[IngestOrder]) -> None:
        """Have files moved one by one, by any thread."""
        self._line.put_aside([Moving(group.tasks.pop(order.ingest_id), order) for order in orders])

    def _move(self, group: _Group, orders: Sequence[IngestOrder]) -> None:
        by_workspace = defaultdict(list)
        for order in orders:
            by_workspace[order.workspace.name].append(order)
        for some in by_workspace.values():
            mover = self._mover(group, some[0].workspace, [order.ingest_id for order in some])
            if mover is None:
                continue
            started = time.monotonic()
            moved = mover.move(some[:TRIAL])
            if time.monotonic() - started < SLOW_SECONDS:
                moved.add(mover.move(some[TRIAL:]))
            else:
                self._put_aside(group, some[TRIAL:])
            self._finish(group, moved.stored)
            self._fail(group, moved.failed)
            self._mark(group, moved.duplicates)

    def _mark(self, group: _Group, duplicates: Sequence[tuple[IngestOrder, int]]) -> None:
        """Record what files are duplicates of, then remove them."""
        if duplicates:
            self._duplicates.mark([(order.ingest_id, file_id, order.own_path) for order, file_id in duplicates])
            removals = [Removal(one.ingest_id, one.source, one.own_path, one.workspace) for one, _file_id in duplicates]
            self._remove(group, removals)

    def _mover(self, group: _Group, place: Place, ingest_ids: Sequence[int]) -> Mover | None:
        """What moves files into a workspace; None: it cannot be used, which is recorded."""
        if place.name not in group.movers:
            try:
                broker = broker_for(self._context, place.configuration)
            except ServiceError as error:
                self._fail(group, [failure(ingest_id, error) for ingest_id in ingest_ids])
                return None
            group.movers[place.name] = Mover(broker, self._duplicates.known)
        return group.movers[place.name]

    def _finish(self, group: _Group, stored: Sequence[StoredSource]) -> None:
        """Record stored files; where that fails for the group, one by one, so that one cannot hold up the others."""
        if not stored:
            return
        try:
            removals = self._service.finish(stored)
        except (SQLAlchemyError, ServiceError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            if is_passing(error):
                raise
            if len(stored) == 1:
                log.exception("A source file cannot be recorded", extra={"ingest_id": stored[0].ingest_id})
                reason = f"The file is stored at {stored[0].path!r}, but cannot be recorded: {error}"
                self._fail(group, [Failure(stored[0].ingest_id, reason, "unknown")])
                return
            for one in stored:
                self._finish(group, [one])
        else:
            late = {one.ingest_id for one in removals}
            self._complete(group, [one.ingest_id for one in stored if one.ingest_id not in late])
            self._remove(group, removals)

    def _remove(self, group: _Group, removals: Sequence[Removal]) -> None:
        """Remove what is left of duplicates, and record them."""
        removed = []
        for one in removals:
            mover = self._mover(group, one.workspace, [one.ingest_id])
            if mover is None:
                continue
            try:
                mover.remove(one)
            except (BrokerError, OSError) as error:
                self._fail(group, [failure(one.ingest_id, error)])
            else:
                removed.append(one.ingest_id)
        if removed:
            self._duplicates.finish(removed)
            self._complete(group, removed)

    def _fail(self, group: _Group, failures: Sequence[Failure]) -> None:
        if not failures:
            return
        self._service.fail([Refused(one.ingest_id, one.reason) for one in failures])
        for one in failures:
            self._end([group.tasks.pop(one.ingest_id)], ReportFailure(kind=one.kind, message=one.reason))

    def _complete(self, group: _Group, ingest_ids: Sequence[int]) -> None:
        self._end([group.tasks.pop(ingest_id) for ingest_id in ingest_ids], None)

    def _end(self, tasks: Iterable[SystemTask], failure: ReportFailure | None) -> None:
        ended = list(tasks)
        with self._lock:
            self._held -= len(ended)
        if ended:
            self._ended([(task.execution_id, failure) for task in ended])
