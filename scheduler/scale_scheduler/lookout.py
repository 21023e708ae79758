"""Threads that hang in a folder which does not answer: people are told, and nobody waits for them (decision 0065)."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from scale_core.storage.answering import Answering, trouble_with
from scale_core.watching.pulse import Pulse

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.5
"""How often the pulses are looked at."""


class Lookout:
    """Looks, in a thread, at the pulses of threads that work in folders, and logs which of them hang. Thread-safe.

    :param answering: tells whether folders answer.
    """

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self._lock = threading.Lock()
        self._over: dict[Pulse, str] = {}
        self._hanging: dict[Pulse, str] = {}
        """With the folder that does not answer."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="lookout", daemon=True)

    def open(self) -> None:
        """Begin to look; nothing if that is begun."""
        if self._thread.ident is None:
            self._thread.start()

    def ask_to_end(self) -> None:
        """Look no more; returns at once."""
        self._ended.set()

    @contextmanager
    def over(self, what: str) -> Iterator[Pulse]:
        """The pulse of what a thread does in this block, which is to beat with each folder that it goes to work in.

        :param what: is done; logs say of it that it waits.
        """
        pulse = Pulse()
        with self._lock:
            self._over[pulse] = what
        try:
            yield pulse
        finally:
            with self._lock:
                del self._over[pulse]
            self._goes_on(pulse, what)

    def hangs(self, pulse: Pulse) -> bool:
        """Whether its thread is known to hang."""
        return pulse in self._hanging

    def _look_on(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            with self._lock:
                over = dict(self._over)
            for pulse, what in over.items():
                self._look(pulse, what)

    def _look(self, pulse: Pulse, what: str) -> None:
        silence = pulse.silent_on()
        if silence is not None and silence[1] >= self.answering.patience_seconds and self.answering.hangs(silence[0]):
            if self._note(pulse, silence[0]):
                log.error("%s: it waits. %s", what, trouble_with(*silence))
        else:
            self._goes_on(pulse, what)

    def _goes_on(self, pulse: Pulse, what: str) -> None:
        with self._lock:
            folder = self._hanging.pop(pulse, None)
        if folder is not None:
            log.info("%s: it goes on, %s answers again", what, folder)

    def _note(self, pulse: Pulse, folder: str) -> bool:
        """Note that a thread hangs; whether that is news, of one that still works."""
        with self._lock:
            if pulse in self._hanging or pulse not in self._over:
                return False
            self._hanging[pulse] = folder
            return True
