"""From stored files to source files, and what their ingest triggers."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scale_core.db.bulk import insert_rows, update_by_id
from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest, ScaleFile
from scale_core.domain.states import INGEST, IngestEvent, next_status
from scale_core.interfaces.notice import FileIngested
from scale_core.interfaces.trigger import FileFacts, TriggerEvent
from scale_core.services import notices
from scale_core.services.context import Context
from scale_core.services.duplicates import SOURCE, Content, known_contents, mark
from scale_core.services.ingest_orders import IngestRow, StoredSource, history_of
from scale_core.services.triggering import Fired, fire_many
from scale_generated.enums import IngestStatus

INGEST_EVENT = "INGEST"


@dataclass(frozen=True, slots=True)
class Source:
    """An ingest that is INGESTING, its stored file, and the name of the workspace that has it."""

    row: IngestRow
    stored: StoredSource
    workspace_name: str


@dataclass(frozen=True, slots=True)
class MadeSources:
    """What became of a group.

    :param ids: ids of the source files by ingest id.
    :param same: those that have the content of another source file, which they are recorded to be duplicates of.
    :param fired: the trigger rules that matched, and what was made.
    """

    ids: dict[int, int]
    same: list[Source]
    fired: list[Fired]


def make_source_files(session: WriteSession, context: Context, sources: Sequence[Source]) -> MadeSources:
    """Record files as source files, with their events and what these trigger."""
    now = context.now()
    new, same = _without_known(session, sources)
    file_ids = insert_rows(
        session,
        ScaleFile,
        [_source_file(one) for one in new],
        file_type=SOURCE,
        meta_data={},
        countries=[],
        created=now,
        last_modified=now,
    )
    _complete(session, new, file_ids, now)
    fired = _tell(session, context, new, file_ids, now)
    ids = {one.row.id: file_id for one, file_id in zip(new, file_ids, strict=True)}
    mark(session, [(one.row.id, found or ids[first], one.stored.path) for one, found, first in same])
    return MadeSources(ids, [one for one, _found, _first in same], fired)


def source_uuid(workspace_name: str, path: str) -> str:
    """The uuid of the source file at ``path``: 32 hexadecimal digits, the same whenever it is asked for."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"scale:source:{workspace_name}:{path}").hex


def _without_known(
    session: WriteSession, sources: Sequence[Source]
) -> tuple[list[Source], list[tuple[Source, int | None, int]]]:
    """Those of new content; and the others, with the source file that has it, or the ingest that makes that."""
    contents = [
        Content(one.row.id, one.row.workspace_id, one.row.file_name, one.stored.size, one.stored.checksum)
        for one in sources
        if not one.stored.is_needed
    ]
    known = known_contents(session, contents)
    first: dict[tuple[int, str, str], int] = {}
    new: list[Source] = []
    same: list[tuple[Source, int | None, int]] = []
    for one in sources:
        maker = first.setdefault((one.row.workspace_id, one.row.file_name, one.stored.checksum), one.row.id)
        if one.row.id in known:
            same.append((one, known[one.row.id].file_id, maker))
        elif maker != one.row.id and not one.stored.is_needed:
            same.append((one, None, maker))
        else:
            new.append(one)
    return new, same


def _source_file(source: Source) -> dict[str, object]:
    return {
        "workspace_id": source.row.workspace_id,
        "file_name": source.row.file_name,
        "file_path": source.stored.path,
        "media_type": source.stored.media_type,
        "file_size": source.stored.size,
        "checksum": source.stored.checksum,
        "data_type": source.row.data_type,
        "uuid": source_uuid(source.workspace_name, source.stored.path),
    }


def _complete(session: WriteSession, sources: Sequence[Source], file_ids: Sequence[int], now: datetime) -> None:
    completed = [
        {
            "id": one.row.id,
            "status": next_status(
                INGEST, IngestStatus(one.row.status), IngestEvent.COMPLETE, history=history_of(one.row)
            ),
            "source_file_id": file_id,
            "file_path": one.stored.path,
            "media_type": one.stored.media_type,
            "file_size": one.stored.size,
        }
        for one, file_id in zip(sources, file_ids, strict=True)
    ]
    update_by_id(session, Ingest, completed, ingest_ended=now, last_modified=now)


def _tell(
    session: WriteSession, context: Context, sources: Sequence[Source], file_ids: Sequence[int], now: datetime
) -> list[Fired]:
    """Fire the events, and tell plugins; the rules that matched."""
    facts = [
        FileFacts(file_id, one.row.file_name, one.stored.media_type, frozenset(one.row.data_type))
        for one, file_id in zip(sources, file_ids, strict=True)
    ]
    events = [
        (
            TriggerEvent(INGEST_EVENT, now, file),
            {"version": "1.0", "file_id": file.id, "file_name": file.file_name, "ingest_id": one.row.id},
        )
        for one, file in zip(sources, facts, strict=True)
    ]
    fired = fire_many(session, context, events)
    ingested = (
        FileIngested(file.id, file.file_name, one.workspace_name, one.stored.path, file.media_type, file.data_types)
        for one, file in zip(sources, facts, strict=True)
    )
    notices.files_ingested(session, context, ingested)
    return fired
