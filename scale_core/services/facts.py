"""What the domain's checks need to know of files and workspaces, one query each."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.models import ScaleFile, Workspace
from scale_core.domain.facts import WorkspaceFacts
from scale_core.interfaces.trigger import FileFacts


def file_facts(session: Session, file_ids: Collection[int]) -> dict[int, FileFacts]:
    """Those of ``file_ids`` that exist and are not deleted."""
    if not file_ids:
        return {}
    rows = session.execute(
        select(ScaleFile.id, ScaleFile.file_name, ScaleFile.media_type, ScaleFile.data_type).where(
            ScaleFile.id.in_(file_ids), ~ScaleFile.is_deleted
        )
    )
    return {row.id: FileFacts(row.id, row.file_name, row.media_type, frozenset(row.data_type)) for row in rows}


def file_sizes(session: Session, file_ids: Collection[int]) -> list[int]:
    """Sizes of the files in bytes."""
    if not file_ids:
        return []
    return list(session.scalars(select(ScaleFile.file_size).where(ScaleFile.id.in_(file_ids))))


def workspace_facts(session: Session, workspace_ids: Collection[int]) -> dict[int, WorkspaceFacts]:
    """Those of ``workspace_ids`` that exist."""
    if not workspace_ids:
        return {}
    rows = session.execute(
        select(Workspace.id, Workspace.name, Workspace.is_active).where(Workspace.id.in_(workspace_ids))
    )
    return {row.id: WorkspaceFacts(row.id, row.name, row.is_active) for row in rows}


def workspace_by_name(session: Session, name: str) -> WorkspaceFacts | None:
    """The workspace of that name."""
    row = session.execute(
        select(Workspace.id, Workspace.name, Workspace.is_active).where(Workspace.name == name)
    ).one_or_none()
    return None if row is None else WorkspaceFacts(row.id, row.name, row.is_active)
