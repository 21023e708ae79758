"""What the scheduler would do with executions now: its own search and placement, on what the database says.

Nothing is changed. The head of the queue, what runs and the nodes are read in the caller's transaction; what the
scheduler alone knows comes from its note.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from scale_core.db.models import Scheduler
from scale_core.domain.placement import (
    Demand,
    Pass,
    Placement,
    Policy,
    QueuedExecution,
    Reason,
    Standing,
    Why,
    in_order,
)
from scale_core.services import queue_views
from scale_core.services.cluster import capacity, idle
from scale_core.services.context import Context
from scale_core.services.heartbeat import is_alive
from scale_core.services.lacking import Lacking, said_of
from scale_core.services.queue_views import QueueView
from scale_core.services.scheduler_notes import SchedulerNote
from scale_core.services.search import Search

NO_SCHEDULER = Why(Reason.NO_SCHEDULER, "No scheduler runs: none has been heard of for a while. Start one.")
BEHIND_OTHERS = Why(Reason.BEHIND_OTHERS, "There is room for it, and jobs that rank before it are placed first.")


@dataclass(frozen=True, slots=True)
class Prospect:
    """What would become of an execution: where it would be placed, or everything that keeps it from being placed.

    :param placement: None where something keeps it.
    """

    placement: Placement | None
    reasons: Sequence[Why]


class Outlook:
    """One look ahead.

    :param session: what it reads is one state of the database.
    """

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._context = context
        row = session.get(Scheduler, 1)
        self._is_alive = row is not None and is_alive(row.heartbeat, context.now())
        self._is_paused = row is not None and row.is_paused
        self._note = SchedulerNote.from_document(row.note) if row is not None and row.note else SchedulerNote()
        self._policy = Policy(context.settings.long_wait_seconds, context.settings.long_wait_share)
        self._there = capacity(session, self._note)

    def of_queued(self, executions: Sequence[QueuedExecution], *, are_new: bool = False) -> dict[int, Prospect]:
        """Prospects, by execution id, of executions that are on the queue.

        :param are_new: they are not on the queue, and are treated as though they were.
        """
        executions = said_of(self._session, executions, self._note.lacking)
        reader = _Reader(self._session, self._note.lacking, executions if are_new else ())
        prospects, is_clear = self._searched(reader, executions, looks_further=False)
        if not is_clear:
            prospects, _is_clear = self._searched(reader, executions, looks_further=True)
        return prospects

    def _searched(
        self, reader: "_Reader", executions: Sequence[QueuedExecution], *, looks_further: bool
    ) -> tuple[dict[int, Prospect], bool]:
        """Prospects, and whether looking further, which takes longer the longer the queue is, can tell nothing new."""
        search = Search(
            reader, self._policy, {}, self._context.now, standing=self._note.standing, held_back=self._note.held_back
        )
        view = search.look()
        decision, _looked_at = search.decide(view, self._there, looks_further=looks_further)
        placements = {one.execution_id: one for one in decision.placements}
        reasons = {one.execution_id: search.reasons(one) for one in executions}
        is_clear = view.is_whole or all(why or one in placements for one, why in reasons.items())
        return {one: self._prospect(placements.get(one), why) for one, why in reasons.items()}, is_clear

    def lasting(self, execution: QueuedExecution) -> list[Why]:
        """What would keep an execution that is not on the queue yet from being placed though nothing else ran."""
        demand = Demand((), self._context.now(), is_paused=self._is_paused)
        alone = replace(execution, running_of_type=0)
        return self._with_scheduler(Pass(demand, idle(self._there), self._policy, Standing()).reasons(alone))

    def _prospect(self, placement: Placement | None, reasons: Sequence[Why]) -> Prospect:
        if placement is None and not reasons:
            reasons = [BEHIND_OTHERS]
        reasons = self._with_scheduler(reasons)
        return Prospect(None if reasons else placement, reasons)

    def _with_scheduler(self, reasons: Sequence[Why]) -> list[Why]:
        return in_order(reasons if self._is_alive else [*reasons, NO_SCHEDULER])


class _Reader:
    """Reads the queue in one session.

    :param lacking: what nodes lack, and for whom.
    :param added: executions that are not on the queue, to be found as though they were.
    """

    def __init__(self, session: Session, lacking: Lacking, added: Collection[QueuedExecution]) -> None:
        self._session = session
        self._lacking = lacking
        self._added = [one for one in added if not one.is_type_paused and not one.is_still_ending]

    def look(self, window: int, longest: int, since: datetime, hopeless: Collection[int] = ()) -> QueueView:
        view = queue_views.look(self._session, window, longest, since, hopeless)
        queue = _merged(self._said_of(view.queue), self._added)
        is_whole = view.is_whole and len(queue) < window
        return replace(view, queue=queue[:window], longest=self._said_of(view.longest), is_whole=is_whole)

    def queue(self, limit: int, skipped: Collection[int] = (), *, only_tasks: bool = False) -> list[QueuedExecution]:
        behind = queue_views.queue_behind(self._session, limit, skipped, only_tasks=only_tasks)
        added = [one for one in self._added if one.job_type_id not in skipped and (one.is_system or not only_tasks)]
        return _merged(self._said_of(behind), added)[:limit]

    def _said_of(self, queue: Sequence[QueuedExecution]) -> list[QueuedExecution]:
        return said_of(self._session, queue, self._lacking)


def _merged(queue: Sequence[QueuedExecution], added: Sequence[QueuedExecution]) -> list[QueuedExecution]:
    return sorted([*queue, *added], key=lambda one: one.rank)
