"""Transfers: what Strike sees in a watched directory, and the ingests that come of it (reference: Strike)."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.bulk import insert_rows, update_by_id
from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest, JobExecution
from scale_core.db.models import Strike as StrikeRow
from scale_core.db.models.ingests import OPEN_INGEST
from scale_core.domain.media_types import media_type
from scale_core.domain.states import INGEST as LIFECYCLE
from scale_core.domain.states import IngestEvent, next_status
from scale_core.domain.strike import match_file
from scale_core.services.context import Context
from scale_core.services.system_jobs import create_system_jobs
from scale_core.services.transfer_plans import TransferPlanner
from scale_generated.enums import IngestStatus
from scale_generated.specs.strike import Strike

log = logging.getLogger(__name__)

T = TypeVar("T")

INGEST_JOB = "scale-ingest"
INGEST_INPUT = "ingest_id"
STRIKE_TRANSFER = "STRIKE_TRANSFER"

# SQLite takes this many values in one statement without complaint, whatever it was built with.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class WatchOrder:
    """A Strike process as its watcher needs it; ``revision`` changes when it is edited."""

    strike_id: int
    name: str
    configuration: Strike
    revision: datetime


@dataclass(frozen=True, slots=True)
class Transfer:
    """A file that is being copied: its final name, the path it will have, the bytes there are."""

    file_name: str
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that is whole.

    :param transfer_path: where it was copied to.
    :param path: where it is now, in the folder for files under way or in the one for deferred files.
    :param ingest_id: the ingest that watched its transfer, where there is one.
    """

    file_name: str
    transfer_path: str
    path: str
    size: int
    ingest_id: int | None = None


@dataclass(frozen=True, slots=True)
class KnownTransfer:
    """A transfer under way that is recorded, with the bytes it was last seen to have."""

    ingest_id: int
    size: int


class TransferService:
    """The door of a Strike process to the database."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def order(self, strike_id: int) -> WatchOrder | None:
        """What the Strike process is to watch; None: it does not exist any more."""
        with self._context.database.read() as session:
            row = session.get(StrikeRow, strike_id)
            if row is None:
                return None
            return WatchOrder(row.id, row.name, Strike.from_document(row.configuration), row.last_modified)

    def revision(self, strike_id: int) -> datetime | None:
        """When the Strike process was last edited."""
        with self._context.database.read() as session:
            return session.scalar(select(StrikeRow.last_modified).where(StrikeRow.id == strike_id))

    def under_way(self, strike_id: int) -> dict[str, KnownTransfer]:
        """Transfers that have begun and not ended, by final name."""
        with self._context.database.read() as session:
            rows = session.execute(
                select(Ingest.file_name, Ingest.id, Ingest.bytes_transferred).where(
                    Ingest.strike_id == strike_id, Ingest.status == IngestStatus.TRANSFERRING
                )
            )
            return {row.file_name: KnownTransfer(row.id, row.bytes_transferred) for row in rows}

    def names_being_ingested(self, strike_id: int, names: Collection[str]) -> set[str]:
        """Those of ``names`` for which an ingest of this Strike process is under way."""
        found: set[str] = set()
        with self._context.database.read() as session:
            for some in _chunks(names):
                rows = session.execute(
                    select(Ingest.file_name, Ingest.status).where(
                        OPEN_INGEST, Ingest.strike_id == strike_id, Ingest.file_name.in_(some)
                    )
                )
                found |= {row.file_name for row in rows if row.status != IngestStatus.TRANSFERRING}
        return found

    def unrecorded(self, paths: Mapping[str, str]) -> set[str]:
        """Those file names whose path (by name, in ``paths``) no ingest that waits for its file has recorded."""
        recorded: set[str] = set()
        with self._context.database.read() as session:
            for some in _chunks(paths):
                rows = session.execute(
                    select(Ingest.file_name, Ingest.ingest_path).where(
                        Ingest.file_name.in_(some),
                        Ingest.status.in_(
                            (
                                IngestStatus.TRANSFERRED,
                                IngestStatus.INGESTING,
                                IngestStatus.ERRORED,
                                IngestStatus.DEFERRED,
                            )
                        ),
                    )
                )
                recorded |= {row.file_name for row in rows if row.ingest_path == paths[row.file_name]}
        return set(paths) - recorded

    def seen(
        self, order: WatchOrder, transfers: Sequence[Transfer], known: Mapping[str, KnownTransfer]
    ) -> dict[str, int]:
        """Record transfers that have begun or grown.

        :param known: those of them that are recorded already, by name.
        :return: ids of their ingests, by name.
        """
        now = self._context.now()
        with self._context.database.write() as session:
            there = _statuses(session, [one.ingest_id for one in known.values()])
            ids = {name: one.ingest_id for name, one in known.items() if one.ingest_id in there}
            grown = [one for one in transfers if one.file_name in ids]
            new = [one for one in transfers if one.file_name not in ids]
            update_by_id(
                session,
                Ingest,
                [{"id": ids[one.file_name], "bytes_transferred": one.size} for one in grown],
                last_modified=now,
            )
            new_ids = insert_rows(
                session,
                Ingest,
                [
                    {
                        "file_name": one.file_name,
                        "bytes_transferred": one.size,
                        "media_type": media_type(one.file_name),
                        "transfer_path": one.path,
                    }
                    for one in new
                ],
                strike_id=order.strike_id,
                status=IngestStatus.TRANSFERRING,
                transfer_started=now,
                data_type=[],
                created=now,
                last_modified=now,
            )
        self._context.telemetry.ingests_changed({IngestStatus.TRANSFERRING: len(new)})
        return ids | {one.file_name: ingest_id for one, ingest_id in zip(new, new_ids, strict=True)}

    def gone(self, ingest_ids: Sequence[int]) -> None:
        """Record that files vanished before they were whole."""
        now = self._context.now()
        gone: list[Ingest] = []
        with self._context.database.write() as session:
            for some in _chunks(ingest_ids):
                rows = session.scalars(
                    select(Ingest).where(Ingest.id.in_(some), Ingest.status == IngestStatus.TRANSFERRING)
                ).all()
                gone += rows
                for row in rows:
                    row.status = next_status(LIFECYCLE, IngestStatus(row.status), IngestEvent.FAIL)
                    row.reason = (
                        f"The file vanished from the watched directory after {row.bytes_transferred} bytes, "
                        "before its transfer was complete. Transfer it again."
                    )
                    row.transfer_ended = row.last_modified = now
        self._context.telemetry.ingests_changed({IngestStatus.ERRORED: len(gone)})
        for row in gone:
            about = {"ingest_id": row.id, "strike_id": row.strike_id, "file_name": row.file_name}
            log.warning("%s", row.reason, extra=about)

    def arrived(self, order: WatchOrder, arrivals: Sequence[Arrival]) -> None:
        """Record files that are whole, with a job for each that a rule matches, all in one transaction."""
        now = self._context.now()
        with self._context.database.write() as session:
            watched = _statuses(session, [one.ingest_id for one in arrivals if one.ingest_id is not None])
            planner = TransferPlanner(session, order.configuration, now.date())
            new, known = [], []
            for one in arrivals:
                row = planner.plan(one.file_name) | {
                    "transfer_path": one.transfer_path,
                    "ingest_path": one.path,
                    "file_size": one.size,
                    "bytes_transferred": one.size,
                }
                if one.ingest_id is not None and watched.get(one.ingest_id) == IngestStatus.TRANSFERRING:
                    known.append({"id": one.ingest_id, **row})
                else:
                    new.append({"file_name": one.file_name, "media_type": media_type(one.file_name), **row})
            update_by_id(session, Ingest, known, transfer_ended=now, last_modified=now)
            new_ids = insert_rows(
                session,
                Ingest,
                new,
                strike_id=order.strike_id,
                transfer_started=now,
                transfer_ended=now,
                created=now,
                last_modified=now,
            )
            names = {one.ingest_id: one.file_name for one in arrivals if one.ingest_id is not None}
            recorded = [(row["id"], names[row["id"]], row["status"]) for row in known]
            recorded += [(one, row["file_name"], row["status"]) for one, row in zip(new_ids, new, strict=True)]
            self._queue(session, order, recorded)
        self._tell(order, recorded)

    def release(self, order: WatchOrder) -> int:
        """Send deferred files on that the rules match by now; how many they are."""
        with self._context.database.read() as session:
            rows = session.execute(
                select(Ingest.id, Ingest.file_name).where(
                    Ingest.strike_id == order.strike_id, Ingest.status == IngestStatus.DEFERRED
                )
            )
            names = {row.id: row.file_name for row in rows if match_file(order.configuration, row.file_name)}
        for some in _chunks(names):
            now = self._context.now()
            with self._context.database.write() as session:
                planner = TransferPlanner(session, order.configuration, now.date())
                deferred = [one for one, status in _statuses(session, some).items() if status == IngestStatus.DEFERRED]
                released = [{"id": one, **planner.plan(names[one], IngestStatus.DEFERRED)} for one in deferred]
                update_by_id(session, Ingest, released, last_modified=now)
                recorded = [(row["id"], names[row["id"]], row["status"]) for row in released]
                self._queue(session, order, recorded)
            self._tell(order, recorded)
        return len(names)

    def note(self, execution_id: int, message: str | None) -> None:
        """Show on the Strike process's job execution what keeps it from watching; None: nothing does."""
        with self._context.database.write() as session:
            execution = session.get(JobExecution, execution_id)
            if execution is not None and execution.message != message:
                execution.message, execution.last_modified = message, self._context.now()

    def _tell(self, order: WatchOrder, recorded: Sequence[tuple[int, str, str]]) -> None:
        """Count, and log, what became of files: (ingest id, file name, status)."""
        deferred = sum(status == IngestStatus.DEFERRED for _id, _name, status in recorded)
        self._context.telemetry.ingests_changed(
            {IngestStatus.TRANSFERRED: len(recorded), IngestStatus.DEFERRED: deferred}
        )
        tells_all = log.isEnabledFor(logging.DEBUG)
        for ingest_id, name, status in recorded:
            about = {"strike_id": order.strike_id, "ingest_id": ingest_id, "file_name": name}
            if status == IngestStatus.DEFERRED:
                log.info("Strike %r deferred a file; its ingest has the reason", order.name, extra=about)
            elif tells_all:
                log.debug("Strike %r sends a file to its workspace", order.name, extra=about)

    def _queue(self, session: WriteSession, order: WatchOrder, recorded: Sequence[tuple[int, str, str]]) -> None:
        """Give each TRANSFERRED ingest its job: (ingest id, file name, status)."""
        waiting = [(ingest_id, name) for ingest_id, name, status in recorded if status == IngestStatus.TRANSFERRED]
        wanted = [
            (
                {INGEST_INPUT: ingest_id},
                {"version": "1.0", "strike_id": order.strike_id, "ingest_id": ingest_id, "file_name": name},
            )
            for ingest_id, name in waiting
        ]
        job_ids = create_system_jobs(session, self._context, INGEST_JOB, STRIKE_TRANSFER, wanted)
        jobs = [
            {"id": ingest_id, "job_id": job_id} for (ingest_id, _name), job_id in zip(waiting, job_ids, strict=True)
        ]
        update_by_id(session, Ingest, jobs)


def _statuses(session: Session, ids: Collection[int]) -> dict[int, str]:
    """Statuses of those ingests that there are; they stay until this transaction ends."""
    found: dict[int, str] = {}
    for some in _chunks(ids):
        rows = session.execute(select(Ingest.id, Ingest.status).where(Ingest.id.in_(some)).with_for_update())
        found |= {row.id: row.status for row in rows}
    return found


def _chunks(values: Collection[T]) -> Iterator[list[T]]:
    iterator = iter(values)
    while some := list(islice(iterator, CHUNK)):
        yield some
