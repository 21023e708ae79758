"""The clock: once a minute, fires the clock rules that are due (reference: Clock Triggers)."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from scale_core.interfaces.trigger import TriggerEvent
from scale_core.services.clock import CLOCK_EVENT, ClockService
from scale_core.services.clock_runs import FiredRule
from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError
from scale_scheduler.processors import ClockProcessors

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
MINUTE = timedelta(minutes=1)

NODES_AGAIN_SECONDS: Final = 300.0
"""After how long nodes may try again to keep the time, where none could."""


class Clock:
    """Fires what is due, whoever says that it is time to: a task of this process, or a node that keeps the time.

    Processors run beside it: however long they take, no tick is late for them.

    :param ending: once it is set, no processor begins.
    """

    def __init__(self, context: Context, ending: threading.Event | None = None) -> None:
        self._context = context
        self._service = ClockService(context)
        self._ending = ending or threading.Event()
        self.processors = ClockProcessors(context, self._ending)
        self._is_resumed = False
        self._lock = threading.Lock()

    def tick(self) -> float:
        """Fire what is due, at the first time with what an earlier process did not finish; in how many seconds the next
        tick is.

        :raises SQLAlchemyError: the database is in trouble; nothing is lost, it is due at the next tick.
        :raises ServiceError: as above.
        """
        with self._lock:
            began = self._context.now()
            if not self._is_resumed:
                self.processors.resume()
                self._is_resumed = True
            self.fire_due()
            return seconds_to_next_tick(began, self._context.now())

    def fire_due(self) -> list[FiredRule]:
        """Fire every rule that is due, each in a transaction of its own, and have their processors run."""
        event = TriggerEvent(CLOCK_EVENT, self._context.now())
        fired = []
        for rule_id in self._service.due(event):
            one = self._fire(rule_id, event)
            if one is not None:
                self.processors.submit(one)
                fired.append(one)
        return fired

    def ask_to_end(self) -> None:
        """Begin no processor any more; returns at once."""
        self._ending.set()

    def close(self, timeout_seconds: float) -> None:
        """Wait for the processors that run; those that do not end in time are abandoned."""
        self.ask_to_end()
        self.processors.wait(timeout_seconds)

    def _fire(self, rule_id: int, event: TriggerEvent) -> FiredRule | None:
        try:
            return self._service.fire(rule_id, event)
        except SQLAlchemyError:
            raise
        except Exception:  # a trigger type is a plugin and may raise anything
            log.exception("A clock rule cannot fire; the others go on", extra={"rule_id": rule_id})
            return None


class ClockTask:
    """Keeps the time in this process: ticks at the start, and then at the beginning of each minute.

    :param may_nodes_have_it: whether nodes may try to keep the time instead; asked now and then.
    :param monotonic: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        clock: Clock,
        may_nodes_have_it: Callable[[], bool] = lambda: False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._may_nodes_have_it = may_nodes_have_it
        self._monotonic = monotonic
        self._nodes_again_at = monotonic() + NODES_AGAIN_SECONDS

    def run(self, stop: threading.Event) -> None:
        """Tick until ``stop`` is set, or nodes may try. A database that fails for a while delays a tick, and nothing
        else."""
        delay = 0.0
        while not stop.wait(delay):
            try:
                delay = self._clock.tick()
            except (SQLAlchemyError, ServiceError):
                log.exception("The clock could not look at its rules; it tries again in %g s", RETRY_SECONDS)
                delay = RETRY_SECONDS
            else:
                # Right after a tick: there is nearly a minute for another execution to begin.
                if self._is_for_nodes():
                    log.info("A node may keep the time of clock rules again")
                    return

    def _is_for_nodes(self) -> bool:
        return self._monotonic() >= self._nodes_again_at and self._may_nodes_have_it()


def seconds_to_next_tick(began: datetime, now: datetime) -> float:
    """How long to wait after a tick that ``began`` and is over ``now``: until the next minute of the wall clock begins;
    not at all where one began meanwhile. Whatever the wall clock does, never longer than a minute."""
    if now < began or now >= _next_minute(began):
        return 0.0
    return (_next_minute(now) - now).total_seconds()


def _next_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + MINUTE
