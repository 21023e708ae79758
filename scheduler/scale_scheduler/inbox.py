"""What engines and tasks tell the scheduler, from any thread, until it has recorded it."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scale_core.interfaces.engine import (
    EngineEvent,
    ExecutionAsked,
    ExecutionFinished,
    ExecutionLost,
    ExecutionProgress,
    ExecutionReport,
    ExecutionStarted,
)
from scale_generated.specs.execution_report import ReportFailure


@dataclass(frozen=True, slots=True)
class TaskEnded:
    """A task inside this process ended; ``failure`` None: it completed."""

    execution_id: int
    failure: ReportFailure | None


@dataclass(frozen=True, slots=True)
class News:
    """A group of events, by kind. A step of an execution that ended in the same group is left out: the report has
    it."""

    started: list[tuple[int, str, datetime]]
    reports: list[ExecutionReport]
    losses: list[tuple[int, str]]
    ended_tasks: list[tuple[int, ReportFailure | None]]
    progress: dict[int, int] = field(default_factory=dict)


class Inbox:
    """The engine's listener. Events stay until :meth:`done`, so that a failure to record them loses none.

    :param wake: called after each event; returns at once.
    :param now: the clock.
    :param asked: is given what executions ask, which is not kept here; returns at once.
    :param offers_changed: called when there may be more to place on; returns at once.
    """

    def __init__(
        self,
        wake: Callable[[], None],
        now: Callable[[], datetime],
        asked: Callable[[int, bytes], None],
        offers_changed: Callable[[], None],
    ) -> None:
        self._wake = wake
        self._now = now
        self._asked = asked
        self._offers_changed = offers_changed
        self._events: deque[tuple[EngineEvent | TaskEnded, datetime]] = deque()
        self._taken = 0

    def notify(self, events: Sequence[EngineEvent]) -> None:
        """Take what the engine tells."""
        now = self._now()
        kept = [(event, now) for event in events if not isinstance(event, ExecutionAsked)]
        for event in events:
            if isinstance(event, ExecutionAsked):
                self._asked(event.execution_id, event.question)
        if kept:
            self._events.extend(kept)
            self._wake()

    def offers_changed(self) -> None:
        """Have nodes and offers looked at again."""
        self._offers_changed()
        self._wake()

    def tasks_ended(self, ended: Sequence[tuple[int, ReportFailure | None]]) -> None:
        """Take the ends of tasks inside this process: execution id, and why it failed."""
        now = self._now()
        self._events.extend((TaskEnded(execution_id, failure), now) for execution_id, failure in ended)
        self._wake()

    def take(self) -> News:
        """All events so far; the scheduler's thread calls it, and :meth:`done` once they are recorded."""
        self._taken = len(self._events)
        news = News([], [], [], [])
        for index in range(self._taken):
            _sort(news, *self._events[index])
        over = {report.execution_id for report in news.reports} | {loss[0] for loss in news.losses}
        news.started[:] = [one for one in news.started if one[0] not in over]
        return news

    def done(self) -> None:
        """Forget what the last :meth:`take` gave."""
        for _ in range(self._taken):
            self._events.popleft()
        self._taken = 0


def _sort(news: News, event: EngineEvent | TaskEnded, when: datetime) -> None:
    match event:
        case ExecutionStarted(execution_id, step):
            news.started.append((execution_id, step, when))
        case ExecutionProgress(execution_id, done):
            news.progress[execution_id] = done
        case ExecutionFinished(report):
            news.reports.append(report)
        case ExecutionLost(execution_id, message):
            news.losses.append((execution_id, message))
        case TaskEnded(execution_id, failure):
            news.ended_tasks.append((execution_id, failure))
