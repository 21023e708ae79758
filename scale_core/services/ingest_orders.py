"""What is to be done with a file that is ingested: whether it may begin, and where it goes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import table_of
from scale_core.db.models import Ingest, ScaleFile, Workspace
from scale_core.db.models.ingests import OPEN_INGEST
from scale_generated.enums import IngestStatus

_COLUMNS = [
    table_of(Ingest).c[name]
    for name in (
        "id",
        "strike_id",
        "job_id",
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
    :param size: bytes it had when it arrived.
    :param may_be_known: the workspace has a source file of that name and size; see whether the content is the same.
    """

    ingest_id: int
    file_name: str
    source: str
    path: str
    size: int
    workspace: Place
    may_be_known: bool = False

    @property
    def own_path(self) -> str:
        """A place that no other ingest can have, for when something that Scale does not know is at ``path``."""
        return own_path(self.path, self.ingest_id)


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


class StoredSource(NamedTuple):
    """A file that is in its workspace now: ``path`` there, bytes, ``sha256:<hex>``, media type.

    :param is_needed: it becomes a source file though there is one with its content: that one's file is lost.
    """

    ingest_id: int
    path: str
    size: int
    checksum: str
    media_type: str
    is_needed: bool = False


def place_of(workspace: Workspace) -> Place:
    """Where files are moved to."""
    return Place(workspace.name, workspace.json_config)


def refusal(session: Session, row: IngestRow | None, workspaces: Mapping[int, Workspace]) -> str | None:
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


def settle_places(session: Session, rows: Sequence[IngestRow]) -> dict[int, str]:
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


def order_for(row: IngestRow, path: str, place: Place, may_be_known: bool) -> IngestOrder:
    return IngestOrder(
        ingest_id=row.id,
        file_name=row.file_name,
        source=row.ingest_path,
        path=path,
        size=row.file_size or 0,
        workspace=place,
        may_be_known=may_be_known,
    )


def about_ingest(row: IngestRow) -> dict[str, object]:
    """What logs say an event is about."""
    return {"ingest_id": row.id, "job_id": row.job_id, "strike_id": row.strike_id, "file_name": row.file_name}


def history_of(row: IngestRow) -> str:
    return f"ingest {row.id} of {row.file_name!r}"


def ingest_rows(session: Session, ids: Sequence[int]) -> dict[int, IngestRow]:
    ids_in = table_of(Ingest).c.id.in_(ids)
    rows = session.execute(select(*_COLUMNS).where(ids_in).order_by(table_of(Ingest).c.id).with_for_update())
    return {row.id: row for row in rows}


def workspaces_of(session: Session, ids: Collection[int | None]) -> dict[int, Workspace]:
    """Workspaces by id; None is the one of an ingest that has none."""
    known = [one for one in ids if one is not None]
    return {one.id: one for one in session.scalars(select(Workspace).where(Workspace.id.in_(known)))}
