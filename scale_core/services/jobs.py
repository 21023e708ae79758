"""Jobs: creation, the queue, cancellation, lists and details."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from scale_core.db.database import WriteSession
from scale_core.db.models import Job, JobExecution, JobInputFile, JobType, JobTypeRevision, TriggerEvent
from scale_core.db.postgres import tell_queue_changed
from scale_core.db.prepared import Kept
from scale_core.domain.job_data import job_data_problems, referenced_file_ids, referenced_workspace_ids
from scale_core.domain.reach import COPIED_SETTINGS
from scale_core.domain.resources import disk_in_mib, disk_out_mib
from scale_core.domain.states import EXECUTION, JOB, ExecutionEvent, JobEvent, next_status
from scale_core.interfaces.notice import JobStatusChanged
from scale_core.services import notices
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound, refuse
from scale_core.services.facts import JobTypeFacts, file_facts, file_sizes, workspace_facts
from scale_generated.enums import JobExecutionStatus, JobStatus
from scale_generated.specs.job_data import JobData
from scale_generated.specs.job_interface import JobInterface

_REVISION = Kept(
    lambda _dialect: select(JobTypeRevision.id).where(
        JobTypeRevision.job_type_id == bindparam("job_type_id", required=False),
        JobTypeRevision.revision_num == bindparam("number", required=False),
    )
)

ENDED_JOB = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED})


def current_revision_id(session: WriteSession, job_type: JobType | JobTypeFacts) -> int:
    """The id of the revision that a job made now keeps."""
    revision_id: int
    (revision_id,) = _REVISION.values(session, job_type_id=job_type.id, number=job_type.revision_num)
    return revision_id


def copied_settings(job_type: JobType | JobTypeFacts) -> dict[str, Any]:
    """The settings that a job made now copies from its type, by the name of the column."""
    return {name: getattr(job_type, name) for name in COPIED_SETTINGS}


def create_job(session: WriteSession, context: Context, job_type: JobType, event: TriggerEvent) -> Job:
    """A new PENDING job, without data yet; :func:`queue_job` gives it some and lets it run."""
    now = context.now()
    job = Job(
        job_type=job_type,
        job_type_rev_id=current_revision_id(session, job_type),
        event=event,
        status=JobStatus.PENDING,
        **copied_settings(job_type),
        data={},
        results={},
        created=now,
        last_modified=now,
        last_status_change=now,
    )
    session.add(job)
    session.flush()
    notices.job_status_changed(session, context, JobStatusChanged(job.id, job_type.name, None, job.status))
    return job


def check_job_data(session: WriteSession, interface: JobInterface, data: JobData, at: str = "") -> None:
    """Refuse data that the interface cannot run on.

    :raises Invalid: a file or workspace does not exist, an input is missing, a media type does not fit …
    """
    files = file_facts(session, referenced_file_ids(data))
    workspaces = workspace_facts(session, referenced_workspace_ids(data))
    refuse(job_data_problems(interface, data, files, workspaces, at))


def queue_job(session: WriteSession, context: Context, job: Job, data: JobData) -> JobExecution:
    """Give a job its (checked) data and put it on the queue for the first time."""
    file_ids = referenced_file_ids(data)
    input_mib = disk_in_mib(file_sizes(session, file_ids))
    job.data = data.to_document()
    job.disk_in_required = input_mib
    job.disk_out_required = disk_out_mib(
        job.job_type.disk_out_const_required, job.job_type.disk_out_mult_required, input_mib
    )
    session.add_all(JobInputFile(job_id=job.id, file_id=file_id) for file_id in sorted(file_ids))
    return enqueue(session, context, job, JobEvent.QUEUE)


def enqueue(session: WriteSession, context: Context, job: Job, event: JobEvent) -> JobExecution:
    """Move a job to QUEUED by ``event`` and make the execution that waits for its turn."""
    now = context.now()
    change_status(session, context, job, event)
    job.queued, job.started, job.ended, job.error_id = now, None, None, None
    job.num_exes += 1
    execution = JobExecution(
        **new_execution(job.id, job.job_type_id, priority=job.priority, timeout=job.timeout, now=now)
    )
    session.add(execution)
    wake_queue(session, context)
    return execution


def new_execution(job_id: int, job_type_id: int, *, priority: int, timeout: int, now: datetime) -> dict[str, Any]:
    """The columns of an execution that waits for its turn from ``now`` on; ``timeout`` is in seconds."""
    return {
        "job_id": job_id,
        "job_type_id": job_type_id,
        "status": JobExecutionStatus.QUEUED,
        "priority": priority,
        "timeout": timeout,
        "queued": now,
        "environment": {},
        "results": {},
        "results_manifest": {},
        "created": now,
        "last_modified": now,
    }


def change_status(session: WriteSession, context: Context, job: Job, event: JobEvent, category: str = "") -> None:
    """The only way in which a job's status changes.

    :param category: of the error that it fails with; empty: it does not fail.
    :raises IllegalTransition: ``event`` cannot happen to a job in its status.
    """
    old = job.status
    now = context.now()
    job.status = next_status(
        JOB, JobStatus(old), event, history=f"job {job.id}, {old} since {job.last_status_change:%Y-%m-%d %H:%M:%S}"
    )
    job.last_status_change = job.last_modified = now
    if job.status in ENDED_JOB:
        context.telemetry.job_ended(session, job.status, category)
    notices.job_status_changed(session, context, JobStatusChanged(job.id, job.job_type.name, old, job.status))


def change_execution_status(context: Context, execution: JobExecution, event: ExecutionEvent) -> None:
    """The only way in which an execution's status changes.

    :raises IllegalTransition: ``event`` cannot happen to an execution in its status.
    """
    execution.status = next_status(
        EXECUTION, JobExecutionStatus(execution.status), event, history=f"execution {execution.id}"
    )
    execution.last_modified = context.now()


def wake_queue(session: WriteSession, context: Context) -> None:
    """Wake the scheduler once this transaction is committed."""
    if context.queue_changed.set not in session.after_commit:
        session.after_commit.append(context.queue_changed.set)
        tell_queue_changed(session)


def cancel_job(session: WriteSession, context: Context, job: Job) -> None:
    """Cancel a job in any state that can be; the engine is told to end what runs of it.

    :raises IllegalTransition: the job is COMPLETED or CANCELED.
    """
    cancel_jobs(session, context, [job])


def cancel_jobs(session: WriteSession, context: Context, jobs: Sequence[Job]) -> None:
    """Cancel jobs, as :func:`cancel_job` does with one."""
    for job in jobs:
        change_status(session, context, job, JobEvent.CANCEL)
        job.ended = context.now()
    waiting = select(JobExecution).where(
        JobExecution.job_id.in_([job.id for job in jobs]), JobExecution.status == JobExecutionStatus.QUEUED
    )
    for execution in session.scalars(waiting):
        change_execution_status(context, execution, ExecutionEvent.CANCEL)
        execution.ended = context.now()
    wake_queue(session, context)


def require_job(session: WriteSession, job_id: int) -> Job:
    """The job with this id.

    :raises NotFound: there is none.
    """
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound("job", job_id)
    return job


def values_of(data: Mapping[str, Any]) -> dict[str, str]:
    """The property values in a job's data, by input name."""
    inputs: Iterable[Mapping[str, Any]] = data.get("input_data", ())
    return {one["name"]: one["value"] for one in inputs if "value" in one}
