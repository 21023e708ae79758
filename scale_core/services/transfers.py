"""Transfers: what Strike sees in a watched directory, and the ingests that come of it (reference: Strike)."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest, JobExecution
from scale_core.db.models import Strike as StrikeRow
from scale_core.db.models.ingests import OPEN_INGEST
from scale_core.domain.facts import WorkspaceFacts
from scale_core.domain.media_types import media_type
from scale_core.domain.states import INGEST as LIFECYCLE
from scale_core.domain.states import IngestEvent, next_status
from scale_core.domain.strike import InvalidPath, ingest_path, match_file
from scale_core.services.context import Context
from scale_core.services.facts import workspace_by_name
from scale_core.services.jobs import create_system_jobs
from scale_generated.enums import IngestStatus
from scale_generated.specs.strike import Strike

log = logging.getLogger(__name__)

T = TypeVar("T")

INGEST_JOB = "scale-ingest"
INGEST_INPUT = "ingest_id"
STRIKE_TRANSFER = "STRIKE_TRANSFER"

NO_RULE = "No rule of the Strike process matches the file name."

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
        ids: dict[str, int] = {}
        with self._context.database.write() as session:
            rows = _by_id(session, [one.ingest_id for one in known.values()])
            new = []
            for transfer in transfers:
                row = rows.get(known[transfer.file_name].ingest_id) if transfer.file_name in known else None
                if row is None:
                    new.append(_new_ingest(order, transfer.file_name, transfer.path, transfer.size, now))
                else:
                    ids[transfer.file_name] = row.id
                    row.bytes_transferred, row.last_modified = transfer.size, now
            session.add_all(new)
            session.flush()
            ids |= {row.file_name: row.id for row in new}
        self._context.telemetry.ingests_changed({IngestStatus.TRANSFERRING: len(new)})
        return ids

    def gone(self, ingest_ids: Sequence[int]) -> None:
        """Record that files vanished before they were whole."""
        now = self._context.now()
        gone = []
        with self._context.database.write() as session:
            for row in _by_id(session, ingest_ids).values():
                if row.status == IngestStatus.TRANSFERRING:
                    gone.append(row)
                    _change(row, IngestEvent.FAIL, now)
                    row.reason = (
                        f"The file vanished from the watched directory after {row.bytes_transferred} bytes, "
                        "before its transfer was complete. Transfer it again."
                    )
                    row.transfer_ended = now
        self._context.telemetry.ingests_changed({IngestStatus.ERRORED: len(gone)})
        for row in gone:
            about = {"ingest_id": row.id, "strike_id": row.strike_id, "file_name": row.file_name}
            log.warning("%s", row.reason, extra=about)

    def arrived(self, order: WatchOrder, arrivals: Sequence[Arrival]) -> None:
        """Record files that are whole, with a job for each that a rule matches, all in one transaction."""
        now = self._context.now()
        with self._context.database.write() as session:
            rows = _by_id(session, [one.ingest_id for one in arrivals if one.ingest_id is not None])
            arrived = []
            for arrival in arrivals:
                row = rows.get(arrival.ingest_id or 0)
                if row is None or row.status != IngestStatus.TRANSFERRING:
                    row = _new_ingest(order, arrival.file_name, arrival.transfer_path, arrival.size, now)
                    session.add(row)
                _arrive(row, arrival, now)
                arrived.append(row)
            session.flush()
            self._route(session, order, arrived, now)
        self._tell_routed(order, arrived)

    def release(self, order: WatchOrder) -> int:
        """Send deferred files on that the rules match by now; how many they are."""
        with self._context.database.read() as session:
            rows = session.execute(
                select(Ingest.id, Ingest.file_name).where(
                    Ingest.strike_id == order.strike_id, Ingest.status == IngestStatus.DEFERRED
                )
            )
            ids = [row.id for row in rows if match_file(order.configuration, row.file_name)]
        for some in _chunks(ids):
            now = self._context.now()
            with self._context.database.write() as session:
                released = [row for row in _by_id(session, some).values() if row.status == IngestStatus.DEFERRED]
                for row in released:
                    _change(row, IngestEvent.RELEASE, now)
                    row.reason = None
                self._route(session, order, released, now)
            self._tell_routed(order, released)
        return len(ids)

    def note(self, execution_id: int, message: str | None) -> None:
        """Show on the Strike process's job execution what keeps it from watching; None: nothing does."""
        with self._context.database.write() as session:
            execution = session.get(JobExecution, execution_id)
            if execution is not None and execution.message != message:
                execution.message, execution.last_modified = message, self._context.now()

    def _tell_routed(self, order: WatchOrder, rows: Sequence[Ingest]) -> None:
        deferred = [row for row in rows if row.status == IngestStatus.DEFERRED]
        self._context.telemetry.ingests_changed(
            {IngestStatus.TRANSFERRED: len(rows), IngestStatus.DEFERRED: len(deferred)}
        )
        for row in rows:
            about = {
                "strike_id": order.strike_id,
                "ingest_id": row.id,
                "job_id": row.job_id,
                "file_name": row.file_name,
            }
            if row.status == IngestStatus.DEFERRED:
                log.info("Strike %r deferred a file: %s", order.name, row.reason, extra=about)
            else:
                log.debug("Strike %r sends a file to %s", order.name, row.file_path, extra=about)

    def _route(self, session: WriteSession, order: WatchOrder, rows: Sequence[Ingest], now: datetime) -> None:
        """Give each TRANSFERRED ingest its place in a workspace and its job, or defer it."""
        workspaces: dict[str, WorkspaceFacts | None] = {}
        routed = []
        for row in rows:
            row.reason = _plan(session, order, row, workspaces, now)
            if row.reason is None:
                routed.append(row)
            else:
                _change(row, IngestEvent.DEFER, now)
        wanted = [
            (
                {INGEST_INPUT: row.id},
                {"version": "1.0", "strike_id": order.strike_id, "ingest_id": row.id, "file_name": row.file_name},
            )
            for row in routed
        ]
        for row, job in zip(
            routed, create_system_jobs(session, self._context, INGEST_JOB, STRIKE_TRANSFER, wanted), strict=True
        ):
            row.job_id = job.id


def _plan(
    session: Session, order: WatchOrder, row: Ingest, workspaces: dict[str, WorkspaceFacts | None], now: datetime
) -> str | None:
    """Set where the file goes; the reason why it is deferred instead."""
    rule = match_file(order.configuration, row.file_name)
    if rule is None:
        return NO_RULE
    if rule.workspace_name not in workspaces:
        workspaces[rule.workspace_name] = workspace_by_name(session, rule.workspace_name)
    workspace = workspaces[rule.workspace_name]
    if workspace is None:
        return f"The rule {rule.filename_regex!r} names the workspace {rule.workspace_name!r}, which does not exist."
    try:
        row.file_path = ingest_path(rule.workspace_path, now.date(), row.file_name)
    except InvalidPath as error:
        return f"The rule {rule.filename_regex!r} gives no usable path: {error}."
    row.workspace_id = workspace.id
    row.data_type = sorted(rule.data_types)
    return None


def _new_ingest(order: WatchOrder, name: str, path: str, size: int, now: datetime) -> Ingest:
    return Ingest(
        strike_id=order.strike_id,
        file_name=name,
        status=IngestStatus.TRANSFERRING,
        bytes_transferred=size,
        transfer_started=now,
        media_type=media_type(name),
        data_type=[],
        transfer_path=path,
        created=now,
        last_modified=now,
    )


def _arrive(row: Ingest, arrival: Arrival, now: datetime) -> None:
    _change(row, IngestEvent.ARRIVE, now)
    row.transfer_ended = now
    row.bytes_transferred = row.file_size = arrival.size
    row.transfer_path, row.ingest_path = arrival.transfer_path, arrival.path


def _change(row: Ingest, event: IngestEvent, now: datetime) -> None:
    row.status = next_status(
        LIFECYCLE, IngestStatus(row.status), event, history=f"ingest {row.id} of {row.file_name!r}"
    )
    row.last_modified = now


def _by_id(session: Session, ids: Sequence[int]) -> dict[int, Ingest]:
    found: dict[int, Ingest] = {}
    for some in _chunks(ids):
        found |= {row.id: row for row in session.scalars(select(Ingest).where(Ingest.id.in_(some)).order_by(Ingest.id))}
    return found


def _chunks(values: Collection[T]) -> Iterator[list[T]]:
    iterator = iter(values)
    while some := list(islice(iterator, CHUNK)):
        yield some
