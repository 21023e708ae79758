"""Strike processes, Scans, and the files they saw."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scale_core.db.base import Base, Document, Record, is_any, partial_index
from scale_core.db.models.files import ScaleFile
from scale_core.db.models.jobs import Job
from scale_core.db.models.workspaces import Workspace
from scale_core.db.types import Keyword

OPEN_INGEST = text("status IN ('TRANSFERRING', 'TRANSFERRED', 'INGESTING')")
INGESTED = is_any("status", "INGESTED")
SET_ASIDE = is_any("status", "ERRORED", "DUPLICATE", "DEFERRED")
NOT_INGESTED = is_any("status", "TRANSFERRING", "TRANSFERRED", "INGESTING", "ERRORED", "DUPLICATE", "DEFERRED")

OF_A_SCAN = {
    "id": ("id",),
    "status": ("status", "id"),
    "file_name": ("file_name", "id"),
    "created": ("created", "id"),
    "last_modified": ("last_modified", "id"),
    "status_last_modified": ("status", "last_modified", "id"),
}
"""The orders in which ingests of a Scan are found."""


class Strike(Record):
    """A watched directory, and the job that watches it."""

    __tablename__ = "strike"

    name: Mapped[str] = mapped_column(String(50), unique=True)
    title: Mapped[str | None]
    description: Mapped[str | None]
    configuration: Mapped[Document]
    # What keeps it from watching. The process that watches tells it, which is no edit: last_modified stays.
    trouble: Mapped[str | None] = mapped_column(Text)
    # The mount that was watched last, where Strike's folders have been since then.
    watched: Mapped[str | None] = mapped_column(Text)
    # The execution that watches on a node, and the number of the last question of its that changed something.
    watcher_id: Mapped[int | None] = mapped_column(BigInteger)
    watcher_number: Mapped[int | None] = mapped_column(BigInteger)
    # The job names the Strike in its data, so the Strike is first, for a moment without a job.
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))

    job: Mapped[Job | None] = relationship()


class Scan(Record):
    """A look through files that exist, and the jobs that do it.

    ``place`` is the path, below where it looks, of what its ingest saw last: it goes on behind that.
    """

    __tablename__ = "scan"

    name: Mapped[str] = mapped_column(String(50), unique=True)
    title: Mapped[str | None]
    description: Mapped[str | None]
    configuration: Mapped[Document]
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    dry_run_job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    preview: Mapped[Document | None]
    progress: Mapped[Document | None]
    place: Mapped[str | None] = mapped_column(Text)

    job: Mapped[Job | None] = relationship(foreign_keys=[job_id])
    dry_run_job: Mapped[Job | None] = relationship(foreign_keys=[dry_run_job_id])


class WatchedFile(Base):
    """A file that a Strike process saw in a bucket, and which version of it: it is ingested once. Forgotten when it is
    gone from there, so that there are as many as files."""

    __tablename__ = "watched_file"

    strike_id: Mapped[int] = mapped_column(ForeignKey("strike.id"), primary_key=True)
    # In the order of a bucket's listing, whatever the language of the database is.
    path: Mapped[str] = mapped_column(Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True)
    version: Mapped[str] = mapped_column(Text)


class Ingest(Record):
    """A file on its way into a workspace, that a Strike process or a Scan saw. Paths starting with ``/`` are on the
    machine that watches; ``file_path`` is relative to the workspace, ``transfer_path`` and ``ingest_path`` to
    ``origin`` where that is set: the workspace that a Scan looks through."""

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
        # Of a Scan; those of Strike processes are not in them, and cost nothing.
        *(
            partial_index(f"ix_ingest_scan_{name}", "scan_id", *columns, where="scan_id IS NOT NULL")
            for name, columns in OF_A_SCAN.items()
        ),
    )

    strike_id: Mapped[int | None] = mapped_column(ForeignKey("strike.id"))
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("scan.id"))
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("workspace.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    workspace_id: Mapped[int | None] = mapped_column(ForeignKey("workspace.id"))
    source_file_id: Mapped[int | None] = mapped_column(ForeignKey("scale_file.id"))
    file_name: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(Keyword(20))
    bytes_transferred: Mapped[int] = mapped_column(BigInteger, default=0)
    bytes_stored: Mapped[int | None] = mapped_column(BigInteger)
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

    strike: Mapped[Strike | None] = relationship()
    scan: Mapped[Scan | None] = relationship()
    job: Mapped[Job | None] = relationship()
    workspace: Mapped[Workspace | None] = relationship(foreign_keys=[workspace_id])
    origin: Mapped[Workspace | None] = relationship(foreign_keys=[origin_id])
    source_file: Mapped[ScaleFile | None] = relationship()
