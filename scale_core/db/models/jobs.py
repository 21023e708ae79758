"""Errors, job types, jobs and their executions."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scale_core.db.base import Base, Document, Id, Record, is_any, partial_index
from scale_core.db.models.nodes import Node
from scale_core.db.models.triggers import TriggerEvent, TriggerRule
from scale_core.db.types import Keyword

if TYPE_CHECKING:
    from scale_core.db.models.files import ScaleFile

# Most jobs and executions are COMPLETED; what is not is found by indexes that hold nothing else. The conditions are
# chains of OR, in which SQLite finds again a query's `status = 'QUEUED'`.
ACTIVE_EXECUTION = is_any("status", "QUEUED", "RUNNING")
QUEUED_EXECUTION = is_any("status", "QUEUED")
STOPPED = is_any("status", "FAILED", "CANCELED")
FAILED = is_any("status", "FAILED")
ENDED = "ended IS NOT NULL"
PLACED = "node_id IS NOT NULL"
NOT_COMPLETED = is_any("status", "PENDING", "BLOCKED", "QUEUED", "RUNNING", "FAILED", "CANCELED")


class Error(Record):
    """What a failure is called."""

    __tablename__ = "error"

    name: Mapped[str] = mapped_column(String(50), unique=True)
    title: Mapped[str | None]
    description: Mapped[str | None]
    category: Mapped[str] = mapped_column(String(50))
    is_builtin: Mapped[bool] = mapped_column(default=False)


class JobType(Record):
    """An algorithm, and what Scale needs to know to run it. mem and disk are MiB, timeout is seconds."""

    __tablename__ = "job_type"
    __table_args__ = (Index("uq_job_type_name_version", "name", "version", unique=True),)

    name: Mapped[str] = mapped_column(String(50))
    version: Mapped[str] = mapped_column(String(50))
    title: Mapped[str | None]
    description: Mapped[str | None]
    category: Mapped[str | None]
    author_name: Mapped[str | None]
    author_url: Mapped[str | None]
    is_system: Mapped[bool] = mapped_column(default=False)
    is_long_running: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    is_operational: Mapped[bool] = mapped_column(default=True)
    is_paused: Mapped[bool] = mapped_column(default=False)
    icon_code: Mapped[str | None]
    docker_privileged: Mapped[bool] = mapped_column(default=False)
    docker_image: Mapped[str | None]
    revision_num: Mapped[int] = mapped_column(default=1)
    priority: Mapped[int]
    timeout: Mapped[int]
    max_scheduled: Mapped[int | None]
    max_tries: Mapped[int]
    cpus_required: Mapped[float]
    mem_required: Mapped[float]
    disk_out_const_required: Mapped[float]
    disk_out_mult_required: Mapped[float]
    custom_resources: Mapped[Document | None]
    interface: Mapped[Document]
    error_mapping: Mapped[Document]
    trigger_rule_id: Mapped[int | None] = mapped_column(ForeignKey("trigger_rule.id"), index=True)
    archived: Mapped[datetime | None]
    paused: Mapped[datetime | None]

    trigger_rule: Mapped[TriggerRule | None] = relationship()

    @property
    def uses_docker(self) -> bool:
        """Whether its jobs run in a container."""
        return self.docker_image is not None


class JobTypeRevision(Base):
    """The interface of a job type as it was from one change of it to the next."""

    __tablename__ = "job_type_rev"
    __table_args__ = (Index("uq_job_type_rev_job_type_id_revision_num", "job_type_id", "revision_num", unique=True),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    job_type_id: Mapped[int] = mapped_column(ForeignKey("job_type.id"))
    revision_num: Mapped[int]
    interface: Mapped[Document]
    created: Mapped[datetime]

    job_type: Mapped[JobType] = relationship()


class Job(Record):
    """One piece of work: a job type's interface, at a revision, with data."""

    __tablename__ = "job"
    __table_args__ = (
        partial_index("ix_job_status", "status", "id", where=NOT_COMPLETED),
        partial_index("ix_job_status_last_modified", "status", "last_modified", "id", where=STOPPED),
        partial_index("ix_job_job_type_id_status", "job_type_id", "status", "id", where=STOPPED),
        Index("ix_job_job_type_id", "job_type_id", "id"),
        Index("ix_job_job_type_id_last_modified", "job_type_id", "last_modified", "id"),
        Index("ix_job_created", "created", "id"),
        partial_index("ix_job_ended", "ended", where=ENDED),
        # When jobs of a type first and last failed with an error.
        partial_index("ix_job_failure", "job_type_id", "error_id", "last_status_change", where=FAILED),
    )

    job_type_id: Mapped[int] = mapped_column(ForeignKey("job_type.id"))
    job_type_rev_id: Mapped[int] = mapped_column(ForeignKey("job_type_rev.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("trigger_event.id"))
    error_id: Mapped[int | None] = mapped_column(ForeignKey("error.id"))
    status: Mapped[str] = mapped_column(Keyword(20))
    priority: Mapped[int]
    num_exes: Mapped[int] = mapped_column(default=0)
    # Since it was last queued by a user or a trigger: executions that failed, and those that we lost.
    tries: Mapped[int] = mapped_column(default=0)
    lost_exes: Mapped[int] = mapped_column(default=0)
    timeout: Mapped[int]
    max_tries: Mapped[int]
    cpus_required: Mapped[float]
    mem_required: Mapped[float]
    disk_in_required: Mapped[float] = mapped_column(default=0.0)
    disk_out_required: Mapped[float] = mapped_column(default=0.0)
    custom_resources: Mapped[Document | None]
    data: Mapped[Document]
    results: Mapped[Document]
    queued: Mapped[datetime | None]
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    last_status_change: Mapped[datetime]

    job_type: Mapped[JobType] = relationship()
    job_type_rev: Mapped[JobTypeRevision] = relationship()
    event: Mapped[TriggerEvent] = relationship()
    error: Mapped[Error | None] = relationship()


class JobInputFile(Base):
    """A file that a job was given, so that lists need not read job data."""

    __tablename__ = "job_input_file"
    __table_args__ = (Index("ix_job_input_file_job_id", "job_id"), Index("ix_job_input_file_file_id", "file_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("scale_file.id"))

    file: Mapped["ScaleFile"] = relationship(viewonly=True)


class JobExecution(Record):
    """One try to run a job. Those in QUEUED are the queue; ``priority`` is copied so that the queue is one index."""

    __tablename__ = "job_exe"
    __table_args__ = (
        partial_index("ix_job_exe_queue", "status", "priority", "queued", "id", where=ACTIVE_EXECUTION),
        partial_index("ix_job_exe_waiting", "status", "queued", "id", where=QUEUED_EXECUTION),
        partial_index(
            "ix_job_exe_queued_by_type", "status", "job_type_id", "queued", "priority", where=QUEUED_EXECUTION
        ),
        partial_index("ix_job_exe_status", "status", "id", where=STOPPED),
        partial_index("ix_job_exe_status_last_modified", "status", "last_modified", "id", where=STOPPED),
        partial_index("ix_job_exe_job_type_id_status", "job_type_id", "status", "id", where=STOPPED),
        Index("ix_job_exe_job_id", "job_id"),
        Index("ix_job_exe_job_type_id", "job_type_id", "id"),
        Index("ix_job_exe_job_type_id_last_modified", "job_type_id", "last_modified", "id"),
        Index("ix_job_exe_node_id", "node_id", "id"),
        partial_index("ix_job_exe_node_id_last_modified", "node_id", "last_modified", "id", where=PLACED),
        Index("ix_job_exe_created", "created", "id"),
        partial_index("ix_job_exe_ended", "ended", where=ENDED),
        partial_index(
            "ix_job_exe_logs", "logs_archive_id", "ended", "id", where=f"{ENDED} AND logs_archive_id IS NULL"
        ),
    )

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    job_type_id: Mapped[int] = mapped_column(ForeignKey("job_type.id"))
    node_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))
    error_id: Mapped[int | None] = mapped_column(ForeignKey("error.id"))
    status: Mapped[str] = mapped_column(Keyword(20))
    priority: Mapped[int]
    command_arguments: Mapped[str] = mapped_column(Text, default="")
    timeout: Mapped[int]
    queued: Mapped[datetime]
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    pre_started: Mapped[datetime | None]
    pre_completed: Mapped[datetime | None]
    pre_exit_code: Mapped[int | None]
    job_started: Mapped[datetime | None]
    job_completed: Mapped[datetime | None]
    job_exit_code: Mapped[int | None]
    post_started: Mapped[datetime | None]
    post_completed: Mapped[datetime | None]
    post_exit_code: Mapped[int | None]
    message: Mapped[str | None] = mapped_column(Text)
    environment: Mapped[Document]
    cpus_scheduled: Mapped[float] = mapped_column(default=0.0)
    mem_scheduled: Mapped[float] = mapped_column(default=0.0)
    disk_in_scheduled: Mapped[float] = mapped_column(default=0.0)
    disk_out_scheduled: Mapped[float] = mapped_column(default=0.0)
    disk_total_scheduled: Mapped[float] = mapped_column(default=0.0)
    # What the job step used: seconds of processor time, MiB at most at once, MiB.
    cpu_used: Mapped[float | None]
    mem_used: Mapped[float | None]
    disk_used: Mapped[float | None]
    results: Mapped[Document]
    results_manifest: Mapped[Document]
    # The archive of its logs, whose folder is gone then: an id in the table archive, of which none is ever deleted.
    logs_archive_id: Mapped[int | None] = mapped_column(BigInteger)

    job: Mapped[Job] = relationship()
    job_type: Mapped[JobType] = relationship()
    node: Mapped[Node | None] = relationship()
    error: Mapped[Error | None] = relationship()
