"""Recipe types and recipes: graphs of jobs."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scale_core.db.base import Base, Document, Id, Record
from scale_core.db.models.jobs import Job
from scale_core.db.models.triggers import TriggerEvent, TriggerRule


class RecipeType(Record):
    """A graph of job types."""

    __tablename__ = "recipe_type"
    __table_args__ = (Index("uq_recipe_type_name_version", "name", "version", unique=True),)

    name: Mapped[str] = mapped_column(String(50))
    version: Mapped[str] = mapped_column(String(50))
    title: Mapped[str | None]
    description: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    definition: Mapped[Document]
    revision_num: Mapped[int] = mapped_column(default=1)
    trigger_rule_id: Mapped[int | None] = mapped_column(ForeignKey("trigger_rule.id"), index=True)
    archived: Mapped[datetime | None]

    trigger_rule: Mapped[TriggerRule | None] = relationship()


class RecipeTypeRevision(Base):
    """The definition of a recipe type as it was from one change of it to the next."""

    __tablename__ = "recipe_type_rev"
    __table_args__ = (Index("uq_recipe_type_rev_type_num", "recipe_type_id", "revision_num", unique=True),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    recipe_type_id: Mapped[int] = mapped_column(ForeignKey("recipe_type.id"))
    revision_num: Mapped[int]
    definition: Mapped[Document]
    created: Mapped[datetime]

    recipe_type: Mapped[RecipeType] = relationship()


class Recipe(Record):
    """A recipe type's definition, at a revision, with data; ``completed`` once every job has."""

    __tablename__ = "recipe"
    __table_args__ = (
        Index("ix_recipe_recipe_type_id", "recipe_type_id", "id"),
        Index("ix_recipe_recipe_type_id_last_modified", "recipe_type_id", "last_modified", "id"),
        Index("ix_recipe_created", "created", "id"),
    )

    recipe_type_id: Mapped[int] = mapped_column(ForeignKey("recipe_type.id"))
    recipe_type_rev_id: Mapped[int] = mapped_column(ForeignKey("recipe_type_rev.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("trigger_event.id"))
    data: Mapped[Document]
    completed: Mapped[datetime | None]

    recipe_type: Mapped[RecipeType] = relationship()
    recipe_type_rev: Mapped[RecipeTypeRevision] = relationship()
    event: Mapped[TriggerEvent] = relationship()


class RecipeJob(Base):
    """The job that has the place ``job_name`` in a recipe."""

    __tablename__ = "recipe_job"
    __table_args__ = (
        Index("uq_recipe_job_recipe_id_job_name", "recipe_id", "job_name", unique=True),
        Index("ix_recipe_job_job_id", "job_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    recipe_id: Mapped[int] = mapped_column(ForeignKey("recipe.id"))
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    job_name: Mapped[str] = mapped_column(String(255))

    recipe: Mapped[Recipe] = relationship()
    job: Mapped[Job] = relationship()
