"""The ingest task: a transferred file becomes a source file (reference: Ingest; architecture: The way of the data).

:meth:`IngestingService.begin` and :meth:`IngestingService.finish` are one transaction each for a whole group of files.
Between them the files are moved. A crash at any point is mended by beginning again: the place of a file in its
workspace is settled, and recorded, before it is moved there. What is a source file already becomes a DUPLICATE:
:mod:`scale_core.services.duplicates`.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from scale_core.db.bulk import update_all, update_by_id
from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest
from scale_core.domain.states import INGEST, IngestEvent, next_status
from scale_core.services.context import Context
from scale_core.services.duplicates import Content, known_names, mark
from scale_core.services.ingest_orders import (
    Begun,
    IngestRow,
    Refused,
    Removal,
    StoredSource,
    about_ingest,
    history_of,
    ingest_rows,
    order_for,
    place_of,
    refusal,
    settle_places,
    workspaces_of,
)
from scale_core.services.source_files import Source, make_source_files, sort_out
from scale_generated.enums import IngestStatus

log = logging.getLogger(__name__)

FINISHED = frozenset({IngestStatus.INGESTED, IngestStatus.DUPLICATE})


class IngestingService:
    """The ingest task's door to the database."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def begin(self, ingest_ids: Sequence[int]) -> Begun:
        """Settle where each file goes and mark it INGESTING; ids that do not exist are refused."""
        begun = Begun([], [], [], [])
        now = self._context.now()
        with self._context.database.write() as session:
            rows = ingest_rows(session, ingest_ids)
            workspaces = workspaces_of(session, {row.workspace_id for row in rows.values()})
            starting = []
            for ingest_id in ingest_ids:
                row = rows.get(ingest_id)
                if row is not None and row.status in FINISHED:
                    begun.finished.append(ingest_id)
                elif reason := refusal(session, row, workspaces):
                    begun.refused.append(Refused(ingest_id, reason))
                elif row is not None:
                    starting.append(row)
            paths = settle_places(session, [row for row in starting if row.source_file_id is None])
            self._start(session, starting, paths, now)
            known = known_names(
                session, [Content(row.id, row.workspace_id, row.file_name, row.file_size) for row in starting]
            )
        self._context.telemetry.ingests_changed({IngestStatus.INGESTING: len(starting)})
        for row in starting:
            place = place_of(workspaces[row.workspace_id])
            if row.source_file_id is not None:
                begun.removals.append(Removal(row.id, row.ingest_path, row.file_path, place))
            else:
                begun.orders.append(order_for(row, paths[row.id], place, row.id in known))
        return begun

    def _start(self, session: WriteSession, rows: Sequence[IngestRow], paths: Mapping[int, str], now: datetime) -> None:
        for status in {row.status for row in rows}:
            before = IngestStatus(status)
            if before == IngestStatus.ERRORED:
                before = next_status(INGEST, before, IngestEvent.RETRY)
            ids = [row.id for row in rows if row.status == status]
            update_all(
                session,
                Ingest,
                ids,
                status=next_status(INGEST, before, IngestEvent.START, history=f"ingests {ids}"),
                reason=None,
                ingest_started=now,
                ingest_ended=None,
                last_modified=now,
            )
        moved = [
            {"id": row.id, "file_path": paths[row.id]}
            for row in rows
            if paths.get(row.id, row.file_path) != row.file_path
        ]
        update_by_id(session, Ingest, moved)

    def finish(self, stored: Sequence[StoredSource]) -> list[Removal]:
        """Make source files of stored files, and fire what their ingest triggers.

        :return: those that are no source files, for another one with the same content was quicker.
        """
        by_id = {one.ingest_id: one for one in stored}
        with self._context.database.write() as session:
            rows = {
                one: row
                for one, row in ingest_rows(session, list(by_id)).items()
                if row.status == IngestStatus.INGESTING
            }
            workspaces = workspaces_of(session, {row.workspace_id for row in rows.values()})
            found = sort_out(
                session, [source_of(row, workspaces[row.workspace_id].name, by_id[one]) for one, row in rows.items()]
            )
            ids = make_source_files(session, self._context, found.new).ids
            self._complete(session, found.new, rows, ids)
            mark(session, [(one.ingest_id, known or ids[maker], one.stored.path) for one, known, maker in found.same])
        tell_ingested(self._context, found.new, ids, lambda one: about_ingest(rows[one]))
        return [
            Removal(
                one.ingest_id,
                rows[one.ingest_id].ingest_path,
                one.stored.path,
                place_of(workspaces[one.workspace_id]),
            )
            for one, _known, _maker in found.same
        ]

    def _complete(
        self,
        session: WriteSession,
        sources: Sequence[Source],
        rows: Mapping[int, IngestRow],
        file_ids: Mapping[int, int],
    ) -> None:
        now = self._context.now()
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
        update_by_id(session, Ingest, completed, ingest_ended=now, last_modified=now)

    def fail(self, failures: Sequence[Refused]) -> None:
        """Record why files could not be ingested."""
        reasons = {one.ingest_id: one.reason for one in failures}
        now = self._context.now()
        with self._context.database.write() as session:
            failed, errored = [], []
            for row in ingest_rows(session, list(reasons)).values():
                status = IngestStatus(row.status)
                if status in FINISHED or status == IngestStatus.DEFERRED:
                    continue
                if status != IngestStatus.ERRORED:
                    status = next_status(INGEST, status, IngestEvent.FAIL, history=history_of(row))
                    errored.append(row)
                failed.append({"id": row.id, "status": status, "reason": reasons[row.id]})
            # The source file that a duplicate was found to be: a retry has to find it again.
            update_by_id(session, Ingest, failed, source_file_id=None, ingest_ended=now, last_modified=now)
        self._context.telemetry.ingests_changed({IngestStatus.ERRORED: len(errored)})
        for row in errored:
            # Its job fails too, which is a warning where there are no tries left.
            log.info("Ingest failed: %s", reasons[row.id], extra=about_ingest(row))


def source_of(row: IngestRow, workspace_name: str, stored: StoredSource) -> Source:
    """What a stored file and its ingest make."""
    return Source(row.id, row.strike_id, row.file_name, row.workspace_id, workspace_name, row.data_type, stored)


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
