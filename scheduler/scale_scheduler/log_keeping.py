"""The thread that stores logs of executions that have ended: a workspace may be slow, and the scheduler must not."""

import logging
import threading
from typing import Final

from scale_core.backoff import Backoff
from scale_core.interfaces.engine import Engine
from scale_core.services.context import Context
from scale_core.services.log_storing import LogsNotStored, LogStoring
from scale_core.watching.pulse import Pulse
from scale_scheduler.lookout import Lookout

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0
"""How often it is looked for logs."""

LONGEST_PAUSE: Final = 300.0
"""Seconds between two attempts while logs cannot be stored."""


class LogKeeping:
    """Stores logs from :meth:`open` on until it is closed; nothing where no workspace is named for them."""

    def __init__(self, context: Context, engine: Engine, lookout: Lookout) -> None:
        self._is_wanted = bool(context.settings.logs_workspace)
        self._lookout = lookout
        self._pulse = Pulse()
        self._storing = LogStoring(context, engine, lambda folder: self._pulse.beat(folder))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="log-keeping", daemon=True)

    def open(self) -> None:
        """Start the thread, with what an earlier process left; nothing if it is started."""
        if self._is_wanted and self._thread.ident is None:
            self._thread.start()

    def ask_to_end(self) -> None:
        """Begin no other group; returns at once."""
        self._stopping.set()

    def close(self, timeout_seconds: float) -> None:
        """Wait for the group that is being stored, if there is one, unless it hangs; the rest is stored after the next
        start."""
        self.ask_to_end()
        if self._thread.is_alive() and not self._lookout.hangs(self._pulse):
            self._thread.join(timeout_seconds)

    def _work(self) -> None:
        with self._lookout.over("Storing logs of executions") as self._pulse:
            self._store()

    def _store(self) -> None:
        backoff = Backoff(longest=LONGEST_PAUSE)
        while not self._stopping.is_set():
            delay = 0.0
            try:
                if not self._storing.store_group():
                    delay = LOOK_SECONDS
                    backoff.reset()
            except LogsNotStored as error:
                delay = backoff.next()
                log.warning("Logs cannot be stored, and stay where they are: %s Trying again in %g s", error, delay)
            except Exception:  # a broker, a disk or the database may fail in any way
                delay = backoff.next()
                log.exception("Logs cannot be stored, and stay where they are; trying again in %g s", delay)
            self._stopping.wait(delay)
