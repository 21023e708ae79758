"""New jobs, on the queue or done already: many in a handful of statements, one in no more."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

from scale_core.db.base import Document
from scale_core.db.bulk import columns_of, insert_columns, insert_rows
from scale_core.db.database import WriteSession
from scale_core.db.models import Job, JobExecution, JobInputFile
from scale_core.domain.job_data import referenced_file_ids
from scale_core.domain.resources import disk_in_mib, disk_out_mib
from scale_core.domain.states import EXECUTION, JOB, ExecutionEvent, JobEvent, next_status
from scale_core.interfaces.notice import JobStatusChanged
from scale_core.services import notices
from scale_core.services.context import Context
from scale_core.services.ending_logs import tell_completed
from scale_core.services.facts import JobTypeFacts, file_sizes
from scale_core.services.jobs import copied_settings, current_revision_id, new_execution, wake_queue
from scale_generated.enums import JobExecutionStatus, JobStatus
from scale_generated.specs.job_data import JobData
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.job_results import JobResults

NO_RESULTS: Final = JobResults.from_document({"output_data": []}).to_document()
"""Of a job that makes no products."""

TO_THE_QUEUE: Final = (JobEvent.QUEUE,)
TO_THE_END: Final = (JobEvent.QUEUE, JobEvent.START, JobEvent.COMPLETE)


class NewJob(NamedTuple):
    """What a job is made of: the id of the event that asks for it, and its data, which is checked already."""

    event_id: int
    data: JobData


def queue_new_jobs(
    session: WriteSession, context: Context, job_type: JobTypeFacts, wanted: Sequence[NewJob]
) -> list[int]:
    """Make jobs of a type, each with the execution that waits for its turn.

    :return: the ids of the jobs, in the order of ``wanted``.
    """
    if not wanted:
        return []
    now = context.now()
    files = [referenced_file_ids(one.data) for one in wanted]
    space = {some: _space(session, job_type, some) for some in set(files)}
    rows = [
        {"event_id": one.event_id, "data": one.data.to_document(), **space[some]}
        for one, some in zip(wanted, files, strict=True)
    ]
    job_ids = _insert(session, job_type, columns_of(rows), now, status=_statuses(TO_THE_QUEUE)[-1], results={})
    inputs = [
        {"job_id": job_id, "file_id": file_id}
        for job_id, some in zip(job_ids, files, strict=True)
        for file_id in sorted(some)
    ]
    insert_rows(session, JobInputFile, inputs)
    insert_columns(session, JobExecution, {"job_id": job_ids}, **_execution(job_type, now))
    _tell(session, context, job_type, job_ids, TO_THE_QUEUE)
    wake_queue(session, context)
    return job_ids


def record_done_jobs(
    session: WriteSession,
    context: Context,
    job_type: JobTypeFacts,
    event_ids: Sequence[int],
    data: Sequence[Document],
    started: datetime,
) -> list[int]:
    """Make jobs of one of Scale's own types whose work is done, each with its completed execution.

    :param event_ids: of the events that ask for them, one for each.
    :param data: of each, as a document; none has a file.
    :param started: when their work began; it ended now.
    :return: the ids of the jobs, in that order.
    """
    if not event_ids:
        return []
    now = context.now()
    started = min(started, now)
    begun = {"created": started, "queued": started, "started": started}
    ended = {"ended": now, "results": NO_RESULTS}
    space = _space(session, job_type, ())
    columns = {"event_id": event_ids, "data": data}
    job_ids = _insert(session, job_type, columns, now, status=_statuses(TO_THE_END)[-1], **space, **begun, **ended)
    status = next_status(EXECUTION, JobExecutionStatus.QUEUED, ExecutionEvent.START)
    status = next_status(EXECUTION, status, ExecutionEvent.COMPLETE)
    arguments = JobInterface.from_document(job_type.interface).command_arguments
    same = _execution(job_type, now) | {"status": status, "command_arguments": arguments, **begun, **ended}
    execution_ids = insert_columns(session, JobExecution, {"job_id": job_ids}, **same)
    _tell(session, context, job_type, job_ids, TO_THE_END)
    context.telemetry.job_ended(session, JobStatus.COMPLETED, number=len(job_ids))
    name, executions = job_type.name, dict(zip(execution_ids, job_ids, strict=True))
    session.after_commit.append(lambda: tell_completed(context.telemetry, name, executions))
    return job_ids


def _insert(
    session: WriteSession, job_type: JobTypeFacts, columns: Mapping[str, Sequence[Any]], now: datetime, **same: Any
) -> list[int]:
    """Insert jobs.

    :param columns: in which they differ.
    :param same: further columns.
    """
    common = {
        "job_type_id": job_type.id,
        "job_type_rev_id": current_revision_id(session, job_type),
        "num_exes": 1,
        **copied_settings(job_type),
        "queued": now,
        "created": now,
        "last_modified": now,
        "last_status_change": now,
    }
    return insert_columns(session, Job, columns, **(common | same))


def _execution(job_type: JobTypeFacts, now: datetime) -> dict[str, Any]:
    """The columns that first executions of new jobs have in common."""
    columns = new_execution(0, job_type.id, priority=job_type.priority, timeout=job_type.timeout, now=now)
    del columns["job_id"]
    return columns


def _statuses(events: Sequence[JobEvent]) -> list[JobStatus]:
    """The statuses of a new job, from PENDING on."""
    statuses = [JobStatus.PENDING]
    for event in events:
        statuses.append(next_status(JOB, statuses[-1], event, history="a new job"))
    return statuses


def _tell(
    session: WriteSession, context: Context, job_type: JobTypeFacts, job_ids: Iterable[int], events: Sequence[JobEvent]
) -> None:
    """Tell plugins what became of new jobs."""
    statuses = _statuses(events)
    changes = list(pairwise([None, *statuses]))
    notices.job_statuses_changed(
        session,
        context,
        (JobStatusChanged(job_id, job_type.name, old, new) for job_id in job_ids for old, new in changes if new),
    )


def _space(session: WriteSession, job_type: JobTypeFacts, file_ids: Collection[int]) -> dict[str, float]:
    """What a job with these input files needs of the disk."""
    input_mib = disk_in_mib(file_sizes(session, file_ids)) if file_ids else 0.0
    output_mib = disk_out_mib(job_type.disk_out_const_required, job_type.disk_out_mult_required, input_mib)
    return {"disk_in_required": input_mib, "disk_out_required": output_mib}
