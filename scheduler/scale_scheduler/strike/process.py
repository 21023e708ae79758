"""A Strike process: watches one directory, or one bucket, for as long as its job runs."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from scale_core.backoff import Backoff
from scale_core.interfaces.broker import BrokerError
from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError
from scale_core.services.transfers import TransferService
from scale_core.services.watched_files import WatchedFileService
from scale_core.storage.mounts import mounted
from scale_core.watching.bucket import BucketWatch
from scale_core.watching.bucket_loop import watch_bucket
from scale_core.watching.directory import WatchedDirectory
from scale_core.watching.mounts import WatchUnavailable, nfs_options, resolve
from scale_core.watching.pulse import Pulse
from scale_core.watching.records import WatchOrder
from scale_core.watching.staging import Staging
from scale_core.watching.watch import watch_directory
from scale_generated.specs.strike import StrikeMonitor
from scale_scheduler.strike.file_worker import FileWorker
from scale_scheduler.strike.notepad import Notepad
from scale_scheduler.strike.prompt import PromptIngests

log = logging.getLogger(__name__)


NODES_AGAIN_SECONDS: Final = 300.0
"""After how long a process that cannot watch, and does so only because no node could, lets them try."""


class StrikeProcess:
    """Watches the directory of the Strike ``strike_id`` on behalf of the job execution ``execution_id``.

    :param poll: whether to look instead of listening; None: as the file system needs.
    :param ingests: whether it ingests small files itself, where it can; False: nodes ingest all, and watch too, so that
        this process watches only where none of them can.
    :param monotonic: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        context: Context,
        strike_id: int,
        execution_id: int,
        *,
        poll: bool | None = None,
        ingests: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._service = TransferService(context)
        self._strike_id = strike_id
        self._execution_id = execution_id
        self._poll = poll
        self._ingests = ingests
        self._began = monotonic()
        self._monotonic = monotonic
        self._backoff = Backoff()
        self.notepad = Notepad(self._service, execution_id)
        self.pulse, self.linking, self.syncing = Pulse(), Pulse(), Pulse()
        self._about = {"strike_id": strike_id, "execution_id": execution_id}

    def run(self, stop: threading.Event) -> None:
        """Watch until ``stop`` is set, the Strike is gone, or nodes are to watch. What fails is tried again, and shown
        on the execution."""
        first: datetime | None = None
        while not stop.is_set():
            try:
                order = self._service.order(self._strike_id)
                if order is None:
                    log.info("The Strike does not exist any more", extra=self._about)
                    return
                first = first or order.revision
                if not self._ingests and self._is_for_nodes(order, first):
                    log.info("Nodes are to watch what the Strike is to watch now", extra=self._about)
                    return
                self._watch(order, stop)
            except (WatchUnavailable, BrokerError, OSError, SQLAlchemyError, ServiceError) as error:
                delay = self._backoff.next()
                log.warning("A Strike cannot watch: %s (next try in %g s)", error, delay, extra=self._about)
                self.notepad.note(str(error))
                self.pulse.beat(None)
                stop.wait(delay)

    def _is_for_nodes(self, order: WatchOrder, first: datetime) -> bool:
        """Whether nodes may have it: it was edited, or nobody has asked them for long."""
        is_old = self._monotonic() - self._began >= NODES_AGAIN_SECONDS
        return is_old or order.revision != first

    def _watch(self, order: WatchOrder, stop: threading.Event) -> None:
        """Watch until stopped, or until the Strike or what is mounted there changes."""
        monitor, mount = order.configuration.monitor, order.configuration.mount
        if monitor is not None:
            self.pulse.beat(None)
            self._watch_bucket(order, monitor, stop)
        elif mount is not None:
            self._watch_directory(order, mount, stop)

    def _watch_bucket(self, order: WatchOrder, monitor: StrikeMonitor, stop: threading.Event) -> None:
        watched = WatchedFileService(self._context, order.strike_id)
        workspace_id, broker = watched.broker(monitor.workspace_name)
        folder = self._context.settings.data_dir.absolute() / "strikes" / str(order.strike_id)
        staging = Staging(folder, broker) if self._ingests else None
        watch = BucketWatch(order, broker, monitor.prefix, workspace_id, self._service, watched, staging)
        watch_bucket(watch, broker, monitor, stop, self.succeeded, lambda: self.is_current(order))

    def _watch_directory(self, order: WatchOrder, mount: str, stop: threading.Event) -> None:
        root = resolve(mount, nfs_options(self._context.settings.storage_options), mounted())
        self.pulse.beat(root)
        with (
            WatchedDirectory(root, is_recursive=order.configuration.recursive) as directory,
            FileWorker() as worker,
            PromptIngests(self._context, order, worker, self.linking, self.syncing, is_wanted=self._ingests) as prompt,
        ):
            watch_directory(directory, order, self._service, self, stop, prompt, worker.move, poll=self._poll)

    def lives(self, root: Path) -> None:
        """The directory answers."""
        self.pulse.beat(root)

    def progress(self, message: str) -> None:
        """Show how far a look is."""
        self.notepad.progress(message)

    def is_current(self, order: WatchOrder) -> bool:
        """Whether the Strike was not edited since."""
        return self._service.revision(self._strike_id) == order.revision

    def succeeded(self) -> None:
        """Watching goes well."""
        self._backoff.reset()
        self.notepad.note(None)
