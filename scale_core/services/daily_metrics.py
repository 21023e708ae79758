"""Computes metrics, day by day (decision 0019). What Prometheus scrapes is in :mod:`scale_core.services.metrics`.

A day is computed again and again while it lasts, and a last time when it is over: what is recorded at its very end may
take a moment to be committed. Which days of a metric are done is in the same transaction as their numbers.
"""

import logging
from datetime import UTC, date, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from scale_core.db.models import Job, JobType, MetricEntry, MetricProgress
from scale_core.interfaces.metric import Entries, Mean, Metric
from scale_core.services.context import Context
from scale_core.services.daily_metric_facts import DayFacts

log = logging.getLogger(__name__)

DONE_AFTER: Final = timedelta(minutes=30)
"""So long after a day's end nothing of it is uncommitted any more."""

DAY: Final = timedelta(days=1)


class DailyMetrics:
    """Keeps the numbers of all metrics up to date."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def compute(self) -> None:
        """Compute all days that are not done, up to today. Doing it twice comes to the same.

        A metric that fails is left out until the next time; the others go on.
        """
        today = self._context.now().astimezone(UTC).date()
        due = self._due(today)
        day = min(due.values(), default=today)
        while due and day <= today:
            facts = DayFacts(self._context.database, day)
            # Asked before the facts are: however long computing takes, it does not make them younger.
            is_final = self._context.now() >= facts.ended + DONE_AFTER
            for name in [name for name, first in due.items() if first <= day]:
                if not self._compute(self._context.registry.metrics[name], facts, is_final=is_final):
                    del due[name]
            day += DAY

    def _due(self, today: date) -> dict[str, date]:
        """The first day that is to be computed, by metric."""
        with self._context.database.read() as session:
            done = dict(session.execute(select(MetricProgress.metric, MetricProgress.next_day)).all())
            first = _first_day(session) or today
        # A clock that was set far ahead for a while must not keep the days until then from being computed.
        return {name: min(done.get(name, first), today) for name in self._context.registry.metrics}

    def _compute(self, metric: Metric, facts: DayFacts, *, is_final: bool) -> bool:
        """Compute a day; whether that worked."""
        try:
            entries = metric.compute(facts)
            problems = metric.problems(entries)
        except SQLAlchemyError:
            raise
        except Exception:  # a plugin may raise anything; the other metrics go on
            log.exception("Metric %r of %s cannot be computed; it is tried again next time", metric.name, facts.day)
            return False
        if problems:
            log.error("Metric %r gave wrong numbers for %s: %s", metric.name, facts.day, "; ".join(problems))
            return False
        self._replace(metric.name, facts.day, entries, is_final=is_final)
        return True

    def _replace(self, name: str, day: date, entries: Entries, *, is_final: bool) -> None:
        with self._context.database.write() as session:
            session.execute(delete(MetricEntry).where(MetricEntry.metric == name, MetricEntry.day == day))
            session.add_all(
                MetricEntry(
                    metric=name,
                    day=day,
                    choice_id=choice_id,
                    values={column: _stored(value) for column, value in values.items()},
                )
                for choice_id, values in entries.items()
            )
            if is_final:
                session.merge(MetricProgress(metric=name, next_day=day + DAY))


def _first_day(session: Session) -> date | None:
    """The day before which nothing happened: that of the first job type, or of a job that is older still."""
    moments = [session.scalar(select(func.min(model.created))) for model in (JobType, Job)]
    return min((moment.astimezone(UTC).date() for moment in moments if moment is not None), default=None)


def _stored(value: float | Mean) -> float | list[float]:
    return [value.total, value.number] if isinstance(value, Mean) else value
