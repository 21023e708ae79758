"""Interfaces of job types, and the recipe types that build on them."""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from scale_core.db.models import JobType, RecipeType
from scale_core.domain.recipe_checks import definition_problems
from scale_core.specs import Problem
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


def broken_recipe_types(session: Session, changed: Mapping[Key, JobInterface], at: str) -> list[Problem]:
    """Why active recipe types could not run any more if the interfaces of job types became ``changed``.

    :param at: JSON pointer of what changes the interfaces.
    """
    using = [one for one in _active_recipe_types(session) if not changed.keys().isdisjoint(job_types_of(one[1]))]
    keys = {key for _, definition in using for key in job_types_of(definition)}
    interfaces = interfaces_of(session, keys) | dict(changed)
    return [
        Problem(at, f"The recipe type {label} would not work any more: {problem}")
        for label, definition in using
        for problem in definition_problems(definition, interfaces, "")
    ]


def _active_recipe_types(session: Session) -> Iterable[tuple[str, RecipeDefinition]]:
    rows = session.execute(
        select(RecipeType.name, RecipeType.version, RecipeType.definition)
        .where(RecipeType.is_active)
        .order_by(RecipeType.name, RecipeType.version)
    )
    for row in rows:
        yield f"{row.name!r} {row.version}", RecipeDefinition.from_document(row.definition)
