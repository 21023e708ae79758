"""The task of a Scan: looks through its files, batch by batch, until it has seen all."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from scale_core.backoff import Backoff
from scale_core.db.troubles import is_passing
from scale_core.interfaces.broker import BrokerError
from scale_core.services.context import Context
from scale_core.services.exceptions import Invalid, NotFound
from scale_core.services.scan_progress import Seen
from scale_core.services.scan_runs import ScanCanceled, ScanOrder, ScanRunService
from scale_core.watching.mounts import WatchUnavailable
from scale_core.watching.pulse import Pulse
from scale_generated.specs.execution_report import ReportFailure
from scale_scheduler.failures import TaskFailed
from scale_scheduler.lookout import Lookout
from scale_scheduler.scan.places import Place, place_of

log = logging.getLogger(__name__)

BATCH: Final = 512
"""Files and folders of one transaction, at most."""

BATCH_SECONDS: Final = 2.0
"""How long a batch is gathered, where storage is slow."""

TELL_SECONDS: Final = 1.0
"""How often a preview shows how far it is."""

ROOM_SECONDS: Final = 0.2
"""How often is looked whether more files may be handed on."""

PAUSE_SECONDS: Final = 0.01
"""How long others may write before the next batch."""


def _failed(reason: str) -> TaskFailed:
    return TaskFailed(ReportFailure(kind="input", message=f"{reason}. Then process the Scan again."))


class ScanTask:
    """Does what the job ``job_id`` of the Scan ``scan_id`` is to do.

    :param lookout: tells people where it hangs.
    """

    def __init__(
        self,
        context: Context,
        scan_id: int,
        job_id: int,
        lookout: Lookout,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._service = ScanRunService(context)
        self._scan_id = scan_id
        self._job_id = job_id
        self._lookout = lookout
        self._monotonic = monotonic
        self._backoff = Backoff()

    def run(self, stop: threading.Event) -> None:
        """Look through all files, or until ``stop`` is set. While the database cannot be used it is tried again.

        :raises TaskFailed: where it is to look is not there, or cannot be read.
        """
        while not stop.is_set():
            try:
                self._scan(stop)
            except ScanCanceled:
                log.info("The Scan was canceled", extra={"scan_id": self._scan_id, "job_id": self._job_id})
                return
            except SQLAlchemyError as error:
                if not is_passing(error):
                    raise
                log.warning("A Scan waits for the database: %s", error, extra={"scan_id": self._scan_id})
                stop.wait(self._backoff.next())
            except OSError as error:
                raise _failed(
                    f"{error.filename} cannot be read: {error.strerror}. Mount it, or let Scale read it"
                ) from error
            except (BrokerError, WatchUnavailable, NotFound, Invalid) as error:
                raise _failed(str(error).rstrip(".")) from error
            else:
                return

    def _scan(self, stop: threading.Event) -> None:
        while not stop.is_set() and self._service.take_up(self._scan_id, self._job_id):
            stop.wait(PAUSE_SECONDS)
        order = self._service.order(self._scan_id, self._job_id)
        if order is None:
            log.info("There is nothing left to do for the Scan", extra={"scan_id": self._scan_id})
            return
        with self._lookout.over(f"The Scan {order.name!r}") as pulse:
            pulse.beat(_directory(order))
            place = place_of(self._context, order.configuration)
            log.info("Scan %r looks through %s", order.name, place.name, extra=order.about())
            order = self._look(order, place, stop, pulse)
        if not stop.is_set():
            self._service.end(order)
            log.info("Scan %r has seen everything in %s", order.name, place.name, extra=order.about())

    def _look(self, order: ScanOrder, place: Place, stop: threading.Event, pulse: Pulse) -> ScanOrder:
        told = self._monotonic()
        for seen in self._batches(_beating(place, order.place, pulse)):
            if not order.is_dry_run:
                self._await_room(order, len(seen), stop)
            if stop.is_set():
                break
            if not order.is_dry_run:
                order = self._service.record(order, seen, place.root)
                self._backoff.reset()
                stop.wait(PAUSE_SECONDS)
                continue
            order = self._service.preview(order, seen)
            if self._monotonic() - told >= TELL_SECONDS:
                self._service.tell(order)
                told = self._monotonic()
        return order

    def _await_room(self, order: ScanOrder, number: int, stop: threading.Event) -> None:
        """Wait until so many files may be handed on, or until ``stop`` is set."""
        while not stop.is_set() and not self._service.has_room(order, number):
            stop.wait(ROOM_SECONDS)

    def _batches(self, entries: Iterable[Seen]) -> Iterator[list[Seen]]:
        """The entries in groups that are not too large and not too old."""
        batch: list[Seen] = []
        most = min(BATCH, self._context.settings.scan_open_ingests)
        began = self._monotonic()
        for one in entries:
            batch.append(one)
            if len(batch) >= most or self._monotonic() - began >= BATCH_SECONDS:
                yield batch
                batch, began = [], self._monotonic()
        if batch:
            yield batch


def _directory(order: ScanOrder) -> Path | None:
    """The directory in which a Scan looks, where its configuration names one of this machine."""
    mount = order.configuration.mount
    return Path(mount) if mount is not None and mount.startswith("/") else None


def _beating(place: Place, after: str | None, pulse: Pulse) -> Iterator[Seen]:
    """The entries of a place, each of which shows that the place answers."""
    pulse.beat(place.folder)
    for one in place.entries(after):
        pulse.beat(None)
        yield one
        pulse.beat(place.folder)
    pulse.beat(None)
