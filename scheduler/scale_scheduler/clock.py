"""The clock task: once a minute, fires the clock rules that are due (reference: Clock Triggers)."""

import logging
import threading
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from scale_core.interfaces.trigger import TriggerEvent
from scale_core.services.clock import CLOCK_EVENT, ClockService, FiredRule, ProcessorContext
from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0


class ClockTask:
    """Looks at all clock rules at the start, and then at the beginning of each minute."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._service = ClockService(context)

    def run(self, stop: threading.Event) -> None:
        """Tick until ``stop`` is set. A database that fails for a while delays a tick, and nothing else."""
        delay = 0.0
        while not stop.wait(delay):
            try:
                self.tick()
                delay = seconds_to_next_minute(self._context.now())
            except (SQLAlchemyError, ServiceError):
                log.exception("The clock could not look at its rules; it tries again in %g s", RETRY_SECONDS)
                delay = RETRY_SECONDS

    def tick(self) -> list[FiredRule]:
        """Fire every rule that is due, each in a transaction of its own, and run their processors."""
        event = TriggerEvent(CLOCK_EVENT, self._context.now())
        fired = [one for rule_id in self._service.due(event) if (one := self._fire(rule_id, event)) is not None]
        for one in fired:
            self._process(one)
        return fired

    def _fire(self, rule_id: int, event: TriggerEvent) -> FiredRule | None:
        try:
            return self._service.fire(rule_id, event)
        except (ServiceError, LookupError, TypeError, ValueError):
            log.exception("A clock rule cannot fire; the others go on", extra={"rule_id": rule_id})
            return None

    def _process(self, rule: FiredRule) -> None:
        processor = self._context.registry.clock_processors.get(rule.name)
        if processor is None:
            return
        about = {"rule_id": rule.rule_id}
        log.info("Clock rule %r fired: %s", rule.name, processor.title, extra=about)
        try:
            processor.run(ProcessorContext(self._context, rule.occurred))
        except Exception:  # a plugin may raise anything; its rule fires again at its next time
            log.exception("Clock processor %r failed; it runs again at its next time", rule.name, extra=about)


def seconds_to_next_minute(now: datetime) -> float:
    """How long it is until the next minute of the wall clock begins."""
    return (timedelta(minutes=1) - timedelta(seconds=now.second, microseconds=now.microsecond)).total_seconds()
