"""Strikes for which nodes watch: their plans, and the answers to what their watchers ask (decisions 0055 and 0060)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from scale_core import __version__
from scale_core.db.models import JobExecution, Strike
from scale_core.interfaces.broker import ListedFile
from scale_core.services.context import Context
from scale_core.services.exceptions import Invalid
from scale_core.services.system_types import STRIKE_INPUT
from scale_core.services.transfers import TransferService
from scale_core.services.watched_files import WatchedFileService
from scale_core.watching.messages import PAGE, Answer, Asks, Question
from scale_core.watching.records import Arrival, Refusal, Transfer, WatchOrder
from scale_generated.enums import JobExecutionStatus
from scale_generated.specs.execution_plan import ExecutionPlan, PlanStrike

log = logging.getLogger(__name__)

NO_STRIKE: Final = f"The job's input {STRIKE_INPUT!r} should be the id of a Strike process."
NOT_RUNNING: Final = "Scale has it that this execution does not run."
SILENT: Final = (
    "Nothing has been heard for {seconds:g} s of the node that watches: what it watches hangs, or it is cut off. "
    "See to that; it goes on by itself."
)
OTHER_RELEASE: Final = f"Scale is {__version__} now, and another execution goes on in its way."


class _Recorded(Exception):
    """It was recorded before: nothing is changed."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question of an execution, about what it is to watch."""

    execution_id: int
    question: Question
    order: WatchOrder

    def note(self, session: Session) -> None:
        """Note, in the transaction that records what it tells, that it was recorded.

        :raises _Recorded: it had been.
        """
        number = self.question.number
        changed = session.execute(
            update(Strike)
            .where(
                Strike.id == self.order.strike_id,
                or_(
                    Strike.watcher_id.is_distinct_from(self.execution_id),
                    Strike.watcher_number.is_(None),
                    Strike.watcher_number < number,
                ),
            )
            .values(watcher_id=self.execution_id, watcher_number=number)
        )
        if isinstance(changed, CursorResult) and changed.rowcount == 0:
            raise _Recorded


class NodeStrikeService:
    """The door of nodes' watchers to the database."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._transfers = TransferService(context)
        self._answers: Mapping[str, Callable[[_Asked], Any]] = {
            Asks.ORDER: self._order,
            Asks.CURRENT: lambda _asked: None,
            Asks.WATCHES: self._watches,
            Asks.UNDER_WAY: self._under_way,
            Asks.NAMES_BEING_INGESTED: self._names_being_ingested,
            Asks.UNRECORDED: self._unrecorded,
            Asks.SEEN: self._seen,
            Asks.GONE: lambda asked: self._transfers.gone(asked.question.about),
            Asks.REFUSED: self._refused,
            Asks.ARRIVED: self._arrived,
            Asks.RELEASE: lambda asked: self._transfers.release(asked.order),
            Asks.NOTE: self._note,
            Asks.NEWS: self._news,
            Asks.LISTED: self._listed,
            Asks.FOUND: self._found,
        }

    def begin(self, plans: Sequence[ExecutionPlan]) -> tuple[list[ExecutionPlan], list[tuple[int, str]]]:
        """Plans of Strike jobs that nodes can run; and ids of executions that have no Strike, with the reason."""
        ready, refused = [], []
        for plan in plans:
            text = next((one.value or "" for one in plan.inputs if one.name == STRIKE_INPUT), "")
            if text.isdecimal():
                ready.append(replace(plan, strike=PlanStrike(strike_id=int(text))))
            else:
                refused.append((plan.execution_id, NO_STRIKE))
        return ready, refused

    def answer(self, execution_id: int, question: Question) -> Answer:
        """The answer to a question, which may have been answered before; what it tells is recorded once."""
        strike_id = self._strike_of(execution_id)
        order = None if strike_id is None else self._transfers.order(strike_id)
        if order is None:
            return Answer(question.number, over=NOT_RUNNING)
        if question.release != __version__:
            return Answer(question.number, over=OTHER_RELEASE)
        answer = self._answers.get(question.asks)
        if answer is None:
            return Answer(question.number, trouble=f"Scale knows no question {question.asks!r}.")
        try:
            given = answer(_Asked(execution_id, question, order))
        except Invalid as error:
            return Answer(question.number, trouble=str(error), revision=order.revision)
        return Answer(question.number, given, revision=order.revision)

    def silent(self, execution_id: int, seconds: float) -> bool:
        """Show that a watcher has not asked anything for so long; False: it does not run any more."""
        if self._strike_of(execution_id) is None:
            return False
        message = SILENT.format(seconds=seconds)
        log.error("A Strike waits: %s", message, extra={"execution_id": execution_id})
        self._transfers.note(execution_id, message)
        return True

    def heard(self, execution_id: int) -> None:
        """Take back that a watcher was silent."""
        self._transfers.note(execution_id, None)

    def _strike_of(self, execution_id: int) -> int | None:
        """The Strike that an execution watches for; None: it does not run."""
        with self._context.database.read() as session:
            strike_id: int | None = session.scalar(
                select(Strike.id)
                .join(JobExecution, JobExecution.job_id == Strike.job_id)
                .where(JobExecution.id == execution_id, JobExecution.status == JobExecutionStatus.RUNNING)
            )
            return strike_id

    def _order(self, asked: _Asked) -> Mapping[str, Any]:
        order, monitor = asked.order, asked.order.configuration.monitor
        with self._context.database.read() as session:
            watched = session.scalar(select(Strike.watched).where(Strike.id == order.strike_id))
        return {
            "name": order.name,
            "configuration": order.configuration.to_document(),
            "is_known": watched is not None and watched == order.configuration.mount,
            "workspace": None if monitor is None else self._watched(asked).workspace(monitor.workspace_name),
        }

    def _watches(self, asked: _Asked) -> None:
        if asked.question.about == asked.order.configuration.mount:  # else it was edited: the watcher begins anew
            self._transfers.watches(asked.order)

    def _under_way(self, asked: _Asked) -> list[Sequence[Any]]:
        known = self._transfers.under_way(asked.order.strike_id, asked.question.about, PAGE)
        return [(one.ingest_id, one.file_name, one.path, one.size) for one in known]

    def _names_being_ingested(self, asked: _Asked) -> list[str]:
        return sorted(self._transfers.names_being_ingested(asked.order.strike_id, asked.question.about))

    def _unrecorded(self, asked: _Asked) -> list[str]:
        return sorted(self._transfers.unrecorded(dict(asked.question.about)))

    def _seen(self, asked: _Asked) -> list[tuple[str, int]]:
        known = {path: ingest_id for _name, path, _size, ingest_id in asked.question.about if ingest_id is not None}
        transfers = [Transfer(name, path, size) for name, path, size, _id in asked.question.about]
        try:
            ids = self._transfers.seen(asked.order, transfers, known, asked.note)
        except _Recorded:
            wanted = {one.path for one in transfers}
            there = self._transfers.under_way(asked.order.strike_id)
            ids = known | {one.path: one.ingest_id for one in there if one.path in wanted}
        return list(ids.items())

    def _refused(self, asked: _Asked) -> None:
        self._transfers.refused(asked.order, [Refusal(*one) for one in asked.question.about])

    def _arrived(self, asked: _Asked) -> None:
        try:
            self._transfers.arrived(asked.order, [Arrival(*one) for one in asked.question.about], asked.note)
        except _Recorded:
            log.info("What arrived was told again, and is recorded", extra={"execution_id": asked.execution_id})

    def _watched(self, asked: _Asked) -> WatchedFileService:
        return WatchedFileService(self._context, asked.order.strike_id)

    def _news(self, asked: _Asked) -> list[str]:
        listed = [ListedFile(path, 0, version) for path, version in asked.question.about]
        return [one.path for one in self._watched(asked).news(listed)]

    def _listed(self, asked: _Asked) -> None:
        after, there, last = asked.question.about
        self._watched(asked).forget_gone(after, there, last)

    def _found(self, asked: _Asked) -> None:
        found = [(ListedFile(*file), Arrival(*arrival)) for file, arrival in asked.question.about]
        try:
            self._watched(asked).arrived(asked.order, found, asked.note)
        except _Recorded:
            log.info("What was found was told again, and is recorded", extra={"execution_id": asked.execution_id})

    def _note(self, asked: _Asked) -> None:
        message, is_trouble = asked.question.about
        self._transfers.note(asked.execution_id, message, is_trouble=is_trouble)
