"""Changes of many jobs at once: another chance for failed ones, cancellation (decision 0021).

Jobs are changed in batches, each in a transaction of its own. What a request cannot do in bounded time is left to a job
of Scale's own, which is watched, canceled and taken up again after a crash like any other.
"""

import json
import logging
import threading
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from scale_core.db.database import WriteSession
from scale_core.db.models import Job
from scale_core.domain.states import JOB, JobEvent, sources_of
from scale_core.domain.times import time_range
from scale_core.services.context import Context
from scale_core.services.job_reads import JOBS
from scale_core.services.job_selections import JobSelection, batched, job_type_counts
from scale_core.services.jobs import cancel_jobs, change_status, enqueue
from scale_core.services.recipes import advance_recipes_of
from scale_core.services.serialization import SerializerContext
from scale_core.services.system_jobs import create_system_job
from scale_core.services.system_types import CHANGE_INPUT, CHANGE_JOB
from scale_generated import models
from scale_generated._runtime import timestamp
from scale_generated.enums import JobStatus

log = logging.getLogger(__name__)

REQUEUE, CANCEL = "REQUEUE", "CANCEL"
BY_HAND: Final = "USER"
"""Type of the events that say that somebody asked for a job or recipe."""

BATCH: Final = 250
"""So many jobs are changed in one transaction: others write in between."""

AT_ONCE: Final = 1000
"""So many jobs are changed by a request, at most."""

PAUSE_SECONDS: Final = 0.02
"""How long others may write before the next batch."""

STATUSES: Final[Mapping[str, tuple[JobStatus, ...]]] = {
    REQUEUE: tuple(sorted(sources_of(JOB, JobEvent.REQUEUE))),
    # A failure is told apart from a cancellation, so it is canceled only where that is asked for.
    CANCEL: tuple(sorted(sources_of(JOB, JobEvent.CANCEL) - {JobStatus.FAILED})),
}
"""The statuses that count where a request names none."""


class BulkChanges:
    """Requeues and cancels all jobs that match."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def requeue(self, body: models.RequeueJobs, urls: SerializerContext) -> models.ChangedJobs:
        """Give failed and canceled jobs that match every filter another chance; what was blocked behind them waits
        again.

        :raises InvalidTime: ``started`` or ``ended`` is no time, or they are exchanged.
        """
        return self._asked(REQUEUE, body, urls)

    def cancel(self, body: models.CancelJobs, urls: SerializerContext) -> models.ChangedJobs:
        """Cancel jobs that match every filter; what depends on them is blocked.

        :raises InvalidTime: ``started`` or ``ended`` is no time, or they are exchanged.
        """
        return self._asked(CANCEL, body, urls)

    def carry_out(self, change: str, own_job_id: int, stop: threading.Event) -> int:
        """Do what a request has left to a job, until ``stop`` is set; how many jobs were changed.

        Doing it again, after a crash, does the rest.

        :param change: the job's input, as :meth:`_left_to_job` wrote it.
        :param own_job_id: the job that does it, which is not changed.
        """
        document = json.loads(change)
        operation, body = document["operation"], document["body"]
        selection = self._selection(operation, body, document["newest"])
        with self._context.database.read() as session:
            ids = array("q", (one for one in selection.ids(session) if one != own_job_id))
        changed = 0
        for some in batched(ids, BATCH):
            if stop.is_set():
                break
            changed += len(self._change(operation, some, body))
            stop.wait(PAUSE_SECONDS)
        log.info("%s of %d jobs, of %d that matched", operation, changed, len(ids), extra={"job_id": own_job_id})
        return changed

    def _asked(self, operation: str, body: Mapping[str, Any], urls: SerializerContext) -> models.ChangedJobs:
        selection = self._selection(operation, body)
        with self._context.database.read() as session:
            ids = [] if body.get("dry_run") else selection.ids(session, AT_ONCE + 1)
            is_left = len(ids) > AT_ONCE
            counts = selection.counts(session) if body.get("dry_run") or is_left else []
        if body.get("dry_run"):
            return _answer(counts)
        if is_left:
            return _answer(counts, job={"id": self._left_to_job(operation, body)})
        return self._at_once(operation, ids, body, urls)

    def _at_once(
        self, operation: str, ids: Sequence[int], body: Mapping[str, Any], urls: SerializerContext
    ) -> models.ChangedJobs:
        changed = [job_id for some in batched(ids, BATCH) for job_id in self._change(operation, some, body)]
        with self._context.database.read() as session:
            jobs = [job for some in batched(changed, BATCH) for job in JOBS.of_ids(session, some, urls).results]
            counts = job_type_counts(session, Counter(job["job_type"]["id"] for job in jobs))
        return _answer(counts, jobs)

    def _selection(self, operation: str, body: Mapping[str, Any], newest: int | None = None) -> JobSelection:
        span = time_range(body.get("started"), body.get("ended"), self._context.now())
        return JobSelection(body, span, STATUSES[operation], spares_own=operation == CANCEL, newest=newest)

    def _left_to_job(self, operation: str, body: Mapping[str, Any]) -> int:
        """Make the job that does it; its id. What begins to match later is not changed: jobs that are made, and those
        that are requeued and fail again."""
        span = time_range(body.get("started"), body.get("ended"), self._context.now())
        times = {"started": timestamp(span.started)} if span.started is not None else {}
        if "ended" in body or operation == REQUEUE:
            times["ended"] = timestamp(span.ended)
        with self._context.database.write() as session:
            newest = session.scalar(select(func.max(Job.id)))
            document = {"operation": operation, "body": {**body, **times}, "newest": newest}
            data = {CHANGE_INPUT: json.dumps(document)}
            description = {"version": "1.0", "operation": operation}
            return create_system_job(session, self._context, CHANGE_JOB, data, BY_HAND, description).id

    def _change(self, operation: str, ids: Sequence[int], body: Mapping[str, Any]) -> list[int]:
        """Change those of some jobs that (still) have a status that was asked for, all or none; which those are."""
        wanted = set(STATUSES[operation] if "status" not in body else (body["status"],))
        if operation == CANCEL and JobStatus.PENDING in wanted:
            wanted.add(JobStatus.BLOCKED)  # it may be so only since the one before it was canceled
        with self._context.database.write() as session:
            found = session.scalars(
                select(Job)
                .where(Job.id.in_(list(ids)))
                .order_by(Job.id)
                .options(joinedload(Job.job_type, innerjoin=True))
                .with_for_update(of=Job)
            )
            jobs = [job for job in found if job.status in wanted]
            if operation == CANCEL:
                cancel_jobs(session, self._context, jobs)
            else:
                for job in jobs:
                    self._requeue(session, job, body.get("priority"))
            session.flush()
            changed = [job.id for job in jobs]
            advance_recipes_of(session, self._context, changed)
            return changed

    def _requeue(self, session: WriteSession, job: Job, priority: int | None) -> None:
        job.tries = job.lost_exes = 0
        if priority is not None:
            job.priority = priority
        if job.num_exes:
            enqueue(session, self._context, job, JobEvent.REQUEUE)
        else:
            change_status(session, self._context, job, JobEvent.RESTORE)
            job.ended = job.error_id = None


def _answer(
    counts: list[models.JobTypeCount], jobs: Sequence[models.Job] = (), job: models.JobLink | None = None
) -> models.ChangedJobs:
    number = sum(one["count"] for one in counts)
    return {
        "count": number,
        "next": None,
        "previous": None,
        "results": list(jobs),
        "job_types": counts,
        "job": job,
    }
