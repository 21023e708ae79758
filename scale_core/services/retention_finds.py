"""What is old enough to be archived, and needed by nobody: the same statements find it and count it.

What they read is what they find, and what is in use among it: indexes leave out what was archived before, and what is
young.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Select, Table, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from scale_core.db.bulk import table_of
from scale_core.db.models import (
    Job,
    JobExecution,
    JobInputFile,
    MetricProgress,
    Recipe,
    RecipeJob,
    ScaleFile,
    Workspace,
)
from scale_core.domain.recipe_data import referenced_file_ids
from scale_core.domain.retention import Cutoff
from scale_core.services.context import Context
from scale_core.services.jobs import ENDED_JOB
from scale_generated.enums import JobStatus, RetentionKind
from scale_generated.specs.recipe_data import RecipeData

ACTIVE: Final = tuple(status for status in JobStatus if status not in ENDED_JOB)
WAITING: Final = (JobStatus.PENDING, JobStatus.BLOCKED)

EXECUTION: Final = table_of(JobExecution)
FILE: Final = table_of(ScaleFile)

IDS_AT_ONCE: Final = 1000


class Place(NamedTuple):
    """Where a walk is: the moment and id of its last row."""

    moment: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Walk:
    """Rows of one kind that may be archived, in the order of ``moment``."""

    kind: RetentionKind
    table: Table
    moment: ColumnElement[Any]
    where: tuple[ColumnElement[bool], ...]
    source: FromClause

    def page(self, after: Place | None, limit: int) -> Select[Any]:
        """The moments and ids of the first rows behind a place."""
        key = self.table.c.id
        found = select(self.moment.label("moment"), key).select_from(self.source).where(*self.where)
        if after is not None:
            found = found.where(tuple_(self.moment, key) > after)
        return found.order_by(self.moment, key).limit(limit)

    def only(self, ids: Sequence[int]) -> Select[Any]:
        """Those of the rows with these ids that may be archived still."""
        return select(self.table.c.id).select_from(self.source).where(self.table.c.id.in_(ids), *self.where)

    def number(self) -> Select[Any]:
        """How many rows there are."""
        return select(func.count()).select_from(self.source).where(*self.where)

    def files(self, ids: Sequence[int] | None = None) -> Select[Any]:
        """How many files there are, and their bytes together; of these ids, or of all."""
        among = () if ids is None else (self.table.c.id.in_(ids),)
        size = func.coalesce(func.sum(self.table.c.file_size), 0)
        return select(func.count(), size).select_from(self.source).where(*among, *self.where)


def computed_until(context: Context, session: Session) -> date | None:
    """The first day for which not every metric is computed for good; None: there is none for which all are."""
    done = dict(session.execute(select(MetricProgress.metric, MetricProgress.next_day)).all())
    if not all(name in done for name in context.registry.metrics):
        return None
    return min((done[name] for name in context.registry.metrics), default=date.max)


def walks(cutoff: Cutoff, *, is_preview: bool = False) -> Iterator[Walk]:
    """What a cutoff reaches.

    :param is_preview: the logs of executions, which go first, are still there.
    """
    if cutoff.before is None:
        return
    if cutoff.kind is RetentionKind.LOGS:
        yield _executions(cutoff, EXECUTION.c.logs_archive_id.is_(None))
    elif cutoff.kind is RetentionKind.EXECUTIONS:
        yield _executions(cutoff, *(() if is_preview else (EXECUTION.c.logs_archive_id.is_not(None),)))
    elif cutoff.kind is RetentionKind.UNPUBLISHED:
        yield _files(cutoff, FILE.c.unpublished, ~FILE.c.is_published, ~FILE.c.is_deleted)
    elif cutoff.kind is RetentionKind.PRODUCTS:
        # A published product is not deleted. Each is operational or not; to say so leads to the index.
        for operational in (FILE.c.is_operational, ~FILE.c.is_operational):
            yield _files(cutoff, FILE.c.created, FILE.c.is_published, operational)
    else:
        yield _files(cutoff, FILE.c.created, FILE.c.file_type == "SOURCE", ~FILE.c.is_deleted)


def files_of_waiting_recipes(session: Session) -> frozenset[int]:
    """Ids of the files of recipes in which a job waits for others: it is given its own when its turn comes."""
    job, place = table_of(Job).c, table_of(RecipeJob).c
    jobs = select(job.id).where(or_(*(job.status == one for one in WAITING)))
    waiting = select(place.recipe_id).where(place.job_id.in_(jobs))
    documents = session.scalars(select(Recipe.data).where(Recipe.id.in_(waiting)))
    return frozenset().union(*(referenced_file_ids(RecipeData.from_document(one)) for one in documents))


def _executions(cutoff: Cutoff, *where: ColumnElement[bool]) -> Walk:
    """Executions that have ended, of jobs that have: what a job did before it was requeued stays as long as it is
    active."""
    job = table_of(Job)
    source = EXECUTION.join(job, EXECUTION.c.job_id == job.c.id)
    ended = (EXECUTION.c.ended <= cutoff.before, job.c.status.in_(tuple(ENDED_JOB)))
    return Walk(cutoff.kind, EXECUTION, EXECUTION.c.ended, (*ended, *where), source)


def _files(cutoff: Cutoff, moment: ColumnElement[Any], *where: ColumnElement[bool]) -> Walk:
    workspace = table_of(Workspace).c
    reachable = exists().where(workspace.id == FILE.c.workspace_id, workspace.is_active).correlate(FILE)
    unneeded = (FILE.c.moving_to.is_(None), reachable, *(~one for one in _needs()))
    return Walk(cutoff.kind, FILE, moment, (*where, moment <= cutoff.before, *unneeded), FILE)


def _needs() -> Iterator[ColumnElement[bool]]:
    """Who may still read a file: an active job that was given it; one in a recipe where another job was given it, or
    made it."""
    given, job = table_of(JobInputFile), table_of(Job)
    place, other = table_of(RecipeJob), table_of(RecipeJob).alias()
    is_active = job.c.status.in_(ACTIVE)
    beside = (other.c.recipe_id == place.c.recipe_id, job.c.id == other.c.job_id, is_active)
    yield exists().where(given.c.file_id == FILE.c.id, job.c.id == given.c.job_id, is_active).correlate(FILE)
    yield exists().where(given.c.file_id == FILE.c.id, place.c.job_id == given.c.job_id, *beside).correlate(FILE)
    yield exists().where(place.c.job_id == FILE.c.job_id, *beside).correlate(FILE)
