"""Interfaces of job types, and the recipe types that build on them."""

from collections.abc import Collection

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, joinedload

from scale_core.db.models import JobType, RecipeType
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.recipe_definition import RecipeDefinition

Key = tuple[str, str]
"""Name and version of a job type."""


def job_types_of(definition: RecipeDefinition) -> set[Key]:
    """The job types that a definition names."""
    return {(job.job_type.name, job.job_type.version) for job in definition.jobs}


def interfaces_of(session: Session, keys: Collection[Key]) -> dict[Key, JobInterface]:
    """Interfaces of those job types that a recipe may use: active ones that are not Scale's own."""
    if not keys:
        return {}
    rows = session.execute(
        select(JobType.name, JobType.version, JobType.interface).where(
            tuple_(JobType.name, JobType.version).in_(sorted(keys)), JobType.is_active, ~JobType.is_system
        )
    )
    return {(row.name, row.version): JobInterface.from_document(row.interface) for row in rows}


def active_recipe_types(session: Session) -> list[RecipeType]:
    """All of them, by name and version."""
    statement = select(RecipeType).where(RecipeType.is_active).options(joinedload(RecipeType.trigger_rule))
    return list(session.scalars(statement.order_by(RecipeType.name, RecipeType.version)))
