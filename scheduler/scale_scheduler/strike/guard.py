"""A Strike process whose folders may hang: nobody waits for it but itself (decision 0048)."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from scale_core.services.context import Context
from scale_core.services.transfers import TransferService
from scale_core.storage.answering import Answering, trouble_with
from scale_scheduler.strike.process import StrikeProcess

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.25
"""How often the guard looks at what it guards."""


class GuardedStrike:
    """Runs a Strike process in a thread of its own, and leaves that alone where its directory, or the folder of a
    workspace, does not answer: it goes on by itself when that does, or ends then, where it was stopped or edited
    meanwhile.

    :param answering: tells whether folders answer.
    """

    def __init__(
        self,
        context: Context,
        strike_id: int,
        execution_id: int,
        answering: Answering,
        make: Callable[[Context, int, int], StrikeProcess] = StrikeProcess,
    ) -> None:
        self._service = TransferService(context)
        self._strike_id = strike_id
        self._answering = answering
        self._make = partial(make, context, strike_id, execution_id)
        self._about = {"strike_id": strike_id, "execution_id": execution_id}

    def run(self, stop: threading.Event) -> None:
        """Watch until ``stop`` is set or the Strike is gone.

        :raises Exception: whatever the Strike process raises.
        """
        while True:
            guarded = _Guarded(self._make(), f"strike-{self._strike_id}")
            try:
                self._guard(guarded, stop)
            finally:
                guarded.stop.set()
                guarded.process.notepad.close()
            if guarded.error is not None:
                raise guarded.error
            if stop.is_set() or guarded.has_ended(0):
                return
            log.info("The Strike was edited while its directory hung: it begins anew", extra=self._about)

    def _guard(self, guarded: "_Guarded", stop: threading.Event) -> None:
        """Wait until it ends, or hangs and is stopped or edited."""
        revision, told = self._revision(None), False
        while not guarded.has_ended(LOOK_SECONDS):
            if stop.is_set():
                guarded.stop.set()
            trouble = self._trouble(guarded.process)
            if trouble is not None and (stop.is_set() or self._revision(revision) != revision):
                return
            if trouble is not None and not told:
                log.error("A Strike waits: %s", trouble, extra=self._about)
                guarded.process.notepad.waits_for(trouble)
            if trouble is None and told:
                log.info("What a Strike waited for answers again", extra=self._about)
                guarded.process.notepad.waits_for(None)
            told = trouble is not None

    def _trouble(self, process: StrikeProcess) -> str | None:
        """What the directory, or the folder of a workspace, does not do, where it does not answer."""
        for pulse in (process.pulse, process.linking, process.syncing):
            silence = pulse.silent_on()
            if (
                silence is not None
                and silence[1] >= self._answering.patience_seconds
                and self._answering.hangs(silence[0])
            ):
                return trouble_with(*silence)
        return None

    def _revision(self, known: datetime | None) -> datetime | None:
        """When the Strike was last edited; ``known`` where that cannot be read now."""
        try:
            return self._service.revision(self._strike_id)
        except SQLAlchemyError as error:
            log.warning("Whether a Strike was edited cannot be read: %s", error, extra=self._about)
            return known


class _Guarded:
    """A Strike process that runs, in a thread."""

    def __init__(self, process: StrikeProcess, name: str) -> None:
        self.process = process
        self.stop = threading.Event()
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def has_ended(self, seconds: float) -> bool:
        """Whether it ends within so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            self.process.run(self.stop)
        except Exception as error:  # noqa: BLE001 - the thread's boundary: it is raised where somebody sees to it
            self.error = error
