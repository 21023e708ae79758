"""The queue as placement sees it: plain rows, read in one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from scale_core.db.given import given
from scale_core.db.prepared import Kept, Values
from scale_core.domain.placement import QueuedExecution
from scale_core.domain.resources import custom_of
from scale_core.interfaces.engine import Resources
from scale_core.services.execution_queries import (
    BEHIND,
    BY_AGE,
    BY_RANK,
    CANCELED,
    IS_PAUSED,
    OF_JOBS,
    QUEUED_TYPES,
    RUNNING_BY_TYPE,
    RUNNING_JOBS,
    STILL_ENDING,
    TASKS_BEHIND,
)


@dataclass(frozen=True, slots=True)
class QueueView:
    """One look at what there is to schedule.

    :param is_paused: an operator has paused all scheduling.
    :param queue: the first executions of the queue, by priority, then age.
    :param is_whole: whether those are all.
    :param longest: those that have waited long, the oldest first, wherever they are in the queue.
    :param canceled: executions that still run though their job does not, for it was canceled (and may be queued again
        already): the engine has to end them.
    """

    is_paused: bool
    queue: list[QueuedExecution]
    is_whole: bool
    longest: list[QueuedExecution]
    canceled: list[int]


def look(session: Session, window: int, longest: int, since: datetime, hopeless: Collection[int] = ()) -> QueueView:
    """What there is to schedule.

    Executions of paused types are left out, and those of jobs that were queued again while an execution of them is
    still being ended.

    :param window: how many executions of the queue to look at.
    :param longest: how many of those that have waited longest, of those that wait since ``since``.
    :param hopeless: ids of executions that are not to be among those.
    """
    now = _now(session)
    queue = _queued(session, now, BY_RANK, at_most=window)
    return QueueView(
        is_paused=any(IS_PAUSED.values(session)),
        queue=queue,
        is_whole=len(queue) < window,
        longest=_queued(session, now, BY_AGE, hopeless, at_most=longest, since=since),
        canceled=[execution_id for execution_id, _job_id in now.canceled],
    )


def queue_behind(
    session: Session, limit: int, skipped: Collection[int] = (), *, only_tasks: bool = False
) -> list[QueuedExecution]:
    """The first executions of the queue, by priority, then age, as in :func:`look`.

    :param skipped: ids of job types whose executions are passed over.
    :param only_tasks: look at those of Scale's own job types only.
    """
    # Without this, a queue of one type would be walked to its end to find nothing behind it.
    if not any(one not in skipped and (is_system or not only_tasks) for one, is_system in QUEUED_TYPES.rows(session)):
        return []
    statement = TASKS_BEHIND if only_tasks else BEHIND
    return _queued(session, _now(session), statement, skipped, at_most=limit)


def queued_of_jobs(session: Session, job_ids: Sequence[int]) -> list[QueuedExecution]:
    """The executions of some jobs that are on the queue, those of paused types and those behind an execution that is
    still being ended too."""
    return _queued(session, _now(session), OF_JOBS, job_ids)


class _Now(NamedTuple):
    """What runs: how many by job type, and what does though its job does not, as (execution id, job id)."""

    running: dict[int, int]
    canceled: list[Values]


def _now(session: Session) -> _Now:
    running = running_by_type(session)
    # A job that runs has one execution that does. Where both are as many, which the tallies tell, none was canceled,
    # and what runs on a whole cluster need not be looked through.
    are_as_many = RUNNING_JOBS.values(session) == [sum(running.values())]
    return _Now(running, [] if are_as_many else CANCELED.rows(session))


def _queued(
    session: Session, now: _Now, statement: Kept, ids: Collection[int] | None = None, **values: Any
) -> list[QueuedExecution]:
    dialect = session.get_bind().dialect.name
    if ids is not None:
        values |= given(list(ids), dialect)
    values |= given([job_id for _execution_id, job_id in now.canceled], dialect, STILL_ENDING)
    return [_queued_execution(row, now.running) for row in statement.rows(session, **values)]


def _queued_execution(row: Values, running: dict[int, int]) -> QueuedExecution:
    execution_id, job_id, type_id, name, is_system, is_long_running, image, priority, queued, *rest = row
    cpus, mem, disk_in, disk_out, custom, most, is_type_paused, is_still_ending = rest
    return QueuedExecution(
        execution_id=execution_id,
        job_id=job_id,
        job_type_id=type_id,
        job_type_name=name,
        is_system=is_system,
        is_long_running=is_long_running,
        uses_docker=image is not None,
        priority=priority,
        queued=queued,
        resources=Resources(cpus, mem, disk_in + disk_out, custom_of(custom)),
        max_scheduled=most,
        running_of_type=running.get(type_id, 0),
        is_type_paused=is_type_paused,
        is_still_ending=is_still_ending,
    )


def running_by_type(session: Session) -> dict[int, int]:
    """How many executions of each job type run, by the type's id; of types that are not in it none does."""
    return {job_type_id: int(number) for job_type_id, number in RUNNING_BY_TYPE.rows(session)}
