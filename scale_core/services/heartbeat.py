"""Who schedules now: the scheduler's row says it, so that every process can tell."""

from sqlalchemy import update

from scale_core.db.models import Scheduler
from scale_core.services.context import Context


class HeartbeatService:
    """Keeps the scheduler's row fresh."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def beat(self, hostname: str) -> None:
        """Record that the scheduler on ``hostname`` is alive."""
        self._set(hostname=hostname, heartbeat=self._context.now())

    def stop(self) -> None:
        """Record that no scheduler runs."""
        self._set(heartbeat=None)

    def _set(self, **values: object) -> None:
        with self._context.database.write() as session:
            session.execute(update(Scheduler).where(Scheduler.id == 1).values(**values))
