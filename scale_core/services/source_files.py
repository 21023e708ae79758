"""From stored files to source files, and what their ingest triggers."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from scale_core.db.bulk import insert_columns
from scale_core.db.database import WriteSession
from scale_core.db.models import ScaleFile
from scale_core.intake.orders import StoredSource
from scale_core.interfaces.notice import FileIngested
from scale_core.interfaces.trigger import FileFacts
from scale_core.services import notices
from scale_core.services.context import Context
from scale_core.services.duplicates import SOURCE, Content, known_contents
from scale_core.services.ingest_jobs import Seer
from scale_core.services.triggering import Fired, fire_many

INGEST_EVENT = "INGEST"

VARIANT = "89ab"
"""The digits by which a uuid says that it is laid out as RFC 9562 has it."""


class Source(NamedTuple):
    """A file that is in its workspace, and the ingest that brought it there."""

    ingest_id: int
    seer: Seer
    file_name: str
    workspace_id: int
    workspace_name: str
    data_types: Sequence[str]
    stored: StoredSource


@dataclass(frozen=True, slots=True)
class Sorted:
    """Stored files that become source files, and those that do not, for another source file has their content: that
    one's id, or None and the ingest that makes it."""

    new: list[Source]
    same: list[tuple[Source, int | None, int]]


@dataclass(frozen=True, slots=True)
class MadeSources:
    """Ids of source files by ingest id, and the trigger rules that matched, with what was made."""

    ids: dict[int, int]
    fired: list[Fired]


def make_source_files(session: WriteSession, context: Context, sources: Sequence[Source]) -> MadeSources:
    """Record files as source files, with their events and what these trigger."""
    now = context.now()
    file_ids = insert_columns(
        session,
        ScaleFile,
        _columns(sources),
        file_type=SOURCE,
        meta_data={},
        countries=[],
        created=now,
        last_modified=now,
    )
    fired = _tell(session, context, sources, file_ids, now)
    return MadeSources({one.ingest_id: file_id for one, file_id in zip(sources, file_ids, strict=True)}, fired)


def source_uuid(workspace_name: str, path: str) -> str:
    """The uuid (version 5, of the namespace for URLs) of the source file at ``path``: 32 hexadecimal digits, the same
    whenever it is asked for."""
    # Not with `uuid.uuid5`, which takes five times as long, for each of many files.
    name = f"scale:source:{workspace_name}:{path}".encode()
    digits = hashlib.sha1(uuid.NAMESPACE_URL.bytes + name, usedforsecurity=False).hexdigest()
    return f"{digits[:12]}5{digits[13:16]}{VARIANT[int(digits[16], 16) % 4]}{digits[17:32]}"


def sort_out(session: WriteSession, sources: Sequence[Source]) -> Sorted:
    """Find those whose content is new."""
    contents = [
        Content(one.ingest_id, one.workspace_id, one.file_name, one.stored.size, one.stored.checksum)
        for one in sources
        if not one.stored.is_needed
    ]
    known = known_contents(session, contents)
    first: dict[tuple[int, str, str], int] = {}
    found = Sorted([], [])
    for one in sources:
        maker = first.setdefault((one.workspace_id, one.file_name, one.stored.checksum), one.ingest_id)
        if one.ingest_id in known:
            found.same.append((one, known[one.ingest_id].file_id, maker))
        elif maker != one.ingest_id and not one.stored.is_needed:
            found.same.append((one, None, maker))
        else:
            found.new.append(one)
    return found


def _columns(sources: Sequence[Source]) -> dict[str, list[Any]]:
    """Columns of source files in which they differ."""
    return {
        "strike_id": [one.seer.strike_id for one in sources],
        "scan_id": [one.seer.scan_id for one in sources],
        "workspace_id": [one.workspace_id for one in sources],
        "file_name": [one.file_name for one in sources],
        "file_path": [one.stored.path for one in sources],
        "media_type": [one.stored.media_type for one in sources],
        "file_size": [one.stored.size for one in sources],
        "checksum": [one.stored.checksum for one in sources],
        "data_type": [one.data_types for one in sources],
        "uuid": [source_uuid(one.workspace_name, one.stored.path) for one in sources],
    }


def _tell(
    session: WriteSession, context: Context, sources: Sequence[Source], file_ids: Sequence[int], now: datetime
) -> list[Fired]:
    """Fire the events, and tell plugins; the rules that matched."""
    found = list(zip(file_ids, sources, strict=True))
    descriptions = [
        {"version": "1.0", "file_id": file_id, "file_name": one.file_name, "ingest_id": one.ingest_id}
        for file_id, one in found
    ]
    files = (
        FileFacts(file_id, one.file_name, one.stored.media_type, frozenset(one.data_types)) for file_id, one in found
    )
    fired = fire_many(session, context, INGEST_EVENT, now, descriptions, files)
    ingested = (
        FileIngested(
            file_id,
            one.file_name,
            one.workspace_name,
            one.stored.path,
            one.stored.media_type,
            frozenset(one.data_types),
        )
        for file_id, one in found
    )
    notices.files_ingested(session, context, ingested)
    return fired
