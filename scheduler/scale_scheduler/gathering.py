"""Waiting for further ends where nothing can be placed: to record a group costs little more than to record one."""

import threading
import time
from collections.abc import Callable
from typing import Final

from scale_core.interfaces.engine import Engine, EngineMode

FULL_SECONDS: Final = 0.05
"""How long after ends were recorded the next pass waits for further ones."""


class Gathering:
    """Where an engine holds no launches, what ended is no room before an offer says so: with nothing offered, a pass
    that follows at once could do no more than record. Used by the scheduler's thread, but for :meth:`interrupt`,
    which any may call.

    :param monotonic: seconds of a clock that never goes back.
    """

    def __init__(self, engine: Engine, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._needs_offers = engine.mode == EngineMode.OFFER and not engine.holds_launches
        self._interrupted = threading.Event()
        self._until = float("-inf")

    def interrupt(self) -> None:
        """Nothing is waited for until the next pass has begun: there may be something to place."""
        self._interrupted.set()

    def begin(self) -> None:
        """A pass is about to look at the offers."""
        self._interrupted.clear()

    def passed(self, *, recorded: bool, offered: bool) -> None:
        """A pass is over.

        :param recorded: whether something had ended.
        :param offered: whether it saw offers.
        """
        if offered or not self._needs_offers:
            self._until = float("-inf")
        elif recorded:
            self._until = self._monotonic() + FULL_SECONDS

    def seconds_left(self) -> float:
        """How long to wait for further ends, unless offers come; 0: not at all."""
        return max(0.0, self._until - self._monotonic())

    def wait(self) -> None:
        """Wait for further ends, if that costs nobody anything."""
        if (seconds := self.seconds_left()) > 0:
            self._interrupted.wait(seconds)
