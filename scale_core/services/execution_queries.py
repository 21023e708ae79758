"""What the scheduler asks the database about executions, many times a second.

On tables, not on mapped classes, and made once: to put a statement together takes longer than to answer it.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, false, func, select

from scale_core.db.base import Base
from scale_core.db.bulk import table_of
from scale_core.db.given import is_given
from scale_core.db.models import Job, JobExecution, JobType, Scheduler
from scale_core.db.prepared import Kept
from scale_generated.enums import JobExecutionStatus, JobStatus

_exe = table_of(JobExecution).c
_job = table_of(Job).c
_type = table_of(JobType).c
_exe_tally = Base.metadata.tables["job_exe_tally"].c
_job_tally = Base.metadata.tables["job_tally"].c

STILL_ENDING: Final = "still_ending"
"""The name of the ids of the jobs of :data:`CANCELED`, which the statements on the queue are given."""

IS_PAUSED: Final = Kept(lambda _dialect: select(table_of(Scheduler).c.is_paused).where(table_of(Scheduler).c.id == 1))
"""Whether an operator has paused all scheduling."""

RUNNING_BY_TYPE: Final = Kept(
    lambda _dialect: (
        select(_exe_tally.job_type_id, func.sum(_exe_tally.number))
        .where(_exe_tally.status == JobExecutionStatus.RUNNING)
        .group_by(_exe_tally.job_type_id)
    )
)
"""Ids of job types, and how many executions of them run."""

RUNNING_JOBS: Final = Kept(
    lambda _dialect: select(func.coalesce(func.sum(_job_tally.number), 0)).where(_job_tally.status == JobStatus.RUNNING)
)
"""How many jobs run."""

QUEUED_TYPES: Final = Kept(
    lambda _dialect: (
        select(_exe_tally.job_type_id, _type.is_system)
        .join(table_of(JobType), _exe_tally.job_type_id == _type.id)
        .where(_exe_tally.status == JobExecutionStatus.QUEUED)
        .group_by(_exe_tally.job_type_id, _type.is_system)
        .having(func.sum(_exe_tally.number) > 0)
    )
)
"""Ids of the job types of which there are executions on the queue, and whether they are Scale's own."""

CANCELED: Final = Kept(
    lambda _dialect: (
        select(_exe.id, _exe.job_id)
        .join(table_of(Job), _exe.job_id == _job.id)
        .where(_exe.status == JobExecutionStatus.RUNNING, _job.status != JobStatus.RUNNING)
    )
)
"""Executions that run though their job does not, each with its job."""

_WITH_JOB: Final = (
    table_of(JobExecution)
    .join(table_of(Job), _exe.job_id == _job.id)
    .join(table_of(JobType), _exe.job_type_id == _type.id)
)

_STATUS: Final = _exe.status.concat("")
"""The status where ids are given: by them executions are found, not by an index on the status, in which there may be a
hundred thousand."""


def _is_still_ending(dialect: str) -> ColumnElement[bool]:
    """Whether an earlier execution of the job of one on the queue is among :data:`CANCELED`."""
    return is_given(_exe.job_id, dialect, STILL_ENDING)


def _needs(is_type_paused: ColumnElement[bool], is_still_ending: ColumnElement[bool]) -> Select[Any]:
    """What placement needs to know of executions."""
    return select(
        _exe.id,
        _exe.job_id,
        _exe.job_type_id,
        _type.name,
        _type.is_system,
        _type.is_long_running,
        _type.docker_image,
        _exe.priority,
        _exe.queued,
        _job.cpus_required,
        _job.mem_required,
        _job.disk_in_required,
        _job.disk_out_required,
        _job.custom_resources,
        _type.max_scheduled,
        is_type_paused,
        is_still_ending,
    ).select_from(_WITH_JOB)


def _queued(dialect: str) -> Select[Any]:
    """The first ``at_most`` of those on the queue that may be placed, in no order."""
    free = (_exe.status == JobExecutionStatus.QUEUED, ~_type.is_paused, ~_is_still_ending(dialect))
    return _needs(false(), false()).where(*free).limit(bindparam("at_most", required=False))


def _by_rank(dialect: str) -> Select[Any]:
    return _queued(dialect).order_by(_exe.priority, _exe.queued, _exe.id)


OF_JOBS: Final = Kept(
    lambda dialect: _needs(_type.is_paused, _is_still_ending(dialect)).where(
        is_given(_exe.job_id, dialect), _STATUS == JobExecutionStatus.QUEUED
    )
)
"""Those of the jobs whose ids are given, whatever keeps them from being placed."""

BY_RANK: Final = Kept(_by_rank)
"""The first ``at_most`` of the queue, by priority, then age."""

BY_AGE: Final = Kept(
    lambda dialect: (
        _queued(dialect)
        .order_by(_exe.queued, _exe.id)
        .where(_exe.queued <= bindparam("since", required=False), ~is_given(_exe.id, dialect))
    )
)
"""The first ``at_most`` of those that wait since ``since``, the oldest first, without those whose ids are given."""

BEHIND: Final = Kept(lambda dialect: _by_rank(dialect).where(~is_given(_exe.job_type_id, dialect)))
"""The first ``at_most`` of the queue that are of none of the job types whose ids are given."""

TASKS_BEHIND: Final = Kept(
    lambda dialect: _by_rank(dialect).where(~is_given(_exe.job_type_id, dialect), _type.is_system)
)
"""Of these, those of Scale's own job types."""

CLAIMS: Final = Kept(
    lambda dialect: (
        select(
            _exe.id,
            _exe.job_id,
            _job.status,
            _exe.queued,
            _job.data,
            _job.timeout,
            _job.cpus_required,
            _job.mem_required,
            _job.disk_in_required,
            _job.disk_out_required,
            _job.custom_resources,
            _job.job_type_rev_id,
            _type.name,
            _type.version,
            _type.is_system,
            _type.is_long_running,
            _type.docker_image,
            _type.docker_privileged,
        )
        .select_from(_WITH_JOB)
        .where(is_given(_exe.id, dialect), _STATUS == JobExecutionStatus.QUEUED)
        .order_by(_exe.id)
    )
)
"""What plans are made from, of those of the executions whose ids are given that are in the queue."""

STILL_RUNNING: Final = Kept(
    lambda dialect: select(_exe.id).where(is_given(_exe.id, dialect), _STATUS == JobExecutionStatus.RUNNING)
)
"""Those of the executions whose ids are given that run."""
