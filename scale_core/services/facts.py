"""What the domain's checks, and new jobs, need to know of files, workspaces and job types, one query each."""

from collections.abc import Collection
from typing import NamedTuple, Self

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from scale_core.db.base import Document
from scale_core.db.bulk import table_of
from scale_core.db.models import JobType, ScaleFile, Workspace
from scale_core.db.prepared import Kept
from scale_core.domain.facts import WorkspaceFacts
from scale_core.interfaces.trigger import FileFacts


class JobTypeFacts(NamedTuple):
    """What a new job is made by; columns of its type, by their names."""

    id: int
    name: str
    version: str
    is_system: bool
    is_active: bool
    interface: Document
    revision_num: int
    priority: int
    timeout: int
    max_tries: int
    cpus_required: float
    mem_required: float
    custom_resources: Document | None
    disk_out_const_required: float
    disk_out_mult_required: float

    @classmethod
    def of(cls, job_type: JobType) -> Self:
        """Of a job type that has been read."""
        return cls(*(getattr(job_type, name) for name in cls._fields))


_job_type = table_of(JobType).c
_FACTS = select(*(_job_type[name] for name in JobTypeFacts._fields))
_OF_ID = Kept(lambda _dialect: _FACTS.where(_job_type.id == bindparam("job_type_id", required=False)))
_OF_SYSTEM = Kept(
    lambda _dialect: _FACTS.where(_job_type.is_system, _job_type.name == bindparam("job_type_name", required=False))
)

_workspace = table_of(Workspace).c
_OF_NAME = Kept(
    lambda _dialect: select(_workspace.id, _workspace.name, _workspace.is_active).where(
        _workspace.name == bindparam("workspace_name", required=False)
    )
)


def job_type_facts(session: Session, job_type_id: int) -> JobTypeFacts | None:
    """The job type; None: there is none with this id."""
    found = [JobTypeFacts(*row) for row in _OF_ID.rows(session, job_type_id=job_type_id)]
    return found[0] if found else None


def system_type_facts(session: Session, name: str) -> JobTypeFacts:
    """One of Scale's own job types."""
    (found,) = [JobTypeFacts(*row) for row in _OF_SYSTEM.rows(session, job_type_name=name)]
    return found


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
    found = [WorkspaceFacts(*row) for row in _OF_NAME.rows(session, workspace_name=name)]
    return found[0] if found else None


def workspaces_by_name(session: Session) -> dict[str, WorkspaceFacts]:
    """The workspaces that there are: messages name them. Few, and one query."""
    rows = session.execute(select(Workspace.id, Workspace.name, Workspace.is_active))
    return {row.name: WorkspaceFacts(row.id, row.name, row.is_active) for row in rows}
