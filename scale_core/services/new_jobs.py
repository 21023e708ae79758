"""New jobs that are on the queue at once: many in a handful of statements, one in no more."""

from collections.abc import Sequence
from typing import NamedTuple

from scale_core.db.bulk import insert_rows
from scale_core.db.database import WriteSession
from scale_core.db.models import Job, JobExecution, JobInputFile, JobType
from scale_core.domain.job_data import referenced_file_ids
from scale_core.domain.resources import disk_in_mib, disk_out_mib
from scale_core.domain.states import JOB, JobEvent, next_status
from scale_core.interfaces.notice import JobStatusChanged
from scale_core.services import notices
from scale_core.services.context import Context
from scale_core.services.facts import file_sizes
from scale_core.services.jobs import copied_settings, current_revision, new_execution, wake_queue
from scale_generated.enums import JobStatus
from scale_generated.specs.job_data import JobData


class NewJob(NamedTuple):
    """What a job is made of: the id of the event that asks for it, and its data, which is checked already."""

    event_id: int
    data: JobData


def queue_new_jobs(session: WriteSession, context: Context, job_type: JobType, wanted: Sequence[NewJob]) -> list[int]:
    """Make jobs of a type, each with the execution that waits for its turn.

    :return: the ids of the jobs, in the order of ``wanted``.
    """
    if not wanted:
        return []
    now = context.now()
    job_ids = insert_rows(
        session,
        Job,
        [_needs(session, job_type, one) for one in wanted],
        job_type_id=job_type.id,
        job_type_rev_id=current_revision(session, job_type).id,
        status=next_status(JOB, JobStatus.PENDING, JobEvent.QUEUE, history="a new job"),
        num_exes=1,
        **copied_settings(job_type),
        results={},
        queued=now,
        created=now,
        last_modified=now,
        last_status_change=now,
    )
    inputs = [
        {"job_id": job_id, "file_id": file_id}
        for job_id, one in zip(job_ids, wanted, strict=True)
        for file_id in sorted(referenced_file_ids(one.data))
    ]
    insert_rows(session, JobInputFile, inputs)
    execution = new_execution(0, job_type.id, priority=job_type.priority, timeout=job_type.timeout, now=now)
    del execution["job_id"]
    insert_rows(session, JobExecution, [{"job_id": job_id} for job_id in job_ids], **execution)
    changes = ((None, JobStatus.PENDING), (JobStatus.PENDING, JobStatus.QUEUED))
    notices.job_statuses_changed(
        session,
        context,
        (JobStatusChanged(job_id, job_type.name, old, new) for job_id in job_ids for old, new in changes),
    )
    wake_queue(session, context)
    return job_ids


def _needs(session: WriteSession, job_type: JobType, job: NewJob) -> dict[str, object]:
    file_ids = referenced_file_ids(job.data)
    input_mib = disk_in_mib(file_sizes(session, file_ids)) if file_ids else 0.0
    return {
        "event_id": job.event_id,
        "data": job.data.to_document(),
        "disk_in_required": input_mib,
        "disk_out_required": disk_out_mib(job_type.disk_out_const_required, job_type.disk_out_mult_required, input_mib),
    }
