"""Strike processes and the files they saw."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scale_core.db.base import Document, Record, is_any, partial_index
from scale_core.db.models.files import ScaleFile
from scale_core.db.models.jobs import Job
from scale_core.db.models.workspaces import Workspace
from scale_core.db.types import Keyword

OPEN_INGEST = text("status IN ('TRANSFERRING', 'TRANSFERRED', 'INGESTING')")
INGESTED = is_any("status", "INGESTED")
SET_ASIDE = is_any("status", "ERRORED", "DUPLICATE", "DEFERRED")
NOT_INGESTED = is_any("status", "TRANSFERRING", "TRANSFERRED", "INGESTING", "ERRORED", "DUPLICATE", "DEFERRED")


class Strike(Record):
    """A watched directory, and the job that watches it."""

    __tablename__ = "strike"

    name: Mapped[str] = mapped_column(String(50), unique=True)
    title: Mapped[str | None]
    description: Mapped[str | None]
    configuration: Mapped[Document]
    # The job names the Strike in its data, so the Strike is first, for a moment without a job.
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))

    job: Mapped[Job | None] = relationship()


class Ingest(Record):
    """A file on its way from a watched directory into a workspace. Paths starting with ``/`` are on the machine that
    watches; ``file_path`` is relative to the workspace."""

    __tablename__ = "ingest"
    __table_args__ = (
        Index("ix_ingest_open", "file_name", "strike_id", sqlite_where=OPEN_INGEST, postgresql_where=OPEN_INGEST),
        partial_index("ix_ingest_status", "status", "id", where=NOT_INGESTED),
        partial_index("ix_ingest_status_last_modified", "status", "last_modified", "id", where=SET_ASIDE),
        partial_index("ix_ingest_strike_id_ingest_ended", "strike_id", "ingest_ended", where=INGESTED),
        partial_index("ix_ingest_strike_id_created", "strike_id", "created", where=INGESTED),
        partial_index("ix_ingest_ended", "ingest_ended", where="ingest_ended IS NOT NULL"),
        Index("ix_ingest_source_file_id", "source_file_id"),
        Index("ix_ingest_job_id", "job_id"),
        Index("ix_ingest_file_name", "file_name", "id"),
        Index("ix_ingest_created", "created", "id"),
    )

    strike_id: Mapped[int] = mapped_column(ForeignKey("strike.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    workspace_id: Mapped[int | None] = mapped_column(ForeignKey("workspace.id"))
    source_file_id: Mapped[int | None] = mapped_column(ForeignKey("scale_file.id"))
    file_name: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(Keyword(20))
    bytes_transferred: Mapped[int] = mapped_column(BigInteger, default=0)
    transfer_started: Mapped[datetime]
    transfer_ended: Mapped[datetime | None]
    media_type: Mapped[str]
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    data_type: Mapped[list[str]]
    ingest_started: Mapped[datetime | None]
    ingest_ended: Mapped[datetime | None]
    transfer_path: Mapped[str] = mapped_column(Text)
    file_path: Mapped[str | None] = mapped_column(Text)
    ingest_path: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)

    strike: Mapped[Strike] = relationship()
    job: Mapped[Job | None] = relationship()
    workspace: Mapped[Workspace | None] = relationship()
    source_file: Mapped[ScaleFile | None] = relationship()
