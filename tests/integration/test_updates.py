"""Lists for clients that follow what happens: jobs, source files, products, failures of the system."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.jobs import Installation
from fakes.world import SetClock
from scale_core.db.models import FileAncestry, JobInputFile, ScaleFile, Workspace
from scale_core.services.context import Context
from scale_core.services.serialization import SerializerContext
from scale_core.services.system_failures import SystemFailureService
from scale_core.services.updates import UpdateService
from scale_generated import queries

NOON = datetime(2026, 3, 4, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def made(context: Context, urls: SerializerContext) -> Installation:
    now = context.now()
    with context.database.write() as session:
        session.add(Workspace(name="raw", json_config={"version": "1.0"}, created=now, last_modified=now))
    return Installation(context, urls)


def add_file(made: Installation, name: str, **values: Any) -> int:
    """A file as it would be after what the values say."""
    now = made.context.now()
    values = {"file_type": "SOURCE", "created": now, "last_modified": now} | values
    with made.context.database.write() as session:
        file = ScaleFile(
            workspace_id=1,
            file_name=name,
            file_path=name,
            media_type="text/plain",
            file_size=1,
            data_type=[],
            uuid=name.ljust(32, "0"),
            meta_data={},
            countries=[],
            **values,
        )
        session.add(file)
        session.flush()
        return file.id


def add_product(made: Installation, name: str, job_id: int, origins: list[int], **values: Any) -> int:
    """A product of a job, made from these files."""
    job = made.jobs.get(job_id, made.urls)
    execution_id = job["job_exes"][0]["id"]
    ids = {"job_type_id": job["job_type"]["id"], "job_id": job_id, "job_exe_id": execution_id}
    values = {"is_operational": True, "is_published": True, "published": made.context.now()} | values
    product_id = add_file(made, name, file_type="PRODUCT", **ids, **values)
    with made.context.database.write() as session:
        for origin in origins:
            link = {"job_id": job_id, "job_exe_id": execution_id, "is_direct": True}
            session.add(FileAncestry(ancestor_id=origin, descendant_id=product_id, **link))
    return product_id


def test_updates_of_jobs_are_selected_by_their_last_change_of_status(made: Installation, clock: SetClock) -> None:
    updates = UpdateService(made.context)
    first = made.job()
    clock.forward(hours=1)
    second = made.job("b")
    made.complete(made.job())
    page = updates.jobs(queries.ListJobUpdatesQuery(started="PT30M"), made.urls)
    assert [(one["id"] > first, one["status"]) for one in page.results] == [(True, "QUEUED"), (True, "COMPLETED")]
    earlier = queries.ListJobUpdatesQuery(started="PT2H", ended="PT30M", job_type_name=("a",))
    assert [one["id"] for one in updates.jobs(earlier, made.urls).results] == [first]
    of_type = queries.ListJobUpdatesQuery(job_type_name=("b",), status="QUEUED")
    assert [one["id"] for one in updates.jobs(of_type, made.urls).results] == [second]


def test_updates_of_jobs_have_the_files_that_they_were_given(made: Installation) -> None:
    files = [add_file(made, name) for name in ("a.txt", "b.txt")]
    job, other = made.job(), made.job()
    with made.context.database.write() as session:
        session.add_all(JobInputFile(job_id=job, file_id=one) for one in reversed(files))
    found = UpdateService(made.context).jobs(queries.ListJobUpdatesQuery(job_type_name=("a",)), made.urls).results
    given = {one["id"]: [file["file_name"] for file in one["input_files"]] for one in found}
    assert given == {job: ["b.txt", "a.txt"], other: []}


def test_jobs_come_with_their_latest_execution(made: Installation) -> None:
    failed = made.job()
    made.fail(failed)
    made.requeue(job_ids=[failed])
    waiting = made.recipe()["two"]
    page = UpdateService(made.context).jobs_with_execution(queries.ListJobsWithExecutionQuery(), made.urls)
    latest = {one["id"]: one["latest_job_exe"] for one in page.results}
    executions = made.jobs.get(failed, made.urls)["job_exes"]
    assert len(executions) == 2
    assert latest[failed] == executions[0]
    assert latest[waiting] is None
    completed = queries.ListJobsWithExecutionQuery(status="COMPLETED")
    assert UpdateService(made.context).jobs_with_execution(completed, made.urls).count == 0


def test_updates_of_sources_say_what_happened_last(made: Installation) -> None:
    earlier, later = NOON - timedelta(days=2), NOON - timedelta(days=1)
    made_then = {"created": earlier, "last_modified": later}
    add_file(made, "new", created=earlier, last_modified=earlier)
    add_file(made, "parsed", is_parsed=True, parsed=later, **made_then)
    add_file(made, "gone", is_parsed=True, parsed=later, is_deleted=True, deleted=NOON, created=earlier)
    updates = UpdateService(made.context)
    found = updates.sources(queries.ListSourceUpdatesQuery(), made.urls).results
    assert {one["file_name"]: (one["update"]["action"], one["update"]["when"][:10]) for one in found} == {
        "new": ("CREATED", "2026-03-02"),
        "parsed": ("PARSED", "2026-03-03"),
        "gone": ("DELETED", "2026-03-04"),
    }
    lately = queries.ListSourceUpdatesQuery(started="PT36H", is_parsed=True, order=("-last_modified",))
    assert [one["file_name"] for one in updates.sources(lately, made.urls).results] == ["gone", "parsed"]


def test_updates_of_products_have_those_that_are_not_published_any_more(made: Installation) -> None:
    source = add_file(made, "source.txt")
    job = made.job()
    made.complete(job)
    add_product(made, "old", job, [source], is_published=False, unpublished=NOON)
    product = add_product(made, "new", job, [source])
    add_product(made, "derived", job, [source, product], is_operational=False)
    add_product(made, "gone", job, [], is_deleted=True, deleted=NOON)
    updates = UpdateService(made.context)
    found = updates.products(queries.ListProductUpdatesQuery(), made.urls).results
    assert {one["file_name"]: one["update"]["action"] for one in found} == {
        "old": "UNPUBLISHED",
        "new": "PUBLISHED",
        "derived": "PUBLISHED",
        "gone": "DELETED",
    }
    origins = {one["file_name"]: [file["file_name"] for file in one["source_files"]] for one in found}
    assert origins == {"old": ["source.txt"], "new": ["source.txt"], "derived": ["source.txt"], "gone": []}
    named = queries.ListProductUpdatesQuery(job_type_name=("a",), is_operational=True, order=("-file_name",))
    assert [one["file_name"] for one in updates.products(named, made.urls).results] == ["old", "new", "gone"]


def test_failures_of_the_system_are_counted_by_type_and_error(made: Installation, clock: SetClock) -> None:
    failures = SystemFailureService(made.context)
    for name, kind in (("a", "unknown"), ("a", "unknown"), ("b", "output-storage"), ("a", "exit-code")):
        made.fail(made.job(name), kind=kind)
        clock.forward(hours=1)
    page = failures.list(queries.ListJobTypeSystemFailuresQuery(), made.urls)
    told = [(one["job_type"]["name"], one["error"]["name"], one["count"]) for one in page.results]
    assert told == [("b", "output-storage", 1), ("a", "unknown", 2)]
    assert [(one["first_error"][11:13], one["last_error"][11:13]) for one in page.results] == [
        ("14", "14"),
        ("12", "13"),
    ]
    second = failures.list(queries.ListJobTypeSystemFailuresQuery(page=2, page_size=1), made.urls)
    assert (second.count, second.results) == (2, page.results[1:])


def test_a_job_that_is_queued_again_is_no_failure_any_more(made: Installation) -> None:
    failed = made.job()
    made.fail(failed, kind="unknown")
    made.requeue(job_ids=[failed])
    assert SystemFailureService(made.context).list(queries.ListJobTypeSystemFailuresQuery(), made.urls).count == 0
