"""What a file was made from, and what was made from it."""

from typing import Any

import pytest

from fakes.catalog import a_file, derive
from scale_core.db.models import Ingest, JobInputFile, Workspace
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound
from scale_core.services.job_types import JobTypeService
from scale_core.services.lineages import LineageService
from scale_core.services.queue import QueueService
from scale_core.services.recipe_types import RecipeTypeService
from scale_core.services.serialization import SerializerContext
from scale_generated import models
from scale_generated.queries import GetFileLineageQuery

SOURCE, MADE, LAST, OTHER = 1, 2, 3, 4


@pytest.fixture
def job_type(context: Context, urls: SerializerContext) -> int:
    """A job type that needs nothing."""
    interface = {"command": "true", "command_arguments": ""}
    body: Any = {"name": "copy", "version": "1", "interface": interface}
    return JobTypeService(context).create(body, urls)["id"]


@pytest.fixture
def jobs(context: Context, urls: SerializerContext, job_type: int) -> list[int]:
    """Jobs that made ``MADE`` of ``SOURCE``, ``LAST`` of ``MADE`` and ``OTHER``, and nothing of ``SOURCE``."""
    queue = QueueService(context)
    jobs = [queue.new_job({"job_type_id": job_type, "job_data": {}}, urls)["id"] for _ in range(3)]
    now = context.now()
    with context.database.write() as session:
        session.add(Workspace(id=1, name="raw", json_config={}, created=now, last_modified=now))
        session.flush()
        made = [
            a_file(context, one, job_type_id=job_type, job_id=job) for one, job in ((MADE, jobs[0]), (LAST, jobs[1]))
        ]
        session.add_all([a_file(context, SOURCE), a_file(context, OTHER), *made])
        session.flush()
        given = ((jobs[0], SOURCE), (jobs[1], MADE), (jobs[1], OTHER), (jobs[2], SOURCE))
        session.add_all(JobInputFile(job_id=job, file_id=file) for job, file in given)
    derive(context, MADE, jobs[0], SOURCE)
    derive(context, LAST, jobs[1], MADE, OTHER, SOURCE)
    return jobs


def _links(lineage: models.FileLineage) -> tuple[dict[int, int | None], dict[int, list[int]]]:
    """By file the job that made it, by job the files that it was given."""
    made = {one["id"]: one["job"] and one["job"]["id"] for one in lineage["files"]}
    return made, {one["id"]: one["input_file_ids"] for one in lineage["jobs"]}


def test_what_was_made_of_a_source_is_linked_to_the_jobs_that_made_it(
    context: Context, urls: SerializerContext, jobs: list[int]
) -> None:
    found = LineageService(context).get(SOURCE, GetFileLineageQuery(), urls)
    first, second, fruitless = jobs
    # The other input of the second job has nothing to do with the source.
    assert _links(found) == (
        {SOURCE: None, MADE: first, LAST: second},
        {first: [SOURCE], second: [MADE], fruitless: [SOURCE]},
    )
    assert found["is_complete"]
    assert [one["file_type"] for one in found["files"]] == ["SOURCE", "PRODUCT", "PRODUCT"]


def test_a_product_is_between_what_it_was_made_from_and_what_was_made_from_it(
    context: Context, urls: SerializerContext, jobs: list[int]
) -> None:
    service = LineageService(context)
    assert _links(service.get(MADE, GetFileLineageQuery(), urls)) == (
        {SOURCE: None, MADE: jobs[0], LAST: jobs[1]},
        {jobs[0]: [SOURCE], jobs[1]: [MADE]},
    )
    assert _links(service.get(LAST, GetFileLineageQuery(), urls)) == (
        {SOURCE: None, MADE: jobs[0], LAST: jobs[1], OTHER: None},
        {jobs[0]: [SOURCE], jobs[1]: [MADE, OTHER]},
    )


def test_of_more_than_is_asked_for_the_newest_are_there(
    context: Context, urls: SerializerContext, jobs: list[int]
) -> None:
    found = LineageService(context).get(SOURCE, GetFileLineageQuery(limit=1), urls)
    assert [one["id"] for one in found["files"]] == [SOURCE, LAST]
    assert [one["id"] for one in found["jobs"]] == [jobs[1], jobs[2]]
    assert not found["is_complete"]


def test_the_ingest_that_brought_a_source_is_there_and_no_duplicate_of_it(
    context: Context, urls: SerializerContext, jobs: list[int]
) -> None:
    now = context.now()
    common: dict[str, Any] = {
        "file_name": "1.tif",
        "transfer_started": now,
        "media_type": "image/tiff",
        "data_type": [],
        "transfer_path": "/in/1.tif",
        "created": now,
        "last_modified": now,
        "source_file_id": SOURCE,
    }
    with context.database.write() as session:
        session.add_all(Ingest(status=one, **common) for one in ("INGESTED", "DUPLICATE"))
    found = LineageService(context).get(LAST, GetFileLineageQuery(), urls)
    assert [(one["status"], one["source_file_id"]) for one in found["ingests"]] == [("INGESTED", SOURCE)]


def test_the_recipe_of_a_job_is_there(context: Context, urls: SerializerContext, job_type: int) -> None:
    definition = {"version": "1.0", "input_data": [], "jobs": [_place("one"), _place("two")]}
    body: Any = {"name": "twice", "version": "1", "definition": definition}
    recipe_type = RecipeTypeService(context).create(body, urls)["id"]
    recipe = QueueService(context).new_recipe({"recipe_type_id": recipe_type, "recipe_data": {}}, urls)
    job = recipe["jobs"][0]["job"]["id"]
    with context.database.write() as session:
        session.add(Workspace(id=1, name="raw", json_config={}, created=context.now(), last_modified=context.now()))
        session.flush()
        session.add(a_file(context, MADE, job_type_id=job_type, job_id=job))
    (found,) = LineageService(context).get(MADE, GetFileLineageQuery(), urls)["jobs"]
    assert [(one["id"], one["recipe_type"]["name"]) for one in found["recipes"]] == [(recipe["id"], "twice")]
    assert found["event"]["type"] == "USER"


def _place(name: str) -> dict[str, Any]:
    return {"name": name, "job_type": {"name": "copy", "version": "1"}, "recipe_inputs": [], "dependencies": []}


def test_a_file_that_is_not_there_has_no_lineage(context: Context, urls: SerializerContext) -> None:
    with pytest.raises(NotFound):
        LineageService(context).get(99, GetFileLineageQuery(), urls)
