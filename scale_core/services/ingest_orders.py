"""What is to be done with a file that is ingested: whether it may begin, and where it goes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Result, Row, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import table_of
from scale_core.db.models import Ingest, Job, ScaleFile, Workspace
from scale_core.db.models.ingests import OPEN_INGEST
from scale_core.intake.orders import IngestOrder, Place, Removal, own_path
from scale_core.services.ingest_jobs import Seer
from scale_generated.enums import IngestStatus, JobStatus

_COLUMNS = [
    table_of(Ingest).c[name]
    for name in (
        "id",
        "strike_id",
        "scan_id",
        "job_id",
        "status",
        "file_name",
        "workspace_id",
        "origin_id",
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
class Refused:
    """An ingest that cannot begin, and why."""

    ingest_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of a group: files to move, duplicates to remove, ingests with nothing left to do, and those that
    cannot begin; those whose jobs are canceled, and those of large files, have not begun."""

    orders: list[IngestOrder]
    removals: list[Removal]
    finished: list[int]
    refused: list[Refused]
    canceled: list[int]
    large: list[int]


def place_of(workspace: Workspace) -> Place:
    """Where files are moved to."""
    return Place(workspace.name, workspace.json_config)


def removal_of(row: IngestRow, path: str, place: Place) -> Removal:
    """What is to be removed of a DUPLICATE that may have a copy at ``path``; what a Scan found, or another
    workspace has, stays."""
    stays = row.scan_id is not None or row.origin_id is not None
    return Removal(row.id, None if stays else row.ingest_path, path, place)


def is_in_place(row: IngestRow) -> bool:
    """Whether the file of an ingest lies where it is to be."""
    return row.origin_id is not None and (row.origin_id, row.ingest_path) == (row.workspace_id, row.file_path)


def refusal(session: Session, row: IngestRow | None, workspaces: Mapping[int, Workspace]) -> str | None:
    """Why an ingest cannot begin, or None if it can."""
    if row is None:
        return "There is no such ingest."
    if row.workspace_id is None or row.file_path is None or row.ingest_path is None:
        return f"The ingest is {row.status} and has no place in a workspace: no rule matched the file."
    if not workspaces[row.workspace_id].is_active:
        return f"The workspace {workspaces[row.workspace_id].name!r} is not active. Activate it and requeue the job."
    if row.status == IngestStatus.ERRORED and row.scan_id is None and _has_successor(session, row):
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
    """Paths in the workspaces by ingest id; one whose place is taken gets one of its own. A file that lies there
    shares it with others that find it there, of which the first to end registers it; otherwise it has none."""
    taken = _taken(session, rows)
    paths = {}
    for row in rows:
        place = (row.workspace_id, row.file_path)
        holder = taken.setdefault(place, _Holder(row.id, is_in_place(row)))
        if holder.ingest_id == row.id or (holder.is_in_place and is_in_place(row)):
            paths[row.id] = row.file_path
        elif not is_in_place(row):
            paths[row.id] = own_path(row.file_path, row.id)
    return paths


class _Holder(NamedTuple):
    """Who has a place: the ingest that is on its way there, 0 for a file that is recorded there; and whether it finds
    its file there."""

    ingest_id: int
    is_in_place: bool


def _taken(session: Session, rows: Sequence[IngestRow]) -> dict[tuple[int | None, str | None], _Holder]:
    """Places that are taken, and by whom."""
    if not rows:
        return {}
    coming: Result[Any] = session.execute(
        select(Ingest.workspace_id, Ingest.file_path, Ingest.id, Ingest.origin_id, Ingest.ingest_path).where(
            OPEN_INGEST,
            Ingest.file_name.in_({row.file_name for row in rows}),
            Ingest.status == IngestStatus.INGESTING,
        )
    )
    taken: dict[tuple[int | None, str | None], _Holder] = {
        (row.workspace_id, row.file_path): _Holder(row.id, is_in_place(row)) for row in coming
    }
    there = session.execute(
        select(ScaleFile.workspace_id, ScaleFile.file_path).where(
            ScaleFile.workspace_id.in_({row.workspace_id for row in rows}),
            ScaleFile.file_path.in_({row.file_path for row in rows}),
        )
    )
    return taken | {(row.workspace_id, row.file_path): _Holder(0, is_in_place=False) for row in there}


def order_for(row: IngestRow, path: str, workspaces: Mapping[int, Workspace], may_be_known: bool) -> IngestOrder:
    """What is to be done with the file of an ingest.

    :param path: its place in its workspace.
    :param workspaces: by id.
    """
    return IngestOrder(
        ingest_id=row.id,
        file_name=row.file_name,
        source=row.ingest_path,
        path=path,
        size=row.file_size or 0,
        workspace=place_of(workspaces[row.workspace_id]),
        may_be_known=may_be_known and not is_in_place(row),
        keeps_source=row.scan_id is not None,
        origin=None if row.origin_id is None else place_of(workspaces[row.origin_id]),
    )


def about_ingest(row: IngestRow) -> dict[str, object]:
    """What logs say an event is about."""
    facts = Seer(row.strike_id, row.scan_id).facts()
    return {"ingest_id": row.id, "job_id": row.job_id, **facts, "file_name": row.file_name}


def canceled_jobs(session: Session, rows: Iterable[IngestRow]) -> set[int]:
    """The jobs of ingests that somebody canceled."""
    job = table_of(Job).c
    ids = [row.job_id for row in rows if row.job_id is not None]
    return set(session.scalars(select(job.id).where(job.id.in_(ids), job.status == JobStatus.CANCELED)))


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
