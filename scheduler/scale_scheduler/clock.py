"""The clock task: once a minute, fires the clock rules that are due (reference: Clock Triggers)."""

import logging
import threading
from datetime import datetime, timedelta

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


class ClockTask:
    """Looks at all clock rules at the start, and then at the beginning of each minute.

    Processors run beside it: however long they take, no tick is late for them.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._service = ClockService(context)

    def run(self, stop: threading.Event) -> None:
        """Tick until ``stop`` is set, then wait for the processors that run. A database that fails for a while delays a
        tick, and nothing else."""
        processors = ClockProcessors(self._context, stop)
        is_resumed = False
        delay = 0.0
        while not stop.wait(delay):
            began = self._context.now()
            try:
                if not is_resumed:
                    processors.resume()
                    is_resumed = True
                self.tick(processors)
                delay = seconds_to_next_tick(began, self._context.now())
            except (SQLAlchemyError, ServiceError):
                log.exception("The clock could not look at its rules; it tries again in %g s", RETRY_SECONDS)
                delay = RETRY_SECONDS
        processors.wait()

    def tick(self, processors: ClockProcessors) -> list[FiredRule]:
        """Fire every rule that is due, each in a transaction of its own, and have their processors run."""
        event = TriggerEvent(CLOCK_EVENT, self._context.now())
        fired = []
        for rule_id in self._service.due(event):
            one = self._fire(rule_id, event)
            if one is not None:
                processors.submit(one)
                fired.append(one)
        return fired

    def _fire(self, rule_id: int, event: TriggerEvent) -> FiredRule | None:
        try:
            return self._service.fire(rule_id, event)
        except SQLAlchemyError:
            raise
        except Exception:  # a trigger type is a plugin and may raise anything
            log.exception("A clock rule cannot fire; the others go on", extra={"rule_id": rule_id})
            return None


def seconds_to_next_tick(began: datetime, now: datetime) -> float:
    """How long to wait after a tick that ``began`` and is over ``now``: until the next minute of the wall clock begins;
    not at all where one began meanwhile. Whatever the wall clock does, never longer than a minute."""
    if now < began or now >= _next_minute(began):
        return 0.0
    return (_next_minute(now) - now).total_seconds()


def _next_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + MINUTE
