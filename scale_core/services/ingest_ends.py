"""How ingests end: with source files, with duplicates of some, or with a reason why they could not be made."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scale_core.db.bulk import update_by_id
from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest
from scale_core.domain.states import INGEST, IngestEvent, next_status
from scale_core.intake.orders import Removal, StoredSource
from scale_core.services.context import Context
from scale_core.services.duplicates import files_at, finish_duplicates, mark, tell_duplicates
from scale_core.services.ingest_jobs import Seer
from scale_core.services.ingest_orders import (
    IngestRow,
    Refused,
    about_ingest,
    history_of,
    ingest_rows,
    is_in_place,
    place_of,
    removal_of,
    workspaces_of,
)
from scale_core.services.source_files import Source, make_source_files, sort_out
from scale_generated.enums import IngestStatus

log = logging.getLogger(__name__)

FINISHED = frozenset({IngestStatus.INGESTED, IngestStatus.DUPLICATE})


@dataclass(frozen=True, slots=True)
class Finished:
    """Ingests that became source files (their ids by ingest id); what is to be removed of those that did not, for
    another one with the same content was quicker; and those of which nothing is, for they found the same file."""

    ingested: Sequence[Source]
    file_ids: Mapping[int, int]
    rows: Mapping[int, IngestRow]
    removals: list[Removal]
    duplicates: Sequence[Mapping[str, Any]]

    def tell(self, context: Context) -> None:
        """Count and log it, once it is committed."""
        tell_duplicates(context, self.duplicates)
        tell_ingested(context, self.ingested, self.file_ids, lambda one: about_ingest(self.rows[one]))


def finish_ingests(session: WriteSession, context: Context, stored: Sequence[StoredSource]) -> Finished:
    """Make source files of stored files, and fire what their ingest triggers. Those of ingests that are not INGESTING
    are left out: they have ended."""
    by_id = {one.ingest_id: one for one in stored}
    rows = {one: row for one, row in ingest_rows(session, list(by_id)).items() if row.status == IngestStatus.INGESTING}
    workspaces = workspaces_of(session, {row.workspace_id for row in rows.values()})
    twice = _registered(session, [row for row in rows.values() if is_in_place(row)])
    found = sort_out(
        session,
        [
            source_of(row, workspaces[row.workspace_id].name, by_id[one])
            for one, row in rows.items()
            if one not in twice
        ],
    )
    ids = make_source_files(session, context, found.new).ids
    _complete(session, context.now(), found.new, rows, ids)
    mark(session, [(one.ingest_id, known or ids[maker], one.stored.path) for one, known, maker in found.same])
    removals = [
        removal_of(rows[one.ingest_id], one.stored.path, place_of(workspaces[one.workspace_id]))
        for one, _known, _maker in found.same
    ]
    mark(session, [(one, known or ids[maker], by_id[one].path) for one, (known, maker) in twice.items()])
    duplicates = finish_duplicates(session, context.now(), twice) if twice else []
    return Finished(found.new, ids, rows, removals, duplicates)


def _registered(session: WriteSession, rows: Sequence[IngestRow]) -> dict[int, tuple[int | None, int]]:
    """Of files that lie where they are to be, those that are registered by others: by ingest id, the source file, or
    None and the ingest among these that makes it."""
    known = files_at(session, [(row.workspace_id, row.file_path) for row in rows])
    makers: dict[tuple[int, str], int] = {}
    found: dict[int, tuple[int | None, int]] = {}
    for row in rows:
        place = (row.workspace_id, row.file_path)
        maker = makers.setdefault(place, row.id)
        if place in known or maker != row.id:
            found[row.id] = (known.get(place), maker)
    return found


def _complete(
    session: WriteSession,
    now: datetime,
    sources: Sequence[Source],
    rows: Mapping[int, IngestRow],
    file_ids: Mapping[int, int],
) -> None:
    completed = [
        {
            "id": one.ingest_id,
            "status": next_status(
                INGEST, IngestStatus.INGESTING, IngestEvent.COMPLETE, history=history_of(rows[one.ingest_id])
            ),
            "source_file_id": file_ids[one.ingest_id],
            "file_path": one.stored.path,
            "media_type": one.stored.media_type,
            "file_size": one.stored.size,
        }
        for one in sources
    ]
    # What it waited for meanwhile is over.
    update_by_id(session, Ingest, completed, reason=None, ingest_ended=now, last_modified=now)


def fail_ingests(session: WriteSession, failures: Sequence[Refused], now: datetime) -> list[tuple[IngestRow, str]]:
    """Record why files could not be ingested.

    :return: those for which that is news, with the reason, for :func:`tell_errored`.
    """
    reasons = {one.ingest_id: one.reason for one in failures}
    failed, errored = [], []
    for row in ingest_rows(session, list(reasons)).values():
        status = IngestStatus(row.status)
        if status in FINISHED or status == IngestStatus.DEFERRED:
            continue
        if status != IngestStatus.ERRORED:
            status = next_status(INGEST, status, IngestEvent.FAIL, history=history_of(row))
            errored.append((row, reasons[row.id]))
        failed.append({"id": row.id, "status": status, "reason": reasons[row.id]})
    # The source file that a duplicate was found to be: a retry has to find it again.
    update_by_id(session, Ingest, failed, source_file_id=None, ingest_ended=now, last_modified=now)
    return errored


def tell_errored(context: Context, errored: Sequence[tuple[IngestRow, str]]) -> None:
    """Count and log ingests that could not be made, once that is committed."""
    context.telemetry.ingests_changed({IngestStatus.ERRORED: len(errored)})
    for row, reason in errored:
        # Its job fails too, which is a warning where there are no tries left.
        log.info("Ingest failed: %s", reason, extra=about_ingest(row))


def source_of(row: IngestRow, workspace_name: str, stored: StoredSource) -> Source:
    """What a stored file and its ingest make."""
    seer = Seer(row.strike_id, row.scan_id)
    return Source(row.id, seer, row.file_name, row.workspace_id, workspace_name, row.data_type, stored)


def tell_ingested(
    context: Context,
    ingested: Sequence[Source],
    file_ids: Mapping[int, int],
    about: Callable[[int], Mapping[str, object]],
) -> None:
    """Count and log what was ingested.

    :param file_ids: the source files by ingest id.
    :param about: gives what logs say about an ingest, by its id.
    """
    context.telemetry.ingests_changed({IngestStatus.INGESTED: len(ingested)}, sum(one.stored.size for one in ingested))
    for one in ingested if log.isEnabledFor(logging.DEBUG) else ():
        extra = {**about(one.ingest_id), "file_id": file_ids[one.ingest_id]}
        log.debug("Ingested as %s", one.stored.path, extra=extra)
