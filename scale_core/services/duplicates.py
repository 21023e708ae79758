"""Files that are source files already: same name, same content, same workspace (decision 0012).

A duplicate is recorded in two steps, so that a crash between them costs neither a file nor an ingest: that it is one
(``source_file`` is set while it is INGESTING); then, when what is left of it is removed, that it is a DUPLICATE.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import parameters, rows_of, table_of, update_by_id
from scale_core.db.models import Ingest, ScaleFile
from scale_core.domain.states import INGEST, IngestEvent, next_status
from scale_core.intake.orders import KnownFile
from scale_core.services.context import Context
from scale_generated.enums import IngestStatus

log = logging.getLogger(__name__)

SOURCE = "SOURCE"

SAME_NAME = ("workspace_id", "file_name", "file_size")
SAME_CONTENT = (*SAME_NAME, "checksum")


@dataclass(frozen=True, slots=True)
class Content:
    """What makes the file of an ingest the same as another one. Size in bytes; checksum ``sha256:<hex>``."""

    ingest_id: int
    workspace_id: int
    file_name: str
    file_size: int
    checksum: str = ""


class DuplicateService:
    """The ingest task's door to the database for duplicates."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def known(self, contents: Sequence[tuple[int, int, str]]) -> dict[int, KnownFile]:
        """The source files, by ingest id, that have the name and content of ingests: (ingest id, bytes, checksum)."""
        found = {ingest_id: (size, checksum) for ingest_id, size, checksum in contents}
        with self._context.database.read() as session:
            rows = session.execute(select(Ingest.id, Ingest.workspace_id, Ingest.file_name).where(Ingest.id.in_(found)))
            return known_contents(
                session, [Content(row.id, row.workspace_id, row.file_name, *found[row.id]) for row in rows]
            )

    def mark(self, duplicates: Sequence[tuple[int, int, str]]) -> None:
        """Record what ingests are duplicates of: (ingest id, id of the source file, path of the copy)."""
        with self._context.database.write() as session:
            mark(session, duplicates)

    def finish(self, ingest_ids: Collection[int]) -> None:
        """Record as DUPLICATE those of the ingests that were marked; nothing is left of them but the record."""
        with self._context.database.write() as session:
            finished = finish_duplicates(session, self._context.now(), ingest_ids)
        tell_duplicates(self._context, finished)


def finish_duplicates(session: Session, now: datetime, ingest_ids: Collection[int]) -> list[Mapping[str, Any]]:
    """See :meth:`DuplicateService.finish`; in the caller's transaction; :func:`tell_duplicates` follows."""
    rows = session.execute(
        select(Ingest.id, Ingest.status, Ingest.file_name, ScaleFile.id.label("file_id"), ScaleFile.file_path)
        .join(ScaleFile, Ingest.source_file_id == ScaleFile.id)
        .where(Ingest.id.in_(ingest_ids), Ingest.status == IngestStatus.INGESTING)
    )
    finished: list[Mapping[str, Any]] = [
        {
            "id": row.id,
            "status": next_status(INGEST, IngestStatus(row.status), IngestEvent.DUPLICATE),
            "file_path": row.file_path,
            "reason": f"The workspace has a file of this name with the same content at {row.file_path!r}: "
            f"source file {row.file_id}.",
        }
        for row in rows
    ]
    update_by_id(session, Ingest, finished, ingest_ended=now, last_modified=now)
    return finished


def tell_duplicates(context: Context, finished: Sequence[Mapping[str, Any]]) -> None:
    """Count and log duplicates, once they are committed."""
    context.telemetry.ingests_changed({IngestStatus.DUPLICATE: len(finished)})
    for row in finished:
        log.debug("Duplicate: %s", row["reason"], extra={"ingest_id": row["id"]})


def known_names(session: Session, contents: Sequence[Content]) -> set[int]:
    """Those ingests for which their workspace has a source file of the same name and size."""
    if not contents:
        return set()
    file = table_of(ScaleFile)
    given = rows_of(session.get_bind().dialect, ScaleFile, ("id", *SAME_NAME))
    same = select(file.c.id).where(*_same(given.columns, SAME_NAME)).correlate(given.source)
    found = select(given.columns["id"]).select_from(given.source).where(same.exists())
    return set(session.scalars(found, parameters(session, [_row(one, SAME_NAME) for one in contents])))


def files_at(session: Session, places: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """The files, by id, that are recorded at places: workspaces and paths in them."""
    if not places:
        return {}
    file = table_of(ScaleFile).c
    rows = session.execute(
        select(file.workspace_id, file.file_path, file.id).where(
            file.workspace_id.in_({workspace for workspace, _path in places}),
            file.file_path.in_({path for _workspace, path in places}),
        )
    )
    found = {(row.workspace_id, row.file_path): row.id for row in rows}
    return {place: found[place] for place in places if place in found}


def known_contents(session: Session, contents: Sequence[Content]) -> dict[int, KnownFile]:
    """The source files, by ingest id, that have the workspace, name and content of ingests."""
    if not contents:
        return {}
    file = table_of(ScaleFile)
    given = rows_of(session.get_bind().dialect, ScaleFile, ("id", *SAME_CONTENT))
    found = (
        select(given.columns["id"].label("ingest_id"), file.c.id, file.c.file_path)
        .select_from(given.source)
        .join(file, and_(*same_content(given.columns)))
        .order_by(file.c.id.desc())
    )
    rows = session.execute(found, parameters(session, [_row(one, SAME_CONTENT) for one in contents]))
    return {row.ingest_id: KnownFile(row.id, row.file_path) for row in rows}


def mark(session: Session, duplicates: Sequence[tuple[int, int, str]]) -> None:
    """See :meth:`DuplicateService.mark`; in the caller's transaction."""
    update_by_id(
        session,
        Ingest,
        [{"id": ingest_id, "source_file_id": file_id, "file_path": path} for ingest_id, file_id, path in duplicates],
    )


def _row(content: Content, names: Sequence[str]) -> dict[str, int | str]:
    return {"id": content.ingest_id, **{name: getattr(content, name) for name in names}}


def same_content(given: Mapping[str, ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    """What holds for a source file that has the workspace, name, size and checksum in the columns ``given``."""
    return _same(given, SAME_CONTENT)


def _same(given: Mapping[str, ColumnElement[Any]], names: Sequence[str]) -> list[ColumnElement[bool]]:
    file = table_of(ScaleFile)
    equal: list[ColumnElement[bool]] = [file.c[name] == given[name] for name in names]
    return [*equal, file.c.file_type == SOURCE, ~file.c.is_deleted]
