"""Nodes, the scheduler's one row, and what engines remember."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from scale_core.db.base import Base, Document, Id, Record
from scale_core.db.types import Keyword


class Node(Record):
    """A machine that runs executions. Resources are what the engine last reported: cores, MiB, MiB."""

    __tablename__ = "node"

    hostname: Mapped[str] = mapped_column(String(250))
    port: Mapped[int]
    slave_id: Mapped[str] = mapped_column(String(250), unique=True)
    pause_reason: Mapped[str | None]
    is_paused: Mapped[bool] = mapped_column(default=False)
    is_paused_errors: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    is_connected: Mapped[bool] = mapped_column(default=False)
    archived: Mapped[datetime | None]
    last_offer: Mapped[datetime | None]
    cpus_total: Mapped[float] = mapped_column(default=0.0)
    mem_total: Mapped[float] = mapped_column(default=0.0)
    disk_total: Mapped[float] = mapped_column(default=0.0)
    # Other resources, by name; NULL: none.
    custom_total: Mapped[Document | None]


class Scheduler(Base):
    """The one row (id 1) that all processes share: pause, who schedules now, and what that one alone knows."""

    __tablename__ = "scheduler"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    is_paused: Mapped[bool] = mapped_column(default=False)
    hostname: Mapped[str | None]
    master_hostname: Mapped[str | None]
    master_port: Mapped[int | None]
    heartbeat: Mapped[datetime | None]
    # Random, of each process that has led: one that lost the lead for a moment sees whether another led meanwhile.
    leader: Mapped[str | None] = mapped_column(String(32))
    # A SchedulerNote.
    note: Mapped[Document | None]


class EngineNote(Base):
    """A text that an engine keeps over restarts, by the engine's name and its own for it."""

    __tablename__ = "engine_note"

    engine: Mapped[str] = mapped_column(Keyword(50), primary_key=True)
    name: Mapped[str] = mapped_column(Keyword(100), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
