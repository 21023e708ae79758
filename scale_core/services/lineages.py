"""What a file was made from, and what was made from it.

What is read is what is shown: each side is cut where it is found in an index, however much was made of a file.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import table_of
from scale_core.db.conditions import equal, one_of
from scale_core.db.listing import Shape
from scale_core.db.models import FileAncestry, Ingest, Job, JobInputFile, RecipeJob, ScaleFile
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.enums import IngestStatus
from scale_generated.queries import GetFileLineageQuery

FILES: Final = Shape(ScaleFile, serializers.LINEAGE_FILE_COLUMNS)
INGESTS: Final = Shape(Ingest, serializers.LINEAGE_INGEST_COLUMNS)
JOBS: Final = Shape(Job, serializers.LINEAGE_JOB_COLUMNS)
RECIPES: Final = Shape(RecipeJob, ("job_id", *(f"recipe.{path}" for path in serializers.LINEAGE_RECIPE_COLUMNS)))


class LineageService:
    """Lineages of files."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def get(self, file_id: int, query: GetFileLineageQuery, urls: SerializerContext) -> models.FileLineage:
        """The lineage of a file.

        :raises NotFound: there is no such file.
        """
        with self._context.database.read() as session:
            kin = _Kin.of(session, file_id, query.limit)
            files = _files(session, {file_id, *kin.files}, urls)
            if not any(one["id"] == file_id for one in files):
                raise NotFound("file", file_id)
            makers = {one["job"]["id"] for one in files if one["job"] is not None}
            return {
                "file_id": file_id,
                "files": files,
                "ingests": _ingests(session, files, urls),
                "jobs": _jobs(session, {*makers, *kin.jobs}, files, urls),
                "is_complete": kin.is_complete,
            }


@dataclass(frozen=True, slots=True)
class _Kin:
    """Ids of the files that a file was made from or that were made from it, and of the jobs that were given it."""

    files: Sequence[int]
    jobs: Sequence[int]
    is_complete: bool

    @classmethod
    def of(cls, session: Session, file_id: int, most: int) -> "_Kin":
        """The newest of each, ``most`` at most."""
        link, given = table_of(FileAncestry).c, table_of(JobInputFile).c
        found = [
            _newest(session, link.ancestor_id, link.descendant_id == file_id, link.id, most + 1),
            _newest(session, link.descendant_id, link.ancestor_id == file_id, link.descendant_id, most + 1),
            _newest(session, given.job_id, given.file_id == file_id, given.id, most + 1),
        ]
        above, below, jobs = (one[:most] for one in found)
        return cls([*above, *below], jobs, all(len(one) <= most for one in found))


def _newest(
    session: Session, wanted: ColumnElement[int], where: ColumnElement[bool], order: ColumnElement[Any], most: int
) -> Sequence[int]:
    return session.scalars(select(wanted).where(where).order_by(order.desc()).limit(most)).all()


def _files(session: Session, ids: Iterable[int], urls: SerializerContext) -> list[models.LineageFile]:
    return [serializers.lineage_file(row, urls) for row in FILES.rows_of(session, sorted(ids))]


def _ingests(
    session: Session, files: Sequence[models.LineageFile], urls: SerializerContext
) -> list[models.LineageIngest]:
    sources = [one["id"] for one in files if one["file_type"] == "SOURCE"]
    # That of a DUPLICATE names the file that was there before, which it has not brought.
    where = [one_of("source_file_id", sources), equal("status", IngestStatus.INGESTED)]
    found = [serializers.lineage_ingest(row, urls) for row in INGESTS.rows(session, where)]
    return sorted(found, key=lambda one: one["id"])


def _jobs(
    session: Session, ids: Iterable[int], files: Sequence[models.LineageFile], urls: SerializerContext
) -> list[models.LineageJob]:
    wanted = sorted(ids)
    inputs = _inputs(session, wanted, [one["id"] for one in files])
    recipes = _recipes(session, wanted, urls)
    return [
        serializers.lineage_job(row, urls, input_file_ids=inputs.get(row[0], []), recipes=recipes.get(row[0], []))
        for row in JOBS.rows_of(session, wanted)
    ]


def _inputs(session: Session, job_ids: Sequence[int], file_ids: Sequence[int]) -> Mapping[int, list[int]]:
    """Which of the files each job was given."""
    given = table_of(JobInputFile).c
    # By the index on the job, not by that on the file, which may have been given to all jobs that there are.
    is_one = (given.file_id + 0).in_(file_ids)
    found: dict[int, list[int]] = defaultdict(list)
    statement = select(given.job_id, given.file_id).where(given.job_id.in_(job_ids), is_one).distinct()
    for job_id, file_id in session.execute(statement):
        found[job_id].append(file_id)
    return {job_id: sorted(ids) for job_id, ids in found.items()}


def _recipes(
    session: Session, job_ids: Sequence[int], urls: SerializerContext
) -> Mapping[int, list[models.LineageRecipe]]:
    """The recipes that each job belongs to."""
    found: dict[int, dict[int, models.LineageRecipe]] = defaultdict(dict)
    for job_id, *row in RECIPES.rows(session, [one_of("job_id", job_ids)]):
        recipe = serializers.lineage_recipe(row, urls)
        found[job_id][recipe["id"]] = recipe
    return {job_id: [recipes[key] for key in sorted(recipes)] for job_id, recipes in found.items()}
