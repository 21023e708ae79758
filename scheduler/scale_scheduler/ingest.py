"""The ingest tasks: threads that take transferred files into their workspaces, many in one transaction."""

import logging
import queue
import stat
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from scale_core.domain.media_types import HEAD_SIZE, UNKNOWN, media_type
from scale_core.interfaces.broker import Broker, BrokerError, FileMissing
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError
from scale_core.services.executions import SystemTask
from scale_core.services.ingesting import IngestingService, IngestOrder, Refused, StoredSource
from scale_core.services.transfers import INGEST_INPUT
from scale_generated.specs.execution_report import ReportFailure

log = logging.getLogger(__name__)

WORKERS = 4
GROUP = 100
"""Files that are recorded in one transaction, at most."""

GROUP_SECONDS = 0.2
"""How long a group waits for its next file to be moved before what is done is recorded."""

MAX_HELD = 400
"""Tasks that are taken off the queue, at most."""

FailureKind = Literal["input", "output-storage", "engine", "unknown"]
TaskEnd = Callable[[int, ReportFailure | None], None]


@dataclass(slots=True)
class _Group:
    """Tasks on their way through one worker, by ingest, and what became of them so far."""

    tasks: dict[int, SystemTask]
    stored: list[StoredSource] = field(default_factory=list)
    failed: list[tuple[Refused, FailureKind]] = field(default_factory=list)


class IngestPool:
    """Runs ingest tasks in a few threads.

    :param ended: is told the end of each task, once; from any thread.
    """

    def __init__(self, context: Context, ended: TaskEnd, workers: int = WORKERS) -> None:
        self._context = context
        self._service = IngestingService(context)
        self._ended = ended
        self._tasks: queue.SimpleQueue[SystemTask | None] = queue.SimpleQueue()
        self._held = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
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

    def submit(self, task: SystemTask) -> None:
        """Run a task as soon as a thread is free."""
        with self._lock:
            self._held += 1
        self._tasks.put(task)

    def stop(self, timeout_seconds: float) -> None:
        """Finish the files that are being moved, begin no others."""
        self._stopping.set()
        for _ in self._threads:
            self._tasks.put(None)
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while tasks := self._next_group():
            group = self._read(tasks)
            try:
                self._ingest(group)
            except Exception as error:  # a thread must outlive whatever a broker or the database does
                about = [task.execution_id for task in group.tasks.values()]
                log.exception("Ingests broke off; their executions fail: %s", about)
                kind: FailureKind = "engine" if isinstance(error, SQLAlchemyError) else "unknown"
                self._end(group.tasks.values(), ReportFailure(kind=kind, message=f"{type(error).__name__}: {error}"))

    def _next_group(self) -> list[SystemTask]:
        """The next tasks, a fair share of those that wait; empty: stop."""
        first = self._tasks.get()
        tasks = [] if first is None else [first]
        share = min(GROUP, self._tasks.qsize() // len(self._threads))
        while tasks and len(tasks) <= share:
            try:
                further = self._tasks.get_nowait()
            except queue.Empty:
                break
            if further is None:
                self._tasks.put(None)
                break
            tasks.append(further)
        return [] if self._stopping.is_set() else tasks

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
        group.failed.extend((one, "input") for one in begun.refused)
        brokers: dict[str, Broker] = {}
        recorded = time.monotonic()
        for order in begun.orders:
            self._store(order, group, brokers)
            if time.monotonic() - recorded > GROUP_SECONDS:
                self._record(group)
                recorded = time.monotonic()
        self._record(group)

    def _store(self, order: IngestOrder, group: _Group, brokers: dict[str, Broker]) -> None:
        try:
            if order.workspace_name not in brokers:
                brokers[order.workspace_name] = broker_for(self._context, order.workspace_configuration)
            group.stored.append(store_source(order, brokers[order.workspace_name]))
        except (BrokerError, ServiceError, OSError) as error:
            kind: FailureKind = "input" if isinstance(error, FileMissing | OSError) else "output-storage"
            group.failed.append((Refused(order.ingest_id, str(error)), kind))

    def _record(self, group: _Group) -> None:
        stored, group.stored = group.stored, []
        if stored:
            self._finish(group, stored)
        failed, group.failed = group.failed, []
        if failed:
            self._service.fail([refused for refused, _kind in failed])
            for refused, kind in failed:
                self._end([group.tasks.pop(refused.ingest_id)], ReportFailure(kind=kind, message=refused.reason))

    def _finish(self, group: _Group, stored: Sequence[StoredSource]) -> None:
        """Record stored files; where that fails for the group, one by one, so that one cannot hold up the others."""
        try:
            self._service.finish(stored)
        except (SQLAlchemyError, ServiceError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            if len(stored) == 1:
                log.exception("A source file cannot be recorded", extra={"ingest_id": stored[0].ingest_id})
                reason = f"The file is stored at {stored[0].path!r}, but cannot be recorded: {error}"
                group.failed.append((Refused(stored[0].ingest_id, reason), "unknown"))
                return
            for one in stored:
                self._finish(group, [one])
        else:
            self._complete(group, [one.ingest_id for one in stored])

    def _complete(self, group: _Group, ingest_ids: Sequence[int]) -> None:
        self._end([group.tasks.pop(ingest_id) for ingest_id in ingest_ids], None)

    def _end(self, tasks: Iterable[SystemTask], failure: ReportFailure | None) -> None:
        for task in list(tasks):
            with self._lock:
                self._held -= 1
            self._ended(task.execution_id, failure)


def store_source(order: IngestOrder, broker: Broker) -> StoredSource:
    """Move a file into its workspace, or find it there if that was done before a crash.

    :raises BrokerError: the storage refuses; the file is still where it was.
    :raises OSError: the file cannot be read.
    """
    source = Path(order.source)
    try:
        kind = _media_type(source, order.file_name)
    except FileNotFoundError:
        return _found(order, broker)
    path = _free_path(order, broker)
    stored = broker.store(source, path, move=True)
    return StoredSource(order.ingest_id, path, stored.size, stored.checksum, kind)


def _media_type(source: Path, file_name: str) -> str:
    if not stat.S_ISREG(source.lstat().st_mode):
        raise FileMissing(f"{source} is not a regular file any more; transfer it again.")
    kind = media_type(file_name)
    if kind != UNKNOWN:
        return kind
    with source.open("rb") as content:
        return media_type(file_name, content.read(HEAD_SIZE))


def _free_path(order: IngestOrder, broker: Broker) -> str:
    """The place for the file: its own one if at the usual one there is another file that Scale does not know."""
    size = _size(broker, order.path)
    if size is None or (size == Path(order.source).stat().st_size and _same_content(order, broker)):
        return order.path
    return order.own_path


def _same_content(order: IngestOrder, broker: Broker) -> bool:
    """Whether the file in the workspace is a copy of the source, left by a crash."""
    with Path(order.source).open("rb") as ours, broker.open(order.path) as theirs:
        while chunk := ours.read(1 << 20):
            if theirs.read(len(chunk)) != chunk:
                return False
    return True


def _found(order: IngestOrder, broker: Broker) -> StoredSource:
    """The file in the workspace, moved there before a crash.

    :raises FileMissing: it is neither here nor there.
    """
    for path in dict.fromkeys((order.own_path, order.path)):
        if _size(broker, path) == order.size:
            with broker.open(path) as content:
                kind = media_type(order.file_name, content.read(HEAD_SIZE))
            return StoredSource(order.ingest_id, path, order.size, broker.checksum(path), kind)
    raise FileMissing(
        f"The file is gone: it is neither at {order.source} nor at {order.path!r} in the workspace "
        f"{order.workspace_name!r}. Transfer it again."
    )


def _size(broker: Broker, path: str) -> int | None:
    try:
        return broker.stat(path)
    except FileMissing:
        return None
