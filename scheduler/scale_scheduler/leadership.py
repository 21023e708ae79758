"""One scheduler at a time: of several that run on one database one leads, and another follows when it is gone."""

import contextlib
import fcntl
import logging
import os
from abc import ABC, abstractmethod
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from scale_core.db.database import Database
from scale_core.services.context import Context

LOCK_FILE = "scheduler.lock"
ADVISORY_LOCK = 0x5CA1E
"""The number that all schedulers on a database agree on."""

NOTICED_SOON = "SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 2"
"""Seconds, and how often, the server asks a silent client: a leader whose machine is gone has lost within four."""

log = logging.getLogger(__name__)


class Leadership(ABC):
    """The right to schedule, which one process on a database has. It ends with the process, however that ends."""

    @abstractmethod
    def take(self) -> bool:
        """Take it if nobody has it; returns at once whether it is ours."""

    @abstractmethod
    def is_kept(self) -> bool:
        """Whether it is still ours."""

    @abstractmethod
    def release(self) -> None:
        """Leave it to others."""


def leadership_of(context: Context) -> Leadership:
    """A lock on a file of the data folder for the embedded database, one of the server's for PostgreSQL."""
    if context.database.is_sqlite:
        return FileLeadership(context.settings.data_dir)
    return ServerLeadership(context.database)


class FileLeadership(Leadership):
    """Whoever has the file locked leads."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / LOCK_FILE
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Lock the file."""
        if self._descriptor is not None:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def is_kept(self) -> bool:
        """A lock on a file is lost by nothing but the end of the process."""
        return self._descriptor is not None

    def release(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class ServerLeadership(Leadership):
    """Whoever holds an advisory lock in a session of the server leads. With the session's end, whatever the reason,
    the lock is lost."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._session: Connection | None = None
        self._is_ours = False

    def take(self) -> bool:
        """Ask for the lock."""
        if self.is_kept():
            return True
        if self._session is None:
            self._session = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            self._session.exec_driver_sql(NOTICED_SOON)
            asked = self._session.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        except DBAPIError:
            self.release()
            raise
        self._is_ours = bool(asked)
        return self._is_ours

    def is_kept(self) -> bool:
        """Ask the server whether the session lives."""
        if self._session is None or not self._is_ours:
            return False
        try:
            self._session.exec_driver_sql("SELECT 1")
        except DBAPIError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """End the session."""
        session, self._session, self._is_ours = self._session, None, False
        if session is not None:
            with contextlib.suppress(SQLAlchemyError):  # it is gone, and the lock with it
                session.exec_driver_sql("SELECT pg_advisory_unlock_all()")
            session.invalidate()  # closes the connection; one that went back to the pool might keep the lock
            session.close()
