"""The queue as placement sees it: plain rows, read in one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from scale_core.domain.placement import QueuedExecution
from scale_core.interfaces.engine import Resources
from scale_core.services.execution_queries import (
    BEHIND,
    BY_AGE,
    BY_RANK,
    CANCELED,
    IS_PAUSED,
    OF_JOBS,
    RUNNING_BY_TYPE,
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
    running = running_by_type(session)
    queue = _queued(session, running, BY_RANK, at_most=window)
    return QueueView(
        is_paused=bool(session.scalar(IS_PAUSED)),
        queue=queue,
        is_whole=len(queue) < window,
        longest=_queued(session, running, BY_AGE, at_most=longest, since=since, hopeless=list(hopeless)),
        canceled=list(session.scalars(CANCELED)),
    )


def queue_behind(
    session: Session, limit: int, skipped: Collection[int] = (), *, only_tasks: bool = False
) -> list[QueuedExecution]:
    """The first executions of the queue, by priority, then age, as in :func:`look`.

    :param skipped: ids of job types whose executions are passed over.
    :param only_tasks: look at those of Scale's own job types only.
    """
    statement = TASKS_BEHIND if only_tasks else BEHIND
    return _queued(session, running_by_type(session), statement, at_most=limit, skipped=list(skipped))


def queued_of_jobs(session: Session, job_ids: Sequence[int]) -> list[QueuedExecution]:
    """The executions of some jobs that are on the queue, those of paused types and those behind an execution that is
    still being ended too."""
    return _queued(session, running_by_type(session), OF_JOBS, job_ids=list(job_ids))


def _queued(session: Session, running: dict[int, int], statement: Select[Any], **given: Any) -> list[QueuedExecution]:
    return [_queued_execution(row, running) for row in session.execute(statement, given).all()]


def _queued_execution(row: Any, running: dict[int, int]) -> QueuedExecution:
    execution_id, job_id, type_id, name, is_system, is_long_running, image, priority, queued, *rest = row
    cpus, mem, disk_in, disk_out, most, is_type_paused, is_still_ending = rest
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
        resources=Resources(cpus, mem, disk_in + disk_out),
        max_scheduled=most,
        running_of_type=running.get(type_id, 0),
        is_type_paused=is_type_paused,
        is_still_ending=is_still_ending,
    )


def running_by_type(session: Session) -> dict[int, int]:
    """How many executions of each job type run, by the type's id; of types that are not in it none does."""
    rows: Any = session.execute(RUNNING_BY_TYPE)
    return dict(rows.all())
