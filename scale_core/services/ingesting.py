"""The ingest task: a transferred file becomes a source file (reference: Ingest; architecture: The way of the data).

:meth:`IngestingService.begin` and :meth:`IngestingService.finish` are one transaction each for a whole group of files.
Between them the files are moved. A crash at any point is mended by beginning again: the place of a file in its
workspace is settled, and recorded, before it is moved there.
"""

import logging
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest, ScaleFile, Workspace
from scale_core.domain.states import INGEST, IngestEvent, next_status
from scale_core.interfaces.notice import FileIngested
from scale_core.interfaces.trigger import FileFacts, TriggerEvent
from scale_core.services import notices
from scale_core.services.context import Context
from scale_core.services.triggering import fire
from scale_generated.enums import IngestStatus

log = logging.getLogger(__name__)

INGEST_EVENT = "INGEST"
SOURCE = "SOURCE"

FINISHED = frozenset({IngestStatus.INGESTED, IngestStatus.DUPLICATE})


@dataclass(frozen=True, slots=True)
class IngestOrder:
    """A file to move into a workspace.

    :param source: where it is now, on this machine.
    :param path: its place in the workspace.
    :param own_path: a place that no other ingest can have, for when something that Scale does not know is at ``path``.
    :param size: bytes it had when it arrived.
    """

    ingest_id: int
    file_name: str
    source: str
    path: str
    own_path: str
    size: int
    workspace_name: str
    workspace_configuration: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """An ingest that cannot begin, and why."""

    ingest_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of a group: files to move, ingests with nothing left to do, and those that cannot begin."""

    orders: list[IngestOrder]
    finished: list[int]
    refused: list[Refused]


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A file that is in its workspace now: ``path`` there, bytes, ``sha256:<hex>``, media type."""

    ingest_id: int
    path: str
    size: int
    checksum: str
    media_type: str


class IngestingService:
    """The ingest task's door to the database."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def begin(self, ingest_ids: Sequence[int]) -> Begun:
        """Settle where each file goes and mark it INGESTING; ids that do not exist are refused."""
        begun = Begun([], [], [])
        now = self._context.now()
        with self._context.database.write() as session:
            rows = _rows(session, ingest_ids)
            workspaces = _workspaces(session, {row.workspace_id for row in rows.values() if row.workspace_id})
            starting = []
            for ingest_id in ingest_ids:
                row = rows.get(ingest_id)
                if row is not None and row.status in FINISHED:
                    begun.finished.append(ingest_id)
                elif reason := _refusal(session, row, workspaces):
                    begun.refused.append(Refused(ingest_id, reason))
                elif row is not None:
                    starting.append(row)
            _settle_places(session, starting)
            for row in starting:
                self._start(row)
                row.ingest_started = row.last_modified = now
                begun.orders.append(_order(row, workspaces))
        self._count(starting)
        return begun

    def _start(self, row: Ingest) -> None:
        if row.status == IngestStatus.ERRORED:
            _change(row, IngestEvent.RETRY)
        _change(row, IngestEvent.START)
        row.reason = row.ingest_ended = None

    def finish(self, stored: Sequence[StoredSource]) -> None:
        """Make source files of stored files, and fire what their ingest triggers."""
        by_id = {one.ingest_id: one for one in stored}
        now = self._context.now()
        with self._context.database.write() as session:
            rows = [row for row in _rows(session, list(by_id)).values() if row.status == IngestStatus.INGESTING]
            workspaces = _workspaces(session, {row.workspace_id for row in rows if row.workspace_id})
            files = [self._source(row, by_id[row.id], workspaces[row.workspace_id or 0]) for row in rows]
            session.add_all(files)
            session.flush()
            for row, file in zip(rows, files, strict=True):
                _change(row, IngestEvent.COMPLETE)
                row.source_file_id = file.id
                row.file_path, row.media_type, row.file_size = file.file_path, file.media_type, file.file_size
                row.ingest_ended = row.last_modified = now
            session.flush()
            for row, file in zip(rows, files, strict=True):
                self._tell(session, row, file, workspaces[file.workspace_id].name)
        self._count(rows, sum(file.file_size for file in files))
        for row in rows:
            log.debug("Ingested as %s", row.file_path, extra=_about(row))

    def fail(self, failures: Sequence[Refused]) -> None:
        """Record why files could not be ingested."""
        reasons = {one.ingest_id: one.reason for one in failures}
        now = self._context.now()
        failed = []
        with self._context.database.write() as session:
            for row in _rows(session, list(reasons)).values():
                if row.status in FINISHED or row.status == IngestStatus.DEFERRED:
                    continue
                if row.status != IngestStatus.ERRORED:
                    _change(row, IngestEvent.FAIL)
                    failed.append(row)
                row.reason = reasons[row.id]
                row.ingest_ended = row.last_modified = now
        self._count(failed)
        for row in failed:
            # Its job fails too, which is a warning where there are no tries left.
            log.info("Ingest failed: %s", row.reason, extra=_about(row))

    def _count(self, changed: Iterable[Ingest], ingested_bytes: int = 0) -> None:
        self._context.telemetry.ingests_changed(Counter(row.status for row in changed), ingested_bytes)

    def _source(self, row: Ingest, stored: StoredSource, workspace: Workspace) -> ScaleFile:
        now = self._context.now()
        return ScaleFile(
            file_type=SOURCE,
            workspace_id=workspace.id,
            file_name=row.file_name,
            file_path=stored.path,
            media_type=stored.media_type,
            file_size=stored.size,
            checksum=stored.checksum,
            data_type=list(row.data_type),
            uuid=source_uuid(workspace.name, stored.path),
            meta_data={},
            countries=[],
            created=now,
            last_modified=now,
        )

    def _tell(self, session: WriteSession, row: Ingest, file: ScaleFile, workspace_name: str) -> None:
        facts = FileFacts(file.id, file.file_name, file.media_type, frozenset(file.data_type))
        event = TriggerEvent(INGEST_EVENT, self._context.now(), facts)
        fire(
            session,
            self._context,
            event,
            {"version": "1.0", "file_id": file.id, "file_name": file.file_name, "ingest_id": row.id},
        )
        notices.file_ingested(
            session,
            self._context,
            FileIngested(file.id, file.file_name, workspace_name, file.file_path, file.media_type, facts.data_types),
        )


def _about(row: Ingest) -> dict[str, object]:
    return {
        "ingest_id": row.id,
        "job_id": row.job_id,
        "strike_id": row.strike_id,
        "file_id": row.source_file_id,
        "file_name": row.file_name,
    }


def source_uuid(workspace_name: str, path: str) -> str:
    """The uuid of the source file at ``path``: 32 hexadecimal digits, the same whenever it is asked for."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"scale:source:{workspace_name}:{path}").hex


def _refusal(session: Session, row: Ingest | None, workspaces: Mapping[int, Workspace]) -> str | None:
    """Why an ingest cannot begin, or None if it can."""
    if row is None:
        return "There is no such ingest."
    if row.workspace_id is None or row.file_path is None or row.ingest_path is None:
        return f"The ingest is {row.status} and has no place in a workspace: no rule matched the file."
    if not workspaces[row.workspace_id].is_active:
        return f"The workspace {workspaces[row.workspace_id].name!r} is not active. Activate it and requeue the job."
    if row.status == IngestStatus.ERRORED and _has_successor(session, row):
        return f"Another file took its place at {row.ingest_path}; this one is gone."
    return None


def _has_successor(session: Session, row: Ingest) -> bool:
    """Whether the file at the ingest's path is a later one of the same name."""
    later = select(Ingest.id).where(
        Ingest.file_name == row.file_name,
        Ingest.id != row.id,
        Ingest.ingest_path == row.ingest_path,
        Ingest.status.in_((IngestStatus.TRANSFERRED, IngestStatus.INGESTING)),
    )
    return session.scalar(later.limit(1)) is not None


def _settle_places(session: Session, rows: Sequence[Ingest]) -> None:
    """Give an ingest whose place in the workspace is taken one of its own."""
    taken = _taken(session, rows)
    for row in rows:
        place = (row.workspace_id, row.file_path)
        if taken.get(place, row.id) != row.id:
            row.file_path = own_path(row.file_path or "", row.id)
        else:
            taken[place] = row.id


def _taken(session: Session, rows: Sequence[Ingest]) -> dict[tuple[int | None, str | None], int]:
    """Places that are taken, with the id of the ingest that is on its way there; 0 for a file that is there."""
    paths = {row.file_path for row in rows}
    coming = session.execute(
        select(Ingest.workspace_id, Ingest.file_path, Ingest.id).where(
            Ingest.file_name.in_({row.file_name for row in rows}), Ingest.status == IngestStatus.INGESTING
        )
    )
    taken: dict[tuple[int | None, str | None], int] = {(row.workspace_id, row.file_path): row.id for row in coming}
    there = session.execute(
        select(ScaleFile.workspace_id, ScaleFile.file_path).where(
            ScaleFile.workspace_id.in_({row.workspace_id for row in rows}), ScaleFile.file_path.in_(paths)
        )
    )
    return taken | {(row.workspace_id, row.file_path): 0 for row in there}


def own_path(path: str, ingest_id: int) -> str:
    """The place of an ingest's own, beside ``path``."""
    whole = PurePosixPath(path)
    folder = f"ingest-{ingest_id}"
    return path if whole.parent.name == folder else str(whole.parent / folder / whole.name)


def _order(row: Ingest, workspaces: Mapping[int, Workspace]) -> IngestOrder:
    workspace = workspaces[row.workspace_id or 0]
    path = row.file_path or ""
    return IngestOrder(
        ingest_id=row.id,
        file_name=row.file_name,
        source=row.ingest_path or "",
        path=path,
        own_path=own_path(path, row.id),
        size=row.file_size or 0,
        workspace_name=workspace.name,
        workspace_configuration=workspace.json_config,
    )


def _change(row: Ingest, event: IngestEvent) -> None:
    row.status = next_status(INGEST, IngestStatus(row.status), event, history=f"ingest {row.id} of {row.file_name!r}")


def _rows(session: Session, ids: Sequence[int]) -> dict[int, Ingest]:
    return {row.id: row for row in session.scalars(select(Ingest).where(Ingest.id.in_(ids)).order_by(Ingest.id))}


def _workspaces(session: Session, ids: set[int]) -> dict[int, Workspace]:
    if not ids:
        return {}
    return {one.id: one for one in session.scalars(select(Workspace).where(Workspace.id.in_(ids)))}
