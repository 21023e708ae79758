"""Ends the executor when it has had nothing to do for a while: what it takes of a node is somebody else's then."""

import threading
from collections.abc import Callable
from typing import Final

LOOKS: Final = 4
"""So often within the time it is looked."""


class Idle:
    """Watches from :meth:`start` to :meth:`stop`.

    :param seconds: how long there has to be nothing to do.
    :param is_busy: whether there is something.
    :param end: is called once, when there was nothing for so long.
    :param now: seconds of a clock that never goes back.
    """

    def __init__(
        self, seconds: float, is_busy: Callable[[], bool], end: Callable[[], None], now: Callable[[], float]
    ) -> None:
        self._seconds, self._is_busy, self._end, self._now = seconds, is_busy, end, now
        self._since = now()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="idle", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End no more."""
        self._stopping.set()

    def look(self) -> bool:
        """Whether there was nothing to do for so long; to be called often."""
        if self._is_busy():
            self._since = self._now()
        return self._now() - self._since >= self._seconds

    def _work(self) -> None:
        while not self._stopping.wait(self._seconds / LOOKS):
            if self.look():
                self._end()
                return
