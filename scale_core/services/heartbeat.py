"""Who schedules now: the scheduler's row says it, so that every process can tell."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from scale_core.db.models import Scheduler
from scale_core.services.context import Context
from scale_core.services.scheduler_notes import SchedulerNote

SCHEDULER_IS_ALIVE = timedelta(seconds=15)
"""A scheduler that has not been heard of for longer counts as gone; it reports every few seconds."""


def is_alive(heartbeat: datetime | None, now: datetime) -> bool:
    """Whether the scheduler counts as running."""
    return heartbeat is not None and now - heartbeat < SCHEDULER_IS_ALIVE


class HeartbeatService:
    """Keeps the scheduler's row fresh."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def lead(self, leader: str) -> None:
        """Record which process leads from now on."""
        self._set(leader=leader)

    def leader(self) -> str | None:
        """Which process has led last."""
        with self._context.database.read() as session:
            return session.scalar(select(Scheduler.leader).where(Scheduler.id == 1))

    def beat(self, hostname: str, note: SchedulerNote) -> None:
        """Record that the scheduler on ``hostname`` is alive, and what it alone knows."""
        self._set(hostname=hostname, heartbeat=self._context.now(), note=note.to_document())

    def stop(self) -> None:
        """Record that no scheduler runs."""
        self._set(heartbeat=None)

    def _set(self, **values: object) -> None:
        with self._context.database.write() as session:
            session.execute(update(Scheduler).where(Scheduler.id == 1).values(**values))
