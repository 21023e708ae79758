"""What every installation has from its first start: builtin errors, Scale's own job types, the clock."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.database import WriteSession
from scale_core.db.models import Error, Job, JobType, JobTypeRevision, Scheduler, TriggerRule
from scale_core.db.postgres import one_at_a_time
from scale_core.interfaces.clock import ClockProcessor
from scale_core.interfaces.error import ErrorDefinition
from scale_core.services.clock import CLOCK_EVENT
from scale_core.services.context import Context
from scale_core.services.records import change
from scale_core.services.system_jobs import create_system_job
from scale_core.services.system_types import CLOCK_JOB, SYSTEM_TYPES, VERSION, SystemType
from scale_generated.enums import JobStatus
from scale_generated.specs.clock_trigger import NAME as CLOCK_SPEC
from scale_generated.specs.clock_trigger import ClockTrigger

SCHEDULER_ID: Final = 1

STARTED_EVENT: Final = "SYSTEM_STARTED"
"""Type of the event that is the reason of the clock's job."""


def prepare(context: Context) -> None:
    """Create what is missing and bring Scale's own up to date; nothing that a user may change is touched.

    Idempotent; called at every start, after the schema is current. Of processes that start together each waits for the
    one before.
    """
    with context.database.write() as session:
        one_at_a_time(session.connection())
        _prepare_scheduler(session)
        definitions = [one for mapper in context.registry.error_mappers for one in mapper.errors()]
        _prepare_errors(session, context, definitions)
        for system_type in SYSTEM_TYPES:
            _prepare_job_type(session, context, system_type)
        _prepare_clock_rules(session, context)
        session.flush()
        _prepare_clock_job(session, context)
        session.flush()


def _prepare_scheduler(session: Session) -> None:
    if session.get(Scheduler, SCHEDULER_ID) is None:
        session.add(Scheduler(id=SCHEDULER_ID, is_paused=False))


def _prepare_errors(session: Session, context: Context, definitions: Iterable[ErrorDefinition]) -> None:
    """Builtin errors as the plugins define them; one that a user had created under such a name becomes builtin."""
    existing = {error.name: error for error in session.scalars(select(Error))}
    now = context.now()
    for definition in definitions:
        values: dict[str, Any] = {
            "title": definition.title,
            "description": definition.description,
            "category": str(definition.category),
            "is_builtin": True,
        }
        if definition.name in existing:
            change(existing[definition.name], values, now)
        else:
            session.add(Error(name=definition.name, **values, created=now, last_modified=now))


def _prepare_job_type(session: Session, context: Context, system_type: SystemType) -> None:
    now = context.now()
    values = system_type.values()
    job_type = session.scalars(
        select(JobType).where(JobType.name == system_type.name, JobType.version == VERSION)
    ).one_or_none()
    if job_type is None:
        job_type = JobType(
            name=system_type.name, version=VERSION, **values, revision_num=1, created=now, last_modified=now
        )
        session.add(job_type)
    elif job_type.interface != values["interface"]:
        change(job_type, {**values, "revision_num": job_type.revision_num + 1}, now)
    else:
        change(job_type, values, now)
        return
    session.flush()
    session.add(
        JobTypeRevision(
            job_type_id=job_type.id, revision_num=job_type.revision_num, interface=job_type.interface, created=now
        )
    )


def _prepare_clock_rules(session: Session, context: Context) -> None:
    """A rule for each clock processor that has a schedule; one that exists is left as users made it."""
    kind = next(
        (
            name
            for name, one in context.registry.trigger_types.items()
            if CLOCK_EVENT in one.event_types and one.configuration_spec == CLOCK_SPEC
        ),
        None,
    )
    if kind is None:
        return
    existing = set(session.scalars(select(TriggerRule.name).where(TriggerRule.type == kind)))
    for processor in context.registry.clock_processors.values():
        if processor.schedule is not None and processor.name not in existing:
            session.add(_clock_rule(kind, processor, processor.schedule, context))


def _clock_rule(kind: str, processor: ClockProcessor, schedule: str, context: Context) -> TriggerRule:
    now = context.now()
    return TriggerRule(
        type=kind,
        name=processor.name,
        title=processor.title,
        is_active=processor.is_active,
        configuration=ClockTrigger(event_type=processor.event_type, schedule=schedule).to_document(),
        created=now,
        last_modified=now,
    )


def _prepare_clock_job(session: WriteSession, context: Context) -> None:
    """The clock's one job. One that was canceled stays so: somebody stopped the clock, and can requeue it."""
    ended = (JobStatus.COMPLETED, JobStatus.FAILED)
    standing = session.scalar(
        select(Job.id)
        .join(JobType, Job.job_type_id == JobType.id)
        .where(JobType.name == CLOCK_JOB, JobType.is_system, Job.status.not_in(ended))
        .limit(1)
    )
    if standing is None:
        create_system_job(session, context, CLOCK_JOB, {}, STARTED_EVENT, {"version": "1.0"})
