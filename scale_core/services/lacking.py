"""What follows for executions on the queue where nodes lack what a Strike, a Scan or the clock needs, such as a mount
(decisions 0055 and 0060)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.models import Ingest, Strike
from scale_core.domain.placement import QueuedExecution
from scale_core.services.ingest_jobs import INGEST_JOB, Seer
from scale_core.services.system_types import CLOCK_JOB, STRIKE_JOB
from scale_generated.specs.strike import Strike as StrikeConfiguration

ENOUGH_FAILURES: Final = 3
"""After the clock, or a Strike that watches a workspace, failed on so many nodes the others are not tried."""

CLOCK: Final = Seer()
"""The clock among those that lack something of a node: it sees no files."""

Lacking = Mapping[Seer, frozenset[str]]
"""The engine's names of nodes that lack something, by who needs it."""


def said_of(session: Session, queue: Sequence[QueuedExecution], lacking: Lacking) -> list[QueuedExecution]:
    """Executions, each with what nodes lack for it, and whether Scale does it itself for that reason."""
    if not lacking:
        return list(queue)
    jobs = [one.job_id for one in queue if one.job_type_name in (INGEST_JOB, STRIKE_JOB)]
    of_job = {job_id: lacking[seer] for job_id, seer in seers(session, jobs).items() if seer in lacking}
    clocks = {one.job_id: lacking[CLOCK] for one in queue if is_clock(one)} if CLOCK in lacking else {}
    of_job |= clocks
    # Storage that so many nodes do not reach is likely to be away, and somebody has to say so.
    enough = {job_id for job_id, nodes in of_job.items() if len(nodes) >= ENOUGH_FAILURES}
    here = enough & {*clocks, *of_workspaces(session, enough)}
    return [
        replace(one, lacking=of_job[one.job_id], is_here=one.job_id in here) if one.job_id in of_job else one
        for one in queue
    ]


def is_clock(one: QueuedExecution) -> bool:
    """Whether it keeps the time of clock rules."""
    return one.job_type_name == CLOCK_JOB and one.is_system


def seers(session: Session, job_ids: Collection[int]) -> dict[int, Seer]:
    """Who saw the files of ingest jobs, and who watches in Strike jobs, by job id; other jobs are left out."""
    if not job_ids:
        return {}
    rows = session.execute(select(Ingest.job_id, Ingest.strike_id, Ingest.scan_id).where(Ingest.job_id.in_(job_ids)))
    found = {row.job_id: Seer(row.strike_id, row.scan_id) for row in rows}
    strikes = session.execute(select(Strike.job_id, Strike.id).where(Strike.job_id.in_(job_ids)))
    return found | {row.job_id: Seer(strike_id=row.id) for row in strikes}


def of_workspaces(session: Session, job_ids: Collection[int]) -> set[int]:
    """Those of the jobs whose Strike processes watch workspaces, and no directories."""
    if not job_ids:
        return set()
    rows = session.execute(select(Strike.job_id, Strike.configuration).where(Strike.job_id.in_(job_ids)))
    found = {row.job_id: StrikeConfiguration.from_document(row.configuration) for row in rows}
    return {job_id for job_id, one in found.items() if one.mount is None}
