"""Jobs of Scale's own types: many at once, each with an event of its own, in a handful of statements."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from scale_core.db.bulk import insert_rows
from scale_core.db.database import WriteSession
from scale_core.db.models import Job, JobExecution, JobType, TriggerEvent
from scale_core.domain.resources import disk_out_mib
from scale_core.domain.states import JOB, JobEvent, next_status
from scale_core.interfaces.notice import JobStatusChanged
from scale_core.services import notices
from scale_core.services.context import Context
from scale_core.services.jobs import current_revision, new_execution, wake_queue
from scale_generated.enums import JobStatus
from scale_generated.specs.job_data import JobData, JobDataInput


def create_system_job(
    session: WriteSession,
    context: Context,
    job_type_name: str,
    data: Mapping[str, Any],
    event_type: str,
    description: Mapping[str, Any],
) -> Job:
    """A queued job of one of Scale's own types.

    :param data: values of the type's property inputs, by name.
    :param event_type: type of the trigger event that is recorded as the job's reason.
    """
    (job_id,) = create_system_jobs(session, context, job_type_name, event_type, [(data, description)])
    return session.get_one(Job, job_id)


def create_system_jobs(
    session: WriteSession,
    context: Context,
    job_type_name: str,
    event_type: str,
    wanted: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> list[int]:
    """Ids of queued jobs of one of Scale's own types: one for each (data, description) pair, as for
    :func:`create_system_job`. The number of statements does not depend on how many they are."""
    if not wanted:
        return []
    job_type = session.scalars(select(JobType).where(JobType.name == job_type_name, JobType.is_system)).one()
    now = context.now()
    descriptions = [{"description": dict(description)} for _data, description in wanted]
    event_ids = insert_rows(session, TriggerEvent, descriptions, type=event_type, occurred=now)
    job_ids = insert_rows(
        session,
        Job,
        [
            {"event_id": event_id, "data": _job_data(data)}
            for event_id, (data, _description) in zip(event_ids, wanted, strict=True)
        ],
        job_type_id=job_type.id,
        job_type_rev_id=current_revision(session, job_type).id,
        status=next_status(JOB, JobStatus.PENDING, JobEvent.QUEUE, history="a new job"),
        priority=job_type.priority,
        num_exes=1,
        timeout=job_type.timeout,
        max_tries=job_type.max_tries,
        cpus_required=job_type.cpus_required,
        mem_required=job_type.mem_required,
        disk_out_required=disk_out_mib(job_type.disk_out_const_required, job_type.disk_out_mult_required, 0.0),
        results={},
        queued=now,
        created=now,
        last_modified=now,
        last_status_change=now,
    )
    execution = new_execution(0, job_type.id, priority=job_type.priority, timeout=job_type.timeout, now=now)
    del execution["job_id"]
    insert_rows(session, JobExecution, [{"job_id": job_id} for job_id in job_ids], **execution)
    notices.job_statuses_changed(
        session,
        context,
        (
            JobStatusChanged(job_id, job_type.name, old, new)
            for job_id in job_ids
            for old, new in ((None, JobStatus.PENDING), (JobStatus.PENDING, JobStatus.QUEUED))
        ),
    )
    wake_queue(session, context)
    return job_ids


def _job_data(data: Mapping[str, Any]) -> dict[str, Any]:
    return JobData(
        input_data=tuple(JobDataInput(name=name, value=str(value)) for name, value in data.items())
    ).to_document()
