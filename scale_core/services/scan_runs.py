"""Runs of Scans: what a scan task and the database tell each other.

Each batch of files is one transaction: their ingests and jobs, how far the Scan is, and behind which file it goes on. A
crash at any point loses nothing and takes nothing twice.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.bulk import insert_rows
from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest, Job, Workspace
from scale_core.db.models import Scan as ScanRow
from scale_core.domain.file_names import escaped, unescaped
from scale_core.domain.media_types import media_type
from scale_core.interfaces.broker import Broker
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.exceptions import Conflict, NotFound
from scale_core.services.ingest_jobs import Seer, queue_ingests
from scale_core.services.refusals import record_refusals, unrecorded_refusals
from scale_core.services.scan_ingests import are_few_open, take_up_canceled
from scale_core.services.scan_plans import Planned, ScanPlanner
from scale_core.services.scan_progress import Progress, Seen, progress_of
from scale_core.watching.records import Refusal
from scale_generated.enums import IngestStatus, JobStatus
from scale_generated.specs.scan import Scan

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScanOrder:
    """A Scan as its task needs it.

    :param job_id: the job of the task.
    :param is_dry_run: it only tells what it would take.
    :param place: the path, below where it looks, behind which it goes on; None: from the beginning.
    :param progress: what is found up to there.
    """

    scan_id: int
    name: str
    configuration: Scan
    job_id: int
    is_dry_run: bool
    place: str | None
    progress: Progress

    @property
    def seer(self) -> Seer:
        """Who sees what is there."""
        return Seer(scan_id=self.scan_id)

    def about(self) -> dict[str, object]:
        """What logs say an event is about."""
        return {"scan_id": self.scan_id, "job_id": self.job_id}


class ScanCanceled(Exception):
    """Somebody canceled the job."""


class ScanRunService:
    """The door of a scan task to the database."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def order(self, scan_id: int, job_id: int) -> ScanOrder | None:
        """What the job is to do; None: nothing any more, for the Scan is done, or another job has it.

        A preview begins anew each time, an ingest goes on where it stopped.
        """
        with self._context.database.read() as session:
            row = session.get(ScanRow, scan_id)
            if row is None or job_id not in (row.job_id, row.dry_run_job_id):
                return None
            configuration = Scan.from_document(row.configuration)
            is_dry_run = job_id == row.dry_run_job_id
            kept = None if is_dry_run else row.progress
            if kept is not None and kept["ended"] is not None:
                return None
            place = None if is_dry_run or row.place is None else unescaped(row.place)
        begun = Progress.begun(self._context.now(), len(configuration.files_to_ingest))
        progress = begun if kept is None else progress_of(kept)
        return ScanOrder(scan_id, row.name, configuration, job_id, is_dry_run, place, progress)

    def take_up(self, scan_id: int, job_id: int) -> bool:
        """Queue anew some of the ingests that were canceled with an earlier job of the Scan; whether there were any. A
        job that only previews takes up none.

        :raises ScanCanceled: this job is canceled as well.
        """
        with self._context.database.read() as session:
            row = session.get(ScanRow, scan_id)
            if row is None or row.job_id != job_id:
                return False
            _require_going_on(session, job_id)
        return bool(take_up_canceled(self._context, scan_id))

    def has_room(self, order: ScanOrder, number: int) -> bool:
        """Whether so many more files may be handed on now."""
        most = self._context.settings.scan_open_ingests - number
        with self._context.database.read() as session:
            return are_few_open(session, order.scan_id, most)

    def preview(self, order: ScanOrder, seen: Sequence[Seen]) -> ScanOrder:
        """Count what would become of files, and record nothing; the order as it goes on behind them."""
        progress = Progress(order.progress.document())
        with self._context.database.read() as session:
            ScanPlanner(session, order.configuration, self._context.now().date(), progress).plan(seen)
        return replace(order, place=seen[-1].path, progress=progress)

    def record(self, order: ScanOrder, seen: Sequence[Seen], root: str) -> ScanOrder:
        """Record what becomes of files, with a job for each that is ingested; the order as it goes on behind them.

        :param root: what comes before their paths on this machine, without a final slash; empty in a workspace.
        :raises Conflict: another job has the Scan.
        :raises ScanCanceled: somebody canceled this one.
        """
        now = self._context.now()
        progress = Progress(order.progress.document())
        with self._context.database.write() as session:
            row = _own_row(session, order)
            planner = ScanPlanner(session, order.configuration, now.date(), progress)
            planned = planner.plan(seen)
            self._save(session, order, planned, f"{root}/" if root else "", planner, now)
            row.progress, row.place = {**progress.document()}, escaped(seen[-1].path)
            row.last_modified = now
        self._context.telemetry.ingests_changed(
            {IngestStatus.TRANSFERRED: len(planned.taken), IngestStatus.ERRORED: len(planned.refused)}
        )
        for refused in planned.refused:
            about = {**order.about(), "file_name": escaped(refused.file.name)}
            log.warning("Scan %r does not ingest a file: %s", order.name, refused.reason, extra=about)
        return replace(order, place=seen[-1].path, progress=progress)

    def tell(self, order: ScanOrder) -> None:
        """Show how far a preview is.

        :raises Conflict: another job has the Scan.
        :raises ScanCanceled: somebody canceled this one.
        """
        with self._context.database.write() as session:
            row = _own_row(session, order)
            row.preview, row.last_modified = {**order.progress.document()}, self._context.now()

    def end(self, order: ScanOrder) -> None:
        """Record that everything is seen.

        :raises Conflict: another job has the Scan.
        :raises ScanCanceled: somebody canceled this one.
        """
        now = self._context.now()
        order.progress.ends(now)
        with self._context.database.write() as session:
            row = _own_row(session, order)
            document = {**order.progress.document()}
            if order.is_dry_run:
                row.preview = document
            else:
                row.progress = document
            row.last_modified = now

    def _save(
        self,
        session: WriteSession,
        order: ScanOrder,
        planned: Planned,
        prefix: str,
        planner: ScanPlanner,
        now: datetime,
    ) -> None:
        files = [one.file for one in planned.taken]
        rows = [
            {
                **one.columns,
                "file_name": one.file.name,
                "media_type": media_type(one.file.name),
                "transfer_path": f"{prefix}{one.file.path}",
                "ingest_path": f"{prefix}{one.file.path}",
                "file_size": one.file.size,
                "bytes_transferred": one.file.size,
            }
            for one in planned.taken
        ]
        times = {"transfer_started": now, "transfer_ended": now, "created": now, "last_modified": now}
        origin = None if planner.origin is None else planner.origin.id
        ids = insert_rows(session, Ingest, rows, **order.seer._asdict(), origin_id=origin, **times)
        queue_ingests(
            session, self._context, order.seer, {one: file.name for one, file in zip(ids, files, strict=True)}
        )
        refusals = [Refusal(f"{prefix}{one.file.path}", one.reason) for one in planned.refused]
        record_refusals(session, order.seer, unrecorded_refusals(session, order.seer, refusals), now)


def origin_broker(context: Context, workspace_name: str) -> Broker:
    """The broker of the workspace that a Scan looks through.

    :raises ServiceError: there is no such workspace, or no installed plugin serves it.
    """
    with context.database.read() as session:
        configuration = session.scalar(select(Workspace.json_config).where(Workspace.name == workspace_name))
    if configuration is None:
        raise NotFound("workspace", workspace_name)
    return broker_for(context, configuration)


def _own_row(session: WriteSession, order: ScanOrder) -> ScanRow:
    """The row of the Scan, which stays as it is until this transaction ends.

    :raises Conflict: another job has it, or another process does the same.
    :raises ScanCanceled: somebody canceled the job.
    """
    row = session.get(ScanRow, order.scan_id, with_for_update=True)
    place = None if order.place is None else escaped(order.place)
    if row is None or order.job_id not in (row.job_id, row.dry_run_job_id):
        raise Conflict(f"Another job has the Scan {order.name!r}, or there is no such Scan any more.")
    if not order.is_dry_run and row.place != place:
        raise Conflict(f"Another process goes on with the Scan {order.name!r}: it is at {row.place!r} already.")
    _require_going_on(session, order.job_id)
    return row


def _require_going_on(session: Session, job_id: int) -> None:
    """Stop where nobody has come to tell the task so yet: what it hands on now would be ingested."""
    if session.scalar(select(Job.status).where(Job.id == job_id)) == JobStatus.CANCELED:
        raise ScanCanceled
