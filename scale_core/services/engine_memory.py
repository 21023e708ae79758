"""What engines keep over restarts."""

from sqlalchemy import delete, select

from scale_core.db.models import EngineNote
from scale_core.services.context import Context


class EngineMemoryService:
    """The :class:`scale_core.interfaces.engine.EngineMemory` of the engine of that name."""

    def __init__(self, context: Context, engine: str) -> None:
        self._context = context
        self._engine = engine

    def get(self, name: str) -> str | None:
        """What was set last.

        :raises SQLAlchemyError: the database is in trouble.
        """
        with self._context.database.read() as session:
            return session.scalar(
                select(EngineNote.value).where(EngineNote.engine == self._engine, EngineNote.name == name)
            )

    def set(self, name: str, value: str | None) -> None:
        """Keep it, or forget it.

        :raises SQLAlchemyError: the database is in trouble; nothing was changed.
        """
        with self._context.database.write() as session:
            if value is None:
                session.execute(delete(EngineNote).where(EngineNote.engine == self._engine, EngineNote.name == name))
            else:
                session.merge(EngineNote(engine=self._engine, name=name, value=value))
