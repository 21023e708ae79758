"""The ingest task: a transferred file becomes a source file (reference: Ingest; architecture: The way of the data).

:meth:`IngestingService.begin` and :meth:`IngestingService.finish` are one transaction each for a whole group of files.
Between them the files are moved. A crash at any point is mended by beginning again: the place of a file in its
workspace is settled, and recorded, before it is moved there. What is a source file already becomes a DUPLICATE:
:mod:`scale_core.services.duplicates`.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import insert_rows, table_of, update_all, update_by_id
from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest, ScaleFile, Workspace
from scale_core.db.models.ingests import OPEN_INGEST
from scale_core.domain.states import INGEST, IngestEvent, next_status
from scale_core.interfaces.notice import FileIngested
from scale_core.interfaces.trigger import FileFacts, TriggerEvent
from scale_core.services import notices
from scale_core.services.context import Context
from scale_core.services.duplicates import SOURCE, Content, known_contents, known_names, mark
from scale_core.services.triggering import fire_many
from scale_generated.enums import IngestStatus

INGEST_EVENT = "INGEST"

FINISHED = frozenset({IngestStatus.INGESTED, IngestStatus.DUPLICATE})

_COLUMNS = [
    table_of(Ingest).c[name]
    for name in (
        "id",
        "status",
        "file_name",
        "workspace_id",
        "source_file_id",
        "file_path",
        "ingest_path",
        "file_size",
        "data_type",
    )
]

IngestRow = Row[Any]
"""Those columns of an ingest."""


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace, as far as moving files needs to know it."""

    name: str
    configuration: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IngestOrder:
    """A file to move into a workspace.

    :param source: where it is now, on this machine.
    :param path: its place in the workspace.
    :param own_path: a place that no other ingest can have, for when something that Scale does not know is at ``path``.
    :param size: bytes it had when it arrived.
    :param may_be_known: the workspace has a source file of that name and size; see whether the content is the same.
    """

    ingest_id: int
    file_name: str
    source: str
    path: str
    own_path: str
    size: int
    workspace: Place
    may_be_known: bool = False


@dataclass(frozen=True, slots=True)
class Removal:
    """A DUPLICATE: what is to be removed before it is recorded as one.

    :param source: the file on this machine.
    :param path: where a copy of it may be in the workspace; no source file is there.
    """

    ingest_id: int
    source: str
    path: str
    workspace: Place


@dataclass(frozen=True, slots=True)
class Refused:
    """An ingest that cannot begin, and why."""

    ingest_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of a group: files to move, duplicates to remove, ingests with nothing left to do, and those that
    cannot begin."""

    orders: list[IngestOrder]
    removals: list[Removal]
    finished: list[int]
    refused: list[Refused]


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A file that is in its workspace now: ``path`` there, bytes, ``sha256:<hex>``, media type.

    :param is_needed: it becomes a source file though there is one with its content: that one's file is lost.
    """

    ingest_id: int
    path: str
    size: int
    checksum: str
    media_type: str
    is_needed: bool = False


class IngestingService:
    """The ingest task's door to the database."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def begin(self, ingest_ids: Sequence[int]) -> Begun:
        """Settle where each file goes and mark it INGESTING; ids that do not exist are refused."""
        begun = Begun([], [], [], [])
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
            paths = _settle_places(session, [row for row in starting if row.source_file_id is None])
            self._start(session, starting, paths, now)
            known = known_names(
                session, [Content(row.id, row.workspace_id, row.file_name, row.file_size) for row in starting]
            )
        for row in starting:
            workspace = workspaces[row.workspace_id]
            place = Place(workspace.name, workspace.json_config)
            if row.source_file_id is not None:
                begun.removals.append(Removal(row.id, row.ingest_path, row.file_path, place))
            else:
                begun.orders.append(_order(row, paths[row.id], place, row.id in known))
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
        now = self._context.now()
        with self._context.database.write() as session:
            rows = [row for row in _rows(session, list(by_id)).values() if row.status == IngestStatus.INGESTING]
            workspaces = _workspaces(session, {row.workspace_id for row in rows if row.workspace_id})
            new, same = _without_known(session, rows, by_id)
            file_ids = self._add_sources(session, new, by_id, workspaces, now)
            self._complete(session, new, file_ids, by_id, now)
            self._tell(session, new, file_ids, by_id, workspaces, now)
            ids = {row.id: file_id for row, file_id in zip(new, file_ids, strict=True)}
            mark(session, [(row.id, found or ids[first], by_id[row.id].path) for row, found, first in same])
        return [
            Removal(
                row.id,
                row.ingest_path,
                by_id[row.id].path,
                Place(workspaces[row.workspace_id].name, workspaces[row.workspace_id].json_config),
            )
            for row, _found, _first in same
        ]

    def fail(self, failures: Sequence[Refused]) -> None:
        """Record why files could not be ingested."""
        reasons = {one.ingest_id: one.reason for one in failures}
        now = self._context.now()
        with self._context.database.write() as session:
            failed = []
            for row in _rows(session, list(reasons)).values():
                status = IngestStatus(row.status)
                if status in FINISHED or status == IngestStatus.DEFERRED:
                    continue
                if status != IngestStatus.ERRORED:
                    status = next_status(INGEST, status, IngestEvent.FAIL, history=_history(row))
                failed.append({"id": row.id, "status": status, "reason": reasons[row.id]})
            # The source file that a duplicate was found to be: a retry has to find it again.
            update_by_id(session, Ingest, failed, source_file_id=None, ingest_ended=now, last_modified=now)

    def _add_sources(
        self,
        session: WriteSession,
        rows: Sequence[IngestRow],
        stored: Mapping[int, StoredSource],
        workspaces: Mapping[int, Workspace],
        now: datetime,
    ) -> list[int]:
        sources = [
            {
                "workspace_id": row.workspace_id,
                "file_name": row.file_name,
                "file_path": one.path,
                "media_type": one.media_type,
                "file_size": one.size,
                "checksum": one.checksum,
                "data_type": row.data_type,
                "uuid": source_uuid(workspaces[row.workspace_id].name, one.path),
            }
            for row in rows
            for one in (stored[row.id],)
        ]
        return insert_rows(
            session,
            ScaleFile,
            sources,
            file_type=SOURCE,
            meta_data={},
            countries=[],
            created=now,
            last_modified=now,
        )

    def _complete(
        self,
        session: WriteSession,
        rows: Sequence[IngestRow],
        file_ids: Sequence[int],
        stored: Mapping[int, StoredSource],
        now: datetime,
    ) -> None:
        completed = [
            {
                "id": row.id,
                "status": next_status(INGEST, IngestStatus(row.status), IngestEvent.COMPLETE, history=_history(row)),
                "source_file_id": file_id,
                "file_path": stored[row.id].path,
                "media_type": stored[row.id].media_type,
                "file_size": stored[row.id].size,
            }
            for row, file_id in zip(rows, file_ids, strict=True)
        ]
        update_by_id(session, Ingest, completed, ingest_ended=now, last_modified=now)

    def _tell(
        self,
        session: WriteSession,
        rows: Sequence[IngestRow],
        file_ids: Sequence[int],
        stored: Mapping[int, StoredSource],
        workspaces: Mapping[int, Workspace],
        now: datetime,
    ) -> None:
        facts = {
            row.id: FileFacts(file_id, row.file_name, stored[row.id].media_type, frozenset(row.data_type))
            for row, file_id in zip(rows, file_ids, strict=True)
        }
        fire_many(
            session,
            self._context,
            [
                (
                    TriggerEvent(INGEST_EVENT, now, file),
                    {"version": "1.0", "file_id": file.id, "file_name": file.file_name, "ingest_id": ingest_id},
                )
                for ingest_id, file in facts.items()
            ],
        )
        notices.files_ingested(
            session,
            self._context,
            (
                FileIngested(
                    facts[row.id].id,
                    row.file_name,
                    workspaces[row.workspace_id].name,
                    stored[row.id].path,
                    stored[row.id].media_type,
                    facts[row.id].data_types,
                )
                for row in rows
            ),
        )


def source_uuid(workspace_name: str, path: str) -> str:
    """The uuid of the source file at ``path``: 32 hexadecimal digits, the same whenever it is asked for."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"scale:source:{workspace_name}:{path}").hex


def _refusal(session: Session, row: IngestRow | None, workspaces: Mapping[int, Workspace]) -> str | None:
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


def _has_successor(session: Session, row: IngestRow) -> bool:
    """Whether the file at the ingest's path is a later one of the same name."""
    later = select(Ingest.id).where(
        OPEN_INGEST,
        Ingest.file_name == row.file_name,
        Ingest.id != row.id,
        Ingest.ingest_path == row.ingest_path,
        Ingest.status.in_((IngestStatus.TRANSFERRED, IngestStatus.INGESTING)),
    )
    return session.scalar(later.limit(1)) is not None


def _without_known(
    session: Session, rows: Sequence[IngestRow], stored: Mapping[int, StoredSource]
) -> tuple[list[IngestRow], list[tuple[IngestRow, int | None, int]]]:
    """Ingests of new content; and the others, with the source file that has it, or the ingest that makes that."""
    contents = [
        Content(row.id, row.workspace_id, row.file_name, stored[row.id].size, stored[row.id].checksum)
        for row in rows
        if not stored[row.id].is_needed
    ]
    known = known_contents(session, contents)
    first: dict[tuple[int, str, str], int] = {}
    new, same = [], []
    for row in rows:
        maker = first.setdefault((row.workspace_id, row.file_name, stored[row.id].checksum), row.id)
        if row.id in known:
            same.append((row, known[row.id].file_id, row.id))
        elif maker != row.id and not stored[row.id].is_needed:
            same.append((row, None, maker))
        else:
            new.append(row)
    return new, same


def _settle_places(session: Session, rows: Sequence[IngestRow]) -> dict[int, str]:
    """Paths in the workspaces by ingest id; one whose place is taken gets one of its own."""
    taken = _taken(session, rows)
    paths = {}
    for row in rows:
        place = (row.workspace_id, row.file_path)
        free = taken.setdefault(place, row.id) == row.id
        paths[row.id] = row.file_path if free else own_path(row.file_path, row.id)
    return paths


def _taken(session: Session, rows: Sequence[IngestRow]) -> dict[tuple[int | None, str | None], int]:
    """Places that are taken, with the id of the ingest that is on its way there; 0 for a file that is there."""
    if not rows:
        return {}
    coming = session.execute(
        select(Ingest.workspace_id, Ingest.file_path, Ingest.id).where(
            OPEN_INGEST,
            Ingest.file_name.in_({row.file_name for row in rows}),
            Ingest.status == IngestStatus.INGESTING,
        )
    )
    taken: dict[tuple[int | None, str | None], int] = {(row.workspace_id, row.file_path): row.id for row in coming}
    there = session.execute(
        select(ScaleFile.workspace_id, ScaleFile.file_path).where(
            ScaleFile.workspace_id.in_({row.workspace_id for row in rows}),
            ScaleFile.file_path.in_({row.file_path for row in rows}),
        )
    )
    return taken | {(row.workspace_id, row.file_path): 0 for row in there}


def own_path(path: str, ingest_id: int) -> str:
    """The place of an ingest's own, beside ``path``."""
    whole = PurePosixPath(path)
    folder = f"ingest-{ingest_id}"
    return path if whole.parent.name == folder else str(whole.parent / folder / whole.name)


def _order(row: IngestRow, path: str, place: Place, may_be_known: bool) -> IngestOrder:
    return IngestOrder(
        ingest_id=row.id,
        file_name=row.file_name,
        source=row.ingest_path,
        path=path,
        own_path=own_path(path, row.id),
        size=row.file_size or 0,
        workspace=place,
        may_be_known=may_be_known,
    )


def _history(row: IngestRow) -> str:
    return f"ingest {row.id} of {row.file_name!r}"


def _rows(session: Session, ids: Sequence[int]) -> dict[int, IngestRow]:
    ids_in = table_of(Ingest).c.id.in_(ids)
    rows = session.execute(select(*_COLUMNS).where(ids_in).order_by(table_of(Ingest).c.id).with_for_update())
    return {row.id: row for row in rows}


def _workspaces(session: Session, ids: set[int]) -> dict[int, Workspace]:
    if not ids:
        return {}
    return {one.id: one for one in session.scalars(select(Workspace).where(Workspace.id.in_(ids)))}
