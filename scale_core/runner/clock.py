"""Keeping the time of clock rules: what an execution of Scale's own type for that does instead of a command (decision
0060)."""

import logging
import time
from collections.abc import Callable
from typing import Final

from scale_core.backoff import Backoff
from scale_core.runner.control import ControlStop, RunControl
from scale_core.runner.failures import StepFailed
from scale_core.watching.asking import Asking, WatchEnded
from scale_core.watching.messages import Asks
from scale_core.watching.mounts import WatchUnavailable

log = logging.getLogger(__name__)

CANCELED: Final = "The execution was canceled. What is due is fired by the next one."


class NodeClock:
    """Asks Scale to fire what is due, again and again. What is due, and when, is known there alone.

    :param longest_wait: seconds between two questions, at most.
    :param monotonic: seconds of a clock that never goes back.
    """

    def __init__(
        self, longest_wait: float, control: RunControl, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._longest_wait = longest_wait
        self._asking = Asking(control, monotonic)
        self._stop = ControlStop(control)
        self._backoff = Backoff()

    def keep(self) -> str:
        """Ask until that is over; why it is.

        :raises StepFailed: it was canceled.
        """
        try:
            while not self._stop.is_set():
                self._stop.wait(self._ask())
        except WatchEnded as error:
            if not self._stop.is_set():
                return str(error)
        raise StepFailed("canceled", CANCELED)

    def _ask(self) -> float:
        """Have fired what is due; how many seconds to wait then.

        :raises WatchEnded: the execution is to end.
        """
        try:
            wait = float(self._asking.ask(Asks.TICK))
        except WatchUnavailable as error:  # it is caught up with when Scale answers again
            log.warning("The clock has no answer: %s", error)
            return min(self._longest_wait, self._backoff.next())
        self._backoff.reset()
        return min(self._longest_wait, max(0.0, wait))
