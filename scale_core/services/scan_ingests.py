"""What a Scan has handed on and is not ingested yet: how much that is; what ends with it, and is taken up with it."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from scale_core.db.conditions import equal
from scale_core.db.models import Ingest, Job
from scale_core.db.tallied import numbers_by
from scale_core.domain.states import JobEvent
from scale_core.services.context import Context
from scale_core.services.jobs import ENDED_JOB, cancel_jobs, enqueue
from scale_generated.enums import IngestStatus, JobStatus

BATCH: Final = 250
"""So many jobs are changed in one transaction: others write in between."""

WAITING: Final = (IngestStatus.TRANSFERRED,)
OPEN: Final = (IngestStatus.TRANSFERRED, IngestStatus.INGESTING)
GOING_ON: Final = frozenset(JobStatus) - ENDED_JOB


def are_few_open(session: Session, scan_id: int, most: int) -> bool:
    """Whether no more ingests of a Scan than ``most`` wait or are under way."""
    numbers = numbers_by(session, Ingest, [equal("scan_id", scan_id)], "status") or {}
    # Nothing becomes by itself of those whose jobs have ended: they are only looked for where they may be too many.
    return sum(numbers.get(one, 0) for one in OPEN) <= most or _count(session, scan_id, OPEN, GOING_ON) <= most


def canceled_ingests(session: Session, scan_ids: Collection[int]) -> dict[int, int]:
    """How many ingests of Scans wait though their jobs are canceled, by Scan; one without any is left out."""
    if not scan_ids:
        return {}
    statement = (
        _counted(WAITING, {JobStatus.CANCELED})
        .add_columns(Ingest.scan_id)
        .where(Ingest.scan_id.in_(sorted(scan_ids)))
        .group_by(Ingest.scan_id)
    )
    return {scan_id: number for number, scan_id in session.execute(statement)}


def waiting_ingests(session: Session, scan_id: int) -> int:
    """How many ingests of a Scan wait for their jobs."""
    return _count(session, scan_id, WAITING, GOING_ON)


def cancel_waiting(context: Context, scan_id: int) -> int:
    """Cancel the jobs of ingests of a Scan that have not begun, in batches; how many there were."""
    number = 0
    while True:
        with context.database.write() as session:
            jobs = session.scalars(_jobs(scan_id, GOING_ON)).all()
            if not jobs:
                return number
            cancel_jobs(session, context, jobs)
            number += len(jobs)


def take_up_canceled(context: Context, scan_id: int) -> int:
    """Queue anew some of the jobs that were canceled before their ingests began; how many, 0: there are none left."""
    with context.database.write() as session:
        jobs = session.scalars(_jobs(scan_id, {JobStatus.CANCELED})).all()
        for job in jobs:
            job.tries = job.lost_exes = 0
            enqueue(session, context, job, JobEvent.REQUEUE)
        return len(jobs)


def _jobs(scan_id: int, statuses: Collection[JobStatus]) -> Select[Job]:
    """Jobs of ingests that have not begun, which cannot begin before the transaction ends."""
    return (
        select(Job)
        .join(Ingest, Ingest.job_id == Job.id)
        .where(Ingest.scan_id == scan_id, Ingest.status.in_(WAITING), Job.status.in_(sorted(statuses)))
        .order_by(Ingest.id)
        .limit(BATCH)
        .options(joinedload(Job.job_type, innerjoin=True))
        .with_for_update(of=[Ingest, Job])
    )


def _count(
    session: Session, scan_id: int, statuses: Collection[IngestStatus], job_statuses: Collection[JobStatus]
) -> int:
    return session.scalar(_counted(statuses, job_statuses).where(Ingest.scan_id == scan_id)) or 0


def _counted(statuses: Collection[IngestStatus], job_statuses: Collection[JobStatus]) -> Select[int]:
    return (
        select(func.count())
        .select_from(Ingest)
        .join(Job, Ingest.job_id == Job.id)
        .where(Ingest.status.in_(statuses), Job.status.in_(sorted(job_statuses)))
    )
