"""Jobs of Scale's own types: many at once, each with an event of its own, in a handful of statements."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import insert_columns, table_of
from scale_core.db.database import WriteSession
from scale_core.db.models import Job, JobType, Scheduler, TriggerEvent
from scale_core.db.prepared import Kept
from scale_core.services.context import Context
from scale_core.services.facts import system_type_facts
from scale_core.services.new_jobs import NewJob, queue_new_jobs, record_done_jobs
from scale_generated.specs.job_data import JobData, JobDataInput

Wanted = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Values of the inputs of a job, by name, and the description of the event that is its reason."""

_scheduler, _job_type = table_of(Scheduler).c, table_of(JobType).c
_FREE = Kept(
    lambda _dialect: select(_job_type.id).where(
        _job_type.name == bindparam("job_type_name", required=False),
        _job_type.is_system,
        ~_job_type.is_paused,
        _job_type.max_scheduled.is_(None),
        ~select(_scheduler.id).where(_scheduler.is_paused).exists(),
    )
)


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
    wanted: Sequence[Wanted],
) -> list[int]:
    """Ids of queued jobs of one of Scale's own types: one for each (data, description) pair, as for
    :func:`create_system_job`. The number of statements does not depend on how many they are."""
    if not wanted:
        return []
    job_type = system_type_facts(session, job_type_name)
    event_ids = _record_events(session, context, event_type, wanted)
    jobs = [NewJob(event_id, _job_data(data)) for event_id, (data, _description) in zip(event_ids, wanted, strict=True)]
    return queue_new_jobs(session, context, job_type, jobs)


def record_done_system_jobs(
    session: WriteSession,
    context: Context,
    job_type_name: str,
    event_type: str,
    wanted: Sequence[Wanted],
    started: datetime,
) -> list[int]:
    """Like :func:`create_system_jobs`, of jobs whose work began at ``started`` and is done."""
    if not wanted:
        return []
    job_type = system_type_facts(session, job_type_name)
    event_ids = _record_events(session, context, event_type, wanted)
    empty = JobData().to_document()
    documents = [
        {**empty, "input_data": [{"name": name, "value": str(value)} for name, value in data.items()]}
        for data, _description in wanted
    ]
    return record_done_jobs(session, context, job_type, event_ids, documents, started)


def may_start_now(session: Session, job_type_name: str) -> bool:
    """Whether a job of one of Scale's own types need not wait for anything: nobody paused it or the scheduler, and
    nothing limits how many run."""
    return bool(_FREE.rows(session, job_type_name=job_type_name))


def _record_events(session: WriteSession, context: Context, event_type: str, wanted: Sequence[Wanted]) -> list[int]:
    """Ids of an event for each."""
    descriptions = [description for _data, description in wanted]
    columns = {"description": descriptions}
    return insert_columns(session, TriggerEvent, columns, type=event_type, occurred=context.now())


def _job_data(data: Mapping[str, Any]) -> JobData:
    return JobData(input_data=tuple(JobDataInput(name=name, value=str(value)) for name, value in data.items()))
