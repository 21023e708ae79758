"""The work on ingests that go through one thread together: moved, recorded, failed, found to be duplicates."""

import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from scale_core.db.troubles import is_passing
from scale_core.intake.moves import Failure, Mover, failure
from scale_core.intake.orders import IngestOrder, Place, Removal, StoredSource
from scale_core.intake.origins import Origins
from scale_core.interfaces.broker import BrokerError
from scale_core.services.brokers import place_broker
from scale_core.services.context import Context
from scale_core.services.duplicates import DuplicateService
from scale_core.services.exceptions import ServiceError
from scale_core.services.executions import SystemTask
from scale_core.services.ingest_orders import Refused
from scale_core.services.ingesting import IngestingService
from scale_generated.specs.execution_report import ReportFailure
from scale_scheduler.ingest_crew import Batch
from scale_scheduler.ingest_folders import Folders
from scale_scheduler.ingest_line import Line, Moving
from scale_scheduler.ingest_progress import Progress

log = logging.getLogger(__name__)

LARGE = 1 << 20
"""Bytes from which on a file is moved and recorded by itself, beside others."""

TRIAL = 50
"""Files of a group that are moved first, to see how long it takes."""

SLOW_SECONDS = 0.2
"""Where the first ones take longer, the others are moved one by one, beside each other."""

CANCELED = ReportFailure(kind="canceled", message="The job was canceled.")

Ended = Callable[[Sequence[SystemTask], ReportFailure | None], None]
"""Takes tasks that have ended, and why they failed."""


@dataclass(slots=True)
class Group:
    """Tasks on their way through one worker, by ingest."""

    tasks: dict[int, SystemTask]
    movers: dict[str, Mover] = field(default_factory=dict)

    def release(self, ingest_ids: Sequence[int]) -> list[SystemTask]:
        """Take the tasks of ingests out of it, as far as they are in it."""
        return [self.tasks.pop(one) for one in ingest_ids if one in self.tasks]


class GroupWork:
    """Does it, for any group.

    :param line: takes what is moved one by one.
    :param origins: fetches files that another workspace has.
    :param ended: is told the end of each task, once.
    """

    def __init__(self, context: Context, line: Line, origins: Origins, ended: Ended) -> None:
        self._context = context
        self._service = IngestingService(context)
        self._duplicates = DuplicateService(context)
        self._line = line
        self._origins = origins
        self._ended = ended

    def begin(self, group: Group, *, is_alone: bool = False) -> Iterator[Batch]:
        """Begin the ingests of a group; what is to be done with their files.

        :param is_alone: it is the one of a file that was put aside; otherwise large files are, and begin later.
        """
        begun = self._service.begin(list(group.tasks), math.inf if is_alone else LARGE)
        self._complete(group, begun.finished)
        self._ended([group.tasks.pop(one) for one in begun.canceled], CANCELED)
        self._fail(group, [Failure(one.ingest_id, one.reason, "input") for one in begun.refused])
        self._line.put_aside([Moving(group.tasks.pop(one), one) for one in begun.large])
        return self.batches(group, begun.orders, begun.removals)

    def batches(self, group: Group, orders: Sequence[IngestOrder], removals: Sequence[Removal] = ()) -> Iterator[Batch]:
        """The work on files, by the folders that they are in and go to: one that does not answer is to hold up no
        other."""
        by_folders: defaultdict[Sequence[str], tuple[list[IngestOrder], list[Removal]]] = defaultdict(lambda: ([], []))
        folders = Folders(self._context)
        for order in orders:
            by_folders[folders.of_order(order)][0].append(order)
        for removal in removals:
            by_folders[folders.of_removal(removal)][1].append(removal)
        for some_folders, (some, left) in by_folders.items():
            ids = [order.ingest_id for order in some] + [removal.ingest_id for removal in left]
            yield Batch(some_folders, ids, partial(self._do, group, some, left), partial(group.release, ids))

    def _do(self, group: Group, orders: Sequence[IngestOrder], removals: Sequence[Removal]) -> None:
        self._remove(group, removals)
        self._move(group, orders)

    def _put_aside(self, group: Group, orders: Iterable[IngestOrder]) -> None:
        """Have files moved one by one, by any thread."""
        self._line.put_aside([Moving(group.tasks.pop(order.ingest_id), order.ingest_id, order) for order in orders])

    def _move(self, group: Group, orders: Sequence[IngestOrder]) -> None:
        by_workspace = defaultdict(list)
        for order in orders:
            by_workspace[order.workspace.name].append(order)
        for some in by_workspace.values():
            mover = self._mover(group, some[0].workspace, [order.ingest_id for order in some])
            if mover is None:
                continue
            if len(some) == 1:
                mover = mover.telling(Progress(partial(self._service.told, some[0].ingest_id)))
            started = time.monotonic()
            moved = mover.move(some[:TRIAL])
            if time.monotonic() - started < SLOW_SECONDS:
                moved.add(mover.move(some[TRIAL:]))
            else:
                self._put_aside(group, some[TRIAL:])
            self._finish(group, moved.stored)
            self._fail(group, moved.failed)
            self._mark(group, moved.duplicates)

    def _mark(self, group: Group, duplicates: Sequence[tuple[IngestOrder, int]]) -> None:
        """Record what files are duplicates of, then remove them."""
        if duplicates:
            self._duplicates.mark([(order.ingest_id, file_id, order.own_path) for order, file_id in duplicates])
            removals = [
                Removal(one.ingest_id, None if one.keeps_source else one.source, one.own_path, one.workspace)
                for one, _file_id in duplicates
            ]
            self._remove(group, removals)

    def _mover(self, group: Group, place: Place, ingest_ids: Sequence[int]) -> Mover | None:
        """What moves files into a workspace; None: it cannot be used, which is recorded."""
        if place.name not in group.movers:
            try:
                broker = place_broker(self._context, place)
            except BrokerError as error:
                self._fail(group, [failure(ingest_id, error) for ingest_id in ingest_ids])
                return None
            group.movers[place.name] = Mover(broker, self._duplicates.known, self._origins)
        return group.movers[place.name]

    def _finish(self, group: Group, stored: Sequence[StoredSource]) -> None:
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

    def _remove(self, group: Group, removals: Sequence[Removal]) -> None:
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

    def _fail(self, group: Group, failures: Sequence[Failure]) -> None:
        if not failures:
            return
        self._service.fail([Refused(one.ingest_id, one.reason) for one in failures])
        for one in failures:
            self._ended([group.tasks.pop(one.ingest_id)], ReportFailure(kind=one.kind, message=one.reason))

    def _complete(self, group: Group, ingest_ids: Sequence[int]) -> None:
        self._ended([group.tasks.pop(ingest_id) for ingest_id in ingest_ids], None)
