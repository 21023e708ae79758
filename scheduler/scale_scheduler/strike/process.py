"""A Strike process: watches one directory for as long as its job runs."""

import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError
from scale_core.services.transfer_records import WatchOrder
from scale_core.services.transfers import TransferService
from scale_scheduler.backoff import Backoff
from scale_scheduler.strike.changes import changes
from scale_scheduler.strike.directory import WatchedDirectory
from scale_scheduler.strike.file_worker import FileWorker
from scale_scheduler.strike.mounts import MOUNTS, WatchUnavailable, polled, read_mounts, resolve
from scale_scheduler.strike.prompt import PromptIngests
from scale_scheduler.strike.tracker import Tracker

log = logging.getLogger(__name__)

RESCAN_SECONDS = 5.0
"""How often a directory is looked at though it told of nothing."""

REVISION_SECONDS = 1.0
"""How often the Strike process looks whether it was edited."""


class StrikeProcess:
    """Watches the directory of the Strike ``strike_id`` on behalf of the job execution ``execution_id``.

    :param poll: whether to look instead of listening; None: as the file system needs.
    """

    def __init__(self, context: Context, strike_id: int, execution_id: int, *, poll: bool | None = None) -> None:
        self._context = context
        self._service = TransferService(context)
        self._strike_id = strike_id
        self._execution_id = execution_id
        self._poll = poll
        self._backoff = Backoff()
        self._noted: str | None = None
        self._about = {"strike_id": strike_id, "execution_id": execution_id}

    def run(self, stop: threading.Event) -> None:
        """Watch until ``stop`` is set or the Strike is gone. What fails is tried again, and shown on the execution."""
        while not stop.is_set():
            try:
                order = self._service.order(self._strike_id)
                if order is None:
                    log.info("The Strike does not exist any more", extra=self._about)
                    return
                self._watch(order, stop)
            except (WatchUnavailable, OSError, SQLAlchemyError, ServiceError) as error:
                delay = self._backoff.next()
                log.warning("A Strike cannot watch: %s (next try in %g s)", error, delay, extra=self._about)
                self._note(str(error))
                stop.wait(delay)

    def _watch(self, order: WatchOrder, stop: threading.Event) -> None:
        """Watch until stopped, or until the Strike or what is mounted there changes."""
        mounts = read_mounts(MOUNTS.read_text(errors="surrogateescape"))
        root = resolve(order.configuration.mount, mounts)
        with (
            WatchedDirectory(root) as directory,
            FileWorker() as worker,
            PromptIngests(self._context, order, worker) as prompt,
        ):
            poll = polled(root.resolve(), mounts) if self._poll is None else self._poll
            tracker = Tracker(self._service, order, directory, worker, prompt)
            identity = directory.identity()
            events = changes(root, stop, poll=poll)
            tracker.recover()
            log.info("Strike %r watches %s", order.name, root, extra=self._about)
            looked, checked = -RESCAN_SECONDS, time.monotonic()
            for changed in events:
                now = time.monotonic()
                prompt.check()
                if changed or tracker.unsettled or now - looked >= RESCAN_SECONDS:
                    tracker.look()
                    self._succeeded()
                    looked = now
                if now - checked >= REVISION_SECONDS:
                    checked = now
                    if directory.identity() != identity or self._service.revision(self._strike_id) != order.revision:
                        return

    def _succeeded(self) -> None:
        self._backoff.reset()
        self._note(None)

    def _note(self, message: str | None) -> None:
        """Show on the job execution why the directory is not watched now."""
        if message == self._noted:
            return
        try:
            self._service.note(self._execution_id, message)
            self._noted = message
        except SQLAlchemyError:
            log.exception("Why a Strike cannot watch cannot be recorded", extra=self._about)
