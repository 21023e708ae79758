"""Trigger rules and the events that matched them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scale_core.db.base import Base, Document, Id, Record


class TriggerRule(Record):
    """When something happens that matches ``configuration``, the types linked to this rule get a job or recipe."""

    __tablename__ = "trigger_rule"

    type: Mapped[str] = mapped_column(String(50), index=True)
    name: Mapped[str] = mapped_column(String(255), default="")
    title: Mapped[str | None]
    description: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    configuration: Mapped[Document]
    archived: Mapped[datetime | None]
    last_fired: Mapped[datetime | None]
    # What its plugin broke at, and when. That is no edit: last_modified stays.
    trouble: Mapped[str | None] = mapped_column(Text)
    trouble_since: Mapped[datetime | None]


class TriggerEvent(Base):
    """Something happened. ``rule`` is the rule that it matched; an event that matched none is kept without."""

    __tablename__ = "trigger_event"
    __table_args__ = (Index("ix_trigger_event_type", "type", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    type: Mapped[str] = mapped_column(String(50))
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("trigger_rule.id"))
    occurred: Mapped[datetime] = mapped_column(index=True)
    description: Mapped[Document]

    rule: Mapped[TriggerRule | None] = relationship()
