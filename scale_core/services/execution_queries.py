"""What the scheduler asks the database about executions, many times a second.

On tables, not on mapped classes, and made once: to put a statement together takes longer than to answer it.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, false, func, select

from scale_core.db.bulk import table_of
from scale_core.db.given import is_given
from scale_core.db.models import Job, JobExecution, JobType, Scheduler
from scale_core.db.prepared import Kept
from scale_generated.enums import JobExecutionStatus, JobStatus

_exe = table_of(JobExecution).c
_job = table_of(Job).c
_type = table_of(JobType).c

IS_PAUSED: Final = Kept(lambda _dialect: select(table_of(Scheduler).c.is_paused).where(table_of(Scheduler).c.id == 1))
"""Whether an operator has paused all scheduling."""

RUNNING_BY_TYPE: Final = Kept(
    lambda _dialect: (
        select(_exe.job_type_id, func.count())
        .where(_exe.status == JobExecutionStatus.RUNNING)
        .group_by(_exe.job_type_id)
    )
)
"""Ids of job types, and how many executions of them run."""

CANCELED: Final = Kept(
    lambda _dialect: (
        select(_exe.id)
        .join(table_of(Job), _exe.job_id == _job.id)
        .where(_exe.status == JobExecutionStatus.RUNNING, _job.status != JobStatus.RUNNING)
    )
)
"""Executions that run though their job does not."""

_WITH_JOB: Final = (
    table_of(JobExecution)
    .join(table_of(Job), _exe.job_id == _job.id)
    .join(table_of(JobType), _exe.job_type_id == _type.id)
)

_STILL_ENDING: Final = _exe.job_id.in_(select(_exe.job_id).where(_exe.status == JobExecutionStatus.RUNNING))


def _needs(is_type_paused: ColumnElement[bool], is_still_ending: ColumnElement[bool]) -> Select[Any]:
    """What placement needs to know of executions on the queue."""
    return (
        select(
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
            _type.max_scheduled,
            is_type_paused,
            is_still_ending,
        )
        .select_from(_WITH_JOB)
        .where(_exe.status == JobExecutionStatus.QUEUED)
    )


_QUEUED: Final = (
    _needs(false(), false()).where(~_type.is_paused, ~_STILL_ENDING).limit(bindparam("at_most", required=False))
)
_BY_RANK: Final = _QUEUED.order_by(_exe.priority, _exe.queued, _exe.id)

OF_JOBS: Final = Kept(lambda dialect: _needs(_type.is_paused, _STILL_ENDING).where(is_given(_exe.job_id, dialect)))
"""Those of the jobs whose ids are given, whatever keeps them from being placed."""

BY_RANK: Final = Kept(lambda _dialect: _BY_RANK)
"""The first ``at_most`` of the queue, by priority, then age."""

BY_AGE: Final = Kept(
    lambda dialect: _QUEUED.order_by(_exe.queued, _exe.id).where(
        _exe.queued <= bindparam("since", required=False), ~is_given(_exe.id, dialect)
    )
)
"""The first ``at_most`` of those that wait since ``since``, the oldest first, without those whose ids are given."""

BEHIND: Final = Kept(lambda dialect: _BY_RANK.where(~is_given(_exe.job_type_id, dialect)))
"""The first ``at_most`` of the queue that are of none of the job types whose ids are given."""

TASKS_BEHIND: Final = Kept(lambda dialect: _BY_RANK.where(~is_given(_exe.job_type_id, dialect), _type.is_system))
"""Of these, those of Scale's own job types."""

CLAIMS: Final = (
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
        _job.job_type_rev_id,
        _type.name,
        _type.version,
        _type.is_system,
        _type.is_long_running,
        _type.docker_image,
        _type.docker_privileged,
    )
    .select_from(_WITH_JOB)
    .where(_exe.id.in_(bindparam("ids", expanding=True)), _exe.status == JobExecutionStatus.QUEUED)
    .order_by(_exe.id)
)
"""What plans are made from, of those of ``ids`` that are in the queue."""
