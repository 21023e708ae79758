"""Runs clock processors beside the clock, so that none of them holds up a rule (reference: Clock Triggers)."""

import logging
import math
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from scale_core.backoff import Backoff
from scale_core.services.clock_runs import FiredRule, ProcessorContext, ProcessorRuns, ProcessorState
from scale_core.services.context import Context

log = logging.getLogger(__name__)

T = TypeVar("T")


class ClockProcessors:
    """A thread for each processor that has something to do; none runs twice at once.

    A rule that fires again before its processor had time for the last firing replaces that one.

    :param stop: once it is set, no run begins.
    """

    def __init__(self, context: Context, stop: threading.Event) -> None:
        self._context = context
        self._stop = stop
        self._runs = ProcessorRuns(context)
        self._lock = threading.Lock()
        self._waiting: dict[str, dict[int, FiredRule]] = {}
        self._threads: dict[str, threading.Thread] = {}

    def resume(self) -> None:
        """Run what an earlier process fired and did not finish."""
        for fired in self._runs.unfinished():
            log.info("Clock processor %r was not finished when Scale ended; it runs now", fired.name)
            self.submit(fired)

    def submit(self, fired: FiredRule) -> None:
        """Run the processor of a rule that fired; returns at once. A rule without a processor needs nothing."""
        if fired.name not in self._context.registry.clock_processors:
            return
        with self._lock:
            waiting = self._waiting.setdefault(fired.name, {})
            replaced, waiting[fired.rule_id] = waiting.get(fired.rule_id), fired
            if fired.name not in self._threads:
                thread = threading.Thread(
                    target=self._work, args=(fired.name,), name=f"clock-{fired.name}", daemon=True
                )
                self._threads[fired.name] = thread
                thread.start()
        if replaced is not None:
            log.warning("Clock processor %r takes longer than its period; a run is left out", fired.name)
            self._record(partial(self._runs.end, replaced, ProcessorState.SKIPPED))

    def wait(self, timeout_seconds: float = math.inf) -> None:
        """Return when nothing runs any more, or it has taken too long."""
        deadline = time.monotonic() + timeout_seconds
        while (threads := self._running()) and (left := deadline - time.monotonic()) > 0:
            threads[0].join(None if math.isinf(left) else left)

    def _running(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._threads.values())

    def _work(self, name: str) -> None:
        while (fired := self._next(name)) is not None:
            if self._record(partial(self._runs.start, fired)):
                self._record(partial(self._runs.end, fired, self._run(fired)))

    def _next(self, name: str) -> FiredRule | None:
        """What to do next; None: nothing, and the thread is forgotten."""
        with self._lock:
            waiting = self._waiting[name]
            if not waiting or self._stop.is_set():
                del self._threads[name]
                return None
            return waiting.pop(next(iter(waiting)))

    def _run(self, fired: FiredRule) -> ProcessorState:
        processor = self._context.registry.clock_processors[fired.name]
        # What is too frequent for the list of events is so for the log.
        level = logging.INFO if processor.keeps_events else logging.DEBUG
        log.log(level, "Clock rule %r fired: %s", fired.name, processor.title)
        try:
            parameters = self._runs.parameters(fired)
            processor.run(ProcessorContext(self._context, fired.occurred, parameters, self._stop.is_set))
        except Exception:  # a plugin may raise anything; its rule fires again at its next time
            log.exception("Clock processor %r failed", fired.name)
            return ProcessorState.FAILED
        return ProcessorState.COMPLETED

    def _record(self, change: Callable[[], T]) -> T | None:
        """Change the book, again and again if the database fails; None: stopped before it worked."""
        backoff = Backoff()
        while True:
            try:
                return change()
            except SQLAlchemyError:
                delay = backoff.next()
                log.exception("The run of a clock processor cannot be recorded; trying again in %g s", delay)
                if self._stop.wait(delay):
                    return None
