"""What was, for plots: the load minute by minute, numbers day by day."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from scale_core.db.base import Base, Document, Id
from scale_core.interfaces.metric import MAX_NAME


class JobLoad(Base):
    """How many jobs were PENDING, QUEUED and RUNNING at a moment. ``counts`` has the three numbers, in this order, by
    id of the job type, as text; types without any are left out."""

    __tablename__ = "job_load"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    time: Mapped[datetime] = mapped_column(index=True)
    pending_count: Mapped[int]
    queued_count: Mapped[int]
    running_count: Mapped[int]
    counts: Mapped[Document]


class MetricEntry(Base):
    """The numbers of one choice of a metric on one day, by name of the column: a number, or [total,
    number] of a mean."""

    __tablename__ = "metric_entry"
    __table_args__ = (Index("uq_metric_entry_metric_day_choice_id", "metric", "day", "choice_id", unique=True),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    metric: Mapped[str] = mapped_column(String(MAX_NAME))
    day: Mapped[date] = mapped_column(Date)
    choice_id: Mapped[int] = mapped_column(BigInteger)
    values: Mapped[Document]


class MetricProgress(Base):
    """All days of a metric before ``next_day`` are computed for good."""

    __tablename__ = "metric_progress"

    metric: Mapped[str] = mapped_column(String(MAX_NAME), primary_key=True)
    next_day: Mapped[date] = mapped_column(Date)


class WorkspaceUsage(Base):
    """The space of a workspace in bytes, as it was last seen on a day (UTC)."""

    __tablename__ = "workspace_usage"

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    used_size: Mapped[int | None] = mapped_column(BigInteger)
    total_size: Mapped[int | None] = mapped_column(BigInteger)
