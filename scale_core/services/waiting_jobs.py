"""How many jobs wait: for others, or on the queue."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from scale_core.db.base import Base
from scale_core.db.models import Job, Recipe, RecipeJob
from scale_generated.enums import JobStatus

STATUSES: Final = (JobStatus.PENDING, JobStatus.BLOCKED, JobStatus.QUEUED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Numbers of waiting jobs by status; those that are not 0."""

    numbers: Mapping[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.numbers.values())

    @property
    def never_queued(self) -> "Waiting":
        """Those that wait for other jobs. None of them has ever been on the queue (endpoints: settled 23)."""
        return Waiting({status: number for status, number in self.numbers.items() if status != JobStatus.QUEUED})

    @property
    def queued(self) -> "Waiting":
        """Those on the queue."""
        return Waiting({status: number for status, number in self.numbers.items() if status == JobStatus.QUEUED})

    def __str__(self) -> str:
        each = ", ".join(f"{self.numbers[one]} {one}" for one in STATUSES if one in self.numbers)
        return f"{self.total}: {each}"


NONE: Final = Waiting({})


def waiting_of_types(session: Session, job_type_ids: Collection[int]) -> dict[int, Waiting]:
    """Those of job types, by the type's id; from the tally, so that it costs the same however many there are."""
    if not job_type_ids:
        return {}
    tally = Base.metadata.tables["job_tally"]
    number = func.sum(tally.c.number)
    statement = (
        select(tally.c.job_type_id, tally.c.status, number)
        .where(tally.c.status.in_(STATUSES), tally.c.job_type_id.in_(sorted(job_type_ids)))
        .group_by(tally.c.job_type_id, tally.c.status)
        .having(number > 0)
    )
    return _by_id(session.execute(statement))


def waiting_in_recipes(session: Session, recipe_type_ids: Collection[int]) -> dict[int, Waiting]:
    """Those in recipes of recipe types, by the type's id. It reads what waits, and nothing of what is done."""
    if not recipe_type_ids:
        return {}
    # Not by the index on the recipe type, which has all recipes that there ever were.
    of_type = (Recipe.recipe_type_id + 0).in_(sorted(recipe_type_ids))
    # Each status by itself: only then does SQLite see that the index of what is not completed has it.
    each = [
        select(Recipe.recipe_type_id, Job.status, func.count())
        .select_from(Job)
        .join(RecipeJob, RecipeJob.job_id == Job.id)
        .join(Recipe, RecipeJob.recipe_id == Recipe.id)
        .where(Job.status == status, of_type)
        .group_by(Recipe.recipe_type_id, Job.status)
        for status in STATUSES
    ]
    return _by_id(session.execute(union_all(*each)))


def _by_id(rows: Iterable[Any]) -> dict[int, Waiting]:
    numbers: dict[int, dict[str, int]] = {}
    for type_id, status, number in rows:
        numbers.setdefault(type_id, {})[status] = number
    return {type_id: Waiting(found) for type_id, found in numbers.items()}
