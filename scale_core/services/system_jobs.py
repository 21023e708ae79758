"""Jobs of Scale's own types: many at once, each with an event of its own, in a handful of statements."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from scale_core.db.bulk import insert_rows
from scale_core.db.database import WriteSession
from scale_core.db.models import Job, JobType, TriggerEvent
from scale_core.services.context import Context
from scale_core.services.new_jobs import NewJob, queue_new_jobs
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
    new = [NewJob(event_id, _job_data(data)) for event_id, (data, _description) in zip(event_ids, wanted, strict=True)]
    return queue_new_jobs(session, context, job_type, new)


def _job_data(data: Mapping[str, Any]) -> JobData:
    return JobData(input_data=tuple(JobDataInput(name=name, value=str(value)) for name, value in data.items()))
