"""Transfers: what Strike sees in a watched directory, and the ingests that come of it (reference: Strike)."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from scale_core.db.bulk import insert_rows, table_of, update_by_id
from scale_core.db.models import Ingest, JobExecution
from scale_core.db.models import Strike as StrikeRow
from scale_core.db.models.ingests import OPEN_INGEST
from scale_core.db.prepared import Kept
from scale_core.domain.media_types import media_type
from scale_core.domain.states import INGEST as LIFECYCLE
from scale_core.domain.states import IngestEvent, next_status
from scale_core.domain.strike import match_file
from scale_core.services.context import Context
from scale_core.services.ingest_jobs import Seer, queue_ingests
from scale_core.services.refusals import record_refusals, unrecorded_refusals
from scale_core.services.transfer_plans import TransferPlanner
from scale_core.watching.records import Arrival, KnownTransfer, Refusal, Transfer, WatchOrder
from scale_generated.enums import IngestStatus
from scale_generated.specs.strike import Strike

log = logging.getLogger(__name__)

T = TypeVar("T")

# SQLite takes this many values in one statement without complaint, whatever it was built with.
CHUNK = 500

FEW_OPEN = 100
"""Where fewer ingests are under way, whoever they are of, all are looked at instead of those of certain names."""

_OPEN: Select[Any] = select(*(table_of(Ingest).c[name] for name in ("file_name", "strike_id", "status"))).where(
    OPEN_INGEST
)
_FIRST_OPEN = Kept(lambda _dialect: _OPEN.order_by(Ingest.file_name).limit(FEW_OPEN))

MOST_DEFERRED = 10_000
"""Deferred ingests that are looked at together."""


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

    def watches(self, order: WatchOrder) -> None:
        """Record that the directory is watched, and has Strike's folders."""
        with self._context.database.write() as session:
            mount = order.configuration.mount
            session.execute(update(StrikeRow).where(StrikeRow.id == order.strike_id).values(watched=mount))

    def under_way(self, strike_id: int, behind: int = 0, limit: int | None = None) -> list[KnownTransfer]:
        """Transfers that have begun and not ended, by ids of their ingests.

        :param behind: an id: those behind it.
        :param limit: how many at most.
        """
        with self._context.database.read() as session:
            rows = session.execute(
                select(Ingest.id, Ingest.file_name, Ingest.transfer_path, Ingest.bytes_transferred)
                .where(Ingest.strike_id == strike_id, Ingest.status == IngestStatus.TRANSFERRING, Ingest.id > behind)
                .order_by(Ingest.id)
                .limit(limit)
            )
            return [KnownTransfer(*row) for row in rows]

    def names_being_ingested(self, strike_id: int, names: Collection[str]) -> set[str]:
        """Those of ``names`` for which an ingest of this Strike process is under way."""
        with self._context.database.read() as session:
            rows = _FIRST_OPEN.rows(session)
            if len(rows) == FEW_OPEN:  # or more
                rows = [row for some in _chunks(names) for row in session.execute(_open_among(some))]
        wanted = set(names)
        return {
            name
            for name, seer, status in rows
            if seer == strike_id and status != IngestStatus.TRANSFERRING and name in wanted
        }

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
        self,
        order: WatchOrder,
        transfers: Sequence[Transfer],
        known: Mapping[str, int],
        also: Callable[[Session], None] = lambda _session: None,
    ) -> dict[str, int]:
        """Record transfers that have begun or grown.

        :param known: the ingests of those of them that are recorded already, by path.
        :param also: what else that transaction is to do, first.
        :return: ids of their ingests, by path.
        """
        now = self._context.now()
        with self._context.database.write() as session:
            also(session)
            there = _statuses(session, list(known.values()))
            ids = {path: one for path, one in known.items() if one in there}
            grown = [one for one in transfers if one.path in ids]
            new = [one for one in transfers if one.path not in ids]
            update_by_id(
                session,
                Ingest,
                [{"id": ids[one.path], "bytes_transferred": one.size} for one in grown],
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
        return ids | {one.path: ingest_id for one, ingest_id in zip(new, new_ids, strict=True)}

    def refused(self, order: WatchOrder, refusals: Sequence[Refusal]) -> None:
        """Record files that cannot be ingested as they are, unless that was done."""
        for some in _chunks(refusals):
            with self._context.database.write() as session:
                new = unrecorded_refusals(session, _seer(order), some)
                record_refusals(session, _seer(order), new, self._context.now())
            self._context.telemetry.ingests_changed({IngestStatus.ERRORED: len(new)})

    def gone(self, ingest_ids: Sequence[int]) -> None:
        """Record that files vanished before they were whole."""
        now = self._context.now()
        gone: list[Ingest] = []
        with self._context.database.write() as session:
            for some in _chunks(ingest_ids):
                rows = session.scalars(
                    select(Ingest).where(Ingest.id.in_(some), Ingest.status == IngestStatus.TRANSFERRING)
                )
                for row in rows:
                    row.status = next_status(LIFECYCLE, IngestStatus(row.status), IngestEvent.FAIL)
                    row.reason = (
                        f"The file vanished from the watched directory after {row.bytes_transferred} bytes, "
                        "before its transfer was complete. Transfer it again."
                    )
                    row.transfer_ended = row.last_modified = now
                    gone.append(row)
        self._context.telemetry.ingests_changed({IngestStatus.ERRORED: len(gone)})
        for row in gone:
            about = {"ingest_id": row.id, "strike_id": row.strike_id, "file_name": row.file_name}
            log.warning("%s", row.reason, extra=about)

    def arrived(
        self, order: WatchOrder, arrivals: Sequence[Arrival], also: Callable[[Session], None] = lambda _session: None
    ) -> None:
        """Record files that are whole, with a job for each that a rule matches, all in one transaction.

        :param also: what else that transaction is to do, first.
        """
        now = self._context.now()
        with self._context.database.write() as session:
            also(session)
            watched = watched_transfers(session, arrivals)
            planner = TransferPlanner(session, order.configuration.files_to_ingest, now.date())
            plans = {one.file_name: planner.plan(one.file_name) | arrival_columns(one) for one in arrivals}
            grown = [{"id": ingest_id, **plans[name]} for name, ingest_id in watched.items()]
            update_by_id(session, Ingest, grown, transfer_ended=now, last_modified=now)
            new = [name for name in plans if name not in watched]
            new_ids = insert_rows(
                session,
                Ingest,
                [{"file_name": name, "media_type": media_type(name), **plans[name]} for name in new],
                strike_id=order.strike_id,
                transfer_started=now,
                transfer_ended=now,
                created=now,
                last_modified=now,
            )
            ids = watched | dict(zip(new, new_ids, strict=True))
            waiting = {ids[name]: name for name, plan in plans.items() if plan["status"] == IngestStatus.TRANSFERRED}
            job_ids = queue_ingests(session, self._context, _seer(order), waiting)
        recorded = [
            {**plan, "id": ids[name], "job_id": job_ids.get(ids[name]), "file_name": name}
            for name, plan in plans.items()
        ]
        self._tell_routed(order, recorded)

    def release(self, order: WatchOrder) -> int:
        """Send deferred files on that the rules match by now; how many they are."""
        released, last = 0, 0
        while rows := self._deferred(order, last):
            names = {one: name for one, name in rows if match_file(order.configuration, name)}
            self._release(order, names)
            released, last = released + len(names), rows[-1][0]
        return released

    def _deferred(self, order: WatchOrder, behind: int) -> list[tuple[int, str]]:
        """Some of the deferred ingests, with ids and file names; there may be very many."""
        statement = select(Ingest.id, Ingest.file_name).where(
            Ingest.strike_id == order.strike_id, Ingest.status == IngestStatus.DEFERRED, Ingest.id > behind
        )
        with self._context.database.read() as session:
            rows = session.execute(statement.order_by(Ingest.id).limit(MOST_DEFERRED))
            return [(row.id, row.file_name) for row in rows]

    def _release(self, order: WatchOrder, names: Mapping[int, str]) -> None:
        for some in _chunks(names):
            now = self._context.now()
            with self._context.database.write() as session:
                planner = TransferPlanner(session, order.configuration.files_to_ingest, now.date())
                deferred = [one for one, status in _statuses(session, some).items() if status == IngestStatus.DEFERRED]
                released = [{"id": one, **planner.plan(names[one], IngestStatus.DEFERRED)} for one in deferred]
                update_by_id(session, Ingest, released, last_modified=now)
                waiting = [row["id"] for row in released if row["status"] == IngestStatus.TRANSFERRED]
                job_ids = queue_ingests(session, self._context, _seer(order), {one: names[one] for one in waiting})
                recorded = [
                    {**row, "file_name": names[row["id"]], "job_id": job_ids.get(row["id"])} for row in released
                ]
            self._tell_routed(order, recorded)

    def note(self, execution_id: int, message: str | None, *, is_trouble: bool = True) -> None:
        """Show on the Strike's job execution what it is at.

        :param message: None: nothing that is worth a word.
        :param is_trouble: this keeps it from watching, which is shown on the Strike too.
        """
        with self._context.database.write() as session:
            execution = session.get(JobExecution, execution_id)
            if execution is None:
                return
            if execution.message != message:
                execution.message, execution.last_modified = message, self._context.now()
            trouble = message if is_trouble else None
            session.execute(update(StrikeRow).where(StrikeRow.job_id == execution.job_id).values(trouble=trouble))

    def _tell_routed(self, order: WatchOrder, recorded: Sequence[Mapping[str, Any]]) -> None:
        deferred = [row for row in recorded if row["status"] == IngestStatus.DEFERRED]
        self._context.telemetry.ingests_changed(
            {IngestStatus.TRANSFERRED: len(recorded), IngestStatus.DEFERRED: len(deferred)}
        )
        for row in recorded if log.isEnabledFor(logging.DEBUG) else deferred:
            about = {
                "strike_id": order.strike_id,
                "ingest_id": row["id"],
                "job_id": row.get("job_id"),
                "file_name": row["file_name"],
            }
            if row["status"] == IngestStatus.DEFERRED:
                log.info("Strike %r deferred a file: %s", order.name, row["reason"], extra=about)
            else:
                log.debug("Strike %r sends a file to %s", order.name, row["file_path"], extra=about)


def _seer(order: WatchOrder) -> Seer:
    return Seer(strike_id=order.strike_id)


def watched_transfers(session: Session, arrivals: Sequence[Arrival]) -> dict[str, int]:
    """Ingests, by file name, that watched the transfers of files and still wait for their end; they stay until this
    transaction ends."""
    given = {one.ingest_id: one.file_name for one in arrivals if one.ingest_id is not None}
    statuses = _statuses(session, given)
    return {given[one]: one for one, status in statuses.items() if status == IngestStatus.TRANSFERRING}


def arrival_columns(arrival: Arrival) -> dict[str, Any]:
    """Columns of the ingest of a file that is whole, besides what rules make of it."""
    return {
        "transfer_path": arrival.transfer_path,
        "ingest_path": arrival.path,
        "file_size": arrival.size,
        "bytes_transferred": arrival.size,
        "origin_id": arrival.origin_id,
    }


def _open_among(names: Collection[str]) -> Select[Any]:
    return _OPEN.where(Ingest.file_name.in_(names))


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
