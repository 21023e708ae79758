"""Whether this process can do its work: what is checked, what is wrong, what to do."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from scale_core.db.database import Database
from scale_core.db.errors import DatabaseUnusable
from scale_core.db.models import Scheduler
from scale_core.db.schema import SchemaCheck
from scale_core.db.troubles import said
from scale_core.services.context import Context
from scale_core.services.heartbeat import SCHEDULER_IS_ALIVE

DATABASE, SCHEMA, SCHEDULER = "database", "schema", "scheduler"


class State(StrEnum):
    """How a check went; UNKNOWN: it depends on one that failed."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One check; ``detail`` says what is wrong and what to do, and is empty if nothing is."""

    name: str
    state: State
    detail: str = ""


class Health:
    """The checks of one process.

    :param thread: the scheduler's thread, without which the process is of no use; None: the scheduler is another
        process, whose heartbeat is looked for.
    """

    def __init__(self, context: Context, thread: threading.Thread | None = None) -> None:
        self._context = context
        self._thread = thread
        self._schema = SchemaCheck()
        self._file = _DatabaseFile(context.database)

    def dead_thread(self) -> str:
        """What is wrong with the thread that must live, and what to do; empty: nothing. Returns at once."""
        if self._thread is None or self._thread.is_alive():
            return ""
        return "The scheduler's thread has ended; the log says why. Restart Scale."

    def checks(self) -> Sequence[Check]:
        """All checks. May take as long as the database does."""
        if wrong := self._file.wrong():
            return self._failed(wrong)
        try:
            self._schema.require(self._context.database)
        except DatabaseUnusable as error:
            return [Check(DATABASE, State.OK), Check(SCHEMA, State.FAILED, str(error)), self._of_scheduler()]
        except SQLAlchemyError as error:
            return self._failed(_cannot_be_read(error))
        return [Check(DATABASE, State.OK), Check(SCHEMA, State.OK), self._of_scheduler(reads=True)]

    def unanswered(self, seconds: float) -> Sequence[Check]:
        """What can be said where :meth:`checks` has not returned after so many seconds; returns at once."""
        return self._failed(
            f"It has not answered within {seconds:g} s. Look what keeps it: a process that locks it, a disk or server "
            "that hangs."
        )

    def _failed(self, detail: str) -> Sequence[Check]:
        return [Check(DATABASE, State.FAILED, detail), Check(SCHEMA, State.UNKNOWN), self._of_scheduler()]

    def _of_scheduler(self, *, reads: bool = False) -> Check:
        if self._thread is not None:
            wrong = self.dead_thread()
            return Check(SCHEDULER, State.FAILED if wrong else State.OK, wrong)
        return self._heartbeat() if reads else Check(SCHEDULER, State.UNKNOWN)

    def _heartbeat(self) -> Check:
        try:
            with self._context.database.read() as session:
                heartbeat = session.scalar(select(Scheduler.heartbeat).where(Scheduler.id == 1))
        except SQLAlchemyError as error:
            return Check(SCHEDULER, State.UNKNOWN, _cannot_be_read(error))
        if heartbeat is None:
            return Check(SCHEDULER, State.FAILED, "No scheduler runs. Start `scale scheduler`.")
        age = self._context.now() - heartbeat
        if age < SCHEDULER_IS_ALIVE:
            return Check(SCHEDULER, State.OK)
        return Check(
            SCHEDULER,
            State.FAILED,
            f"Nothing was heard of the scheduler for {age.total_seconds():.0f} s. Look into its log, or restart it.",
        )


class _DatabaseFile:
    """The embedded database's file. One that is replaced while Scale runs is not the one that Scale has open: what is
    written goes nowhere."""

    def __init__(self, database: Database) -> None:
        name = database.url.database if database.is_sqlite else None
        self._path = Path(name) if name and name != ":memory:" else None
        self._identity = self._look()

    def wrong(self) -> str:
        """What is wrong with it, and what to do; empty: nothing."""
        identity = self._look()
        if identity == self._identity:
            return ""
        what = "is gone" if identity is None else "was replaced"
        return (
            f"Its file {self._path} {what} while Scale runs, and what Scale writes is lost. Stop Scale, put the right "
            "file there, start Scale again."
        )

    def _look(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _cannot_be_read(error: SQLAlchemyError) -> str:
    return f"It cannot be read: {said(getattr(error, 'orig', None) or error)}. Look after its disk or server."
