"""The ingest task: a transferred file becomes a source file (reference: Ingest; architecture: The way of the data).

:meth:`IngestingService.begin` and :meth:`IngestingService.finish` are one transaction each for a whole group of files.
Between them the files are moved. A crash at any point is mended by beginning again: the place of a file in its
workspace is settled, and recorded, before it is moved there. What is a source file already becomes a DUPLICATE:
:mod:`scale_core.services.duplicates`.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import update

from scale_core.db.bulk import update_all, update_by_id
from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest
from scale_core.domain.states import INGEST, IngestEvent, next_status
from scale_core.intake.orders import Removal, StoredSource
from scale_core.services.context import Context
from scale_core.services.duplicates import Content, files_at, finish_duplicates, known_names, mark
from scale_core.services.ingest_ends import FINISHED, fail_ingests, finish_ingests, tell_errored
from scale_core.services.ingest_orders import (
    Begun,
    IngestRow,
    Refused,
    canceled_jobs,
    ingest_rows,
    order_for,
    place_of,
    refusal,
    removal_of,
    settle_places,
    workspaces_of,
)
from scale_generated.enums import IngestStatus

UNDER_WAY = "Another ingest stores the file right now; it stays as it is. Should that one fail, requeue this job."


class IngestingService:
    """The ingest task's door to the database."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def begin(self, ingest_ids: Sequence[int], large: float = math.inf) -> Begun:
        """Settle where each file goes and mark it INGESTING; ids that do not exist are refused.

        :param large: bytes from which on a file is left to be begun by itself.
        """
        begun = Begun([], [], [], [], [], [])
        now = self._context.now()
        with self._context.database.write() as session:
            rows = ingest_rows(session, ingest_ids)
            wanted = {one for row in rows.values() for one in (row.workspace_id, row.origin_id)}
            workspaces = workspaces_of(session, wanted)
            canceled = canceled_jobs(session, rows.values())
            starting = []
            for ingest_id in ingest_ids:
                row = rows.get(ingest_id)
                if row is not None and row.status in FINISHED:
                    begun.finished.append(ingest_id)
                elif row is not None and row.job_id in canceled:
                    begun.canceled.append(ingest_id)
                elif reason := refusal(session, row, workspaces):
                    begun.refused.append(Refused(ingest_id, reason))
                elif row is not None and (row.file_size or 0) >= large:
                    begun.large.append(ingest_id)
                elif row is not None:
                    starting.append(row)
            paths = settle_places(session, [row for row in starting if row.source_file_id is None])
            late = [row for row in starting if row.source_file_id is None and row.id not in paths]
            begun.finished.extend(known := self._known(session, late, now))
            begun.refused.extend(Refused(row.id, UNDER_WAY) for row in late if row.id not in known)
            starting = [row for row in starting if row not in late]
            self._start(session, starting, paths, now)
            same = known_names(
                session, [Content(row.id, row.workspace_id, row.file_name, row.file_size) for row in starting]
            )
        self._context.telemetry.ingests_changed({IngestStatus.INGESTING: len(starting)})
        for row in starting:
            if row.source_file_id is not None:
                begun.removals.append(removal_of(row, row.file_path, place_of(workspaces[row.workspace_id])))
            else:
                begun.orders.append(order_for(row, paths[row.id], workspaces, row.id in same))
        return begun

    def _known(self, session: WriteSession, rows: Sequence[IngestRow], now: datetime) -> Collection[int]:
        """Record as DUPLICATE those of files that became source files where they lie, by other ingests; their ids.
        Nothing is removed: there is one file."""
        files = files_at(session, [(row.workspace_id, row.file_path) for row in rows])
        if not files:
            return ()
        known = {row.id: files[place] for row in rows if (place := (row.workspace_id, row.file_path)) in files}
        self._start(session, [row for row in rows if row.id in known], {}, now)
        mark(session, [(row.id, known[row.id], row.file_path) for row in rows if row.id in known])
        finish_duplicates(session, now, known)
        return known

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
                bytes_stored=0,
                last_modified=now,
            )
        moved = [
            {"id": row.id, "file_path": paths[row.id]}
            for row in rows
            if paths.get(row.id, row.file_path) != row.file_path
        ]
        update_by_id(session, Ingest, moved)

    def told(self, ingest_id: int, bytes_stored: int) -> None:
        """Record how much of a file is in its workspace, while it is INGESTING."""
        with self._context.database.write() as session:
            session.execute(
                update(Ingest)
                .where(Ingest.id == ingest_id, Ingest.status == IngestStatus.INGESTING)
                .values(bytes_stored=bytes_stored, last_modified=self._context.now())
            )

    def waits(self, ingest_ids: Sequence[int], reason: str) -> None:
        """Show on ingests that are under way what they wait for."""
        with self._context.database.write() as session:
            rows = ingest_rows(session, ingest_ids)
            waiting = [one for one, row in rows.items() if row.status == IngestStatus.INGESTING]
            update_all(session, Ingest, waiting, reason=reason, last_modified=self._context.now())

    def finish(self, stored: Sequence[StoredSource]) -> list[Removal]:
        """Make source files of stored files, and fire what their ingest triggers.

        :return: those that are no source files, for another one with the same content was quicker.
        """
        with self._context.database.write() as session:
            finished = finish_ingests(session, self._context, stored)
        finished.tell(self._context)
        return finished.removals

    def fail(self, failures: Sequence[Refused]) -> None:
        """Record why files could not be ingested."""
        with self._context.database.write() as session:
            errored = fail_ingests(session, failures, self._context.now())
        tell_errored(self._context, errored)
