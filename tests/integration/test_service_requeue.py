"""Another chance for failed and canceled jobs, what follows for those behind them, and cancellation in every state."""

from typing import Any

import pytest
from sqlalchemy import select, update

from fakes.jobs import Installation
from fakes.world import SetClock
from scale_core.db.models import Error, Job, JobExecution, Recipe
from scale_core.domain.states import IllegalTransition
from scale_core.services import bulk_changes as bulk_module
from scale_core.services.context import Context
from scale_core.services.serialization import SerializerContext


@pytest.fixture
def scale(context: Context, urls: SerializerContext) -> Installation:
    """An installation with two job types and a recipe type."""
    return Installation(context, urls)


def test_without_filters_all_failed_and_canceled_jobs_are_requeued_and_no_others(scale: Installation) -> None:
    failed, canceled, completed, running, queued = (scale.job() for _ in range(5))
    scale.fail(failed)
    scale.cancel(canceled)
    scale.complete(completed)
    scale.start(running)
    assert scale.requeue() == [failed, canceled]
    assert [scale.status(one) for one in (failed, canceled, completed, running, queued)] == [
        "QUEUED",
        "QUEUED",
        "COMPLETED",
        "RUNNING",
        "QUEUED",
    ]
    assert scale.requeue() == []


@pytest.mark.parametrize(
    ("body", "requeued"),
    [
        ({"status": "FAILED"}, ["a failed", "b failed"]),
        ({"status": "CANCELED"}, ["a canceled", "b canceled"]),
        ({"job_type_ids": ["b"]}, ["b failed", "b canceled"]),
        ({"job_type_names": ["a"]}, ["a failed", "a canceled"]),
        ({"job_type_names": ["a", "b"], "status": "FAILED"}, ["a failed", "b failed"]),
        ({"job_type_names": ["c"]}, []),
        ({"job_type_names": []}, []),
        ({"job_type_categories": ["second"]}, ["b failed", "b canceled"]),
        ({"job_type_categories": ["second"], "job_type_names": ["a"]}, []),
        ({"job_ids": ["a failed", "b canceled"]}, ["a failed", "b canceled"]),
        ({"job_ids": ["a failed", "b canceled"], "status": "FAILED"}, ["a failed"]),
        ({"job_ids": ["a failed", "b failed"], "job_type_ids": ["b"]}, ["b failed"]),
        ({"job_ids": []}, []),
    ],
)
def test_each_filter_selects_and_all_must_hold(
    scale: Installation, body: dict[str, list[Any]], requeued: list[str]
) -> None:
    jobs = {f"{name} {how}": scale.job(name) for name in ("a", "b") for how in ("failed", "canceled")}
    scale.fail(jobs["a failed"], jobs["b failed"])
    scale.cancel(jobs["a canceled"], jobs["b canceled"])
    for field, ids in (("job_ids", jobs), ("job_type_ids", scale.types)):
        if field in body:
            body = body | {field: [ids[name] for name in body[field]]}
    assert scale.requeue(**body) == sorted(jobs[name] for name in requeued)
    left = sorted(set(jobs) - set(requeued))
    assert sorted(name for name in jobs if scale.status(jobs[name]) != "QUEUED") == left


def test_the_time_range_is_of_the_last_change(scale: Installation, clock: SetClock) -> None:
    jobs = []
    for _ in range(3):
        jobs.append(scale.job())
        scale.fail(jobs[-1])
        clock.forward(hours=1)
    # They failed three, two and one hours ago.
    assert scale.requeue(started="PT2H30M", ended="PT1H30M") == [jobs[1]]
    assert scale.requeue(ended="PT2H30M") == [jobs[0]]
    assert scale.requeue(started="PT1H30M", job_type_names=["a"]) == [jobs[2]]


def test_the_new_priority_is_that_of_job_and_execution(scale: Installation) -> None:
    job, other = scale.job(), scale.job()
    scale.fail(job, other)
    scale.requeue(job_ids=[job], priority=3)
    scale.requeue(job_ids=[other])
    with scale.context.database.read() as session:
        queued = select(JobExecution.job_id, JobExecution.priority).where(JobExecution.status == "QUEUED")
        priorities = dict(session.execute(queued).all())
        assert priorities[job] == session.get_one(Job, job).priority == 3
        assert priorities[other] == session.get_one(Job, other).priority != 3


def test_many_are_requeued_in_batches_each_once(scale: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_module, "BATCH", 3)
    jobs = [scale.job() for _ in range(8)]
    scale.fail(*jobs)
    assert scale.requeue(job_ids=[*reversed(jobs), *jobs]) == jobs
    with scale.context.database.read() as session:
        assert [session.get_one(Job, one).num_exes for one in jobs] == [2] * 8


def test_what_was_blocked_behind_a_failed_job_waits_again_and_runs(scale: Installation) -> None:
    jobs = scale.recipe()
    assert scale.statuses(jobs) == ["QUEUED", "PENDING", "PENDING"]
    scale.fail(jobs["one"])
    assert scale.statuses(jobs) == ["FAILED", "BLOCKED", "BLOCKED"]
    assert scale.requeue() == [jobs["one"]]
    assert scale.statuses(jobs) == ["QUEUED", "PENDING", "PENDING"]
    scale.complete(jobs["one"])
    scale.fail(jobs["two"])
    assert scale.statuses(jobs) == ["COMPLETED", "FAILED", "BLOCKED"]
    scale.requeue(status="FAILED")
    scale.complete(jobs["two"])
    assert scale.statuses(jobs) == ["COMPLETED", "COMPLETED", "QUEUED"]
    scale.complete(jobs["three"])
    with scale.context.database.read() as session:
        assert session.scalars(select(Recipe.completed)).one() is not None


@pytest.mark.parametrize("batch", [1, 500])
def test_a_canceled_recipe_can_be_requeued_as_a_whole(
    scale: Installation, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(bulk_module, "BATCH", batch)
    jobs = scale.recipe()
    scale.cancel(jobs["three"], jobs["two"], jobs["one"])
    assert scale.statuses(jobs) == ["CANCELED"] * 3
    assert scale.requeue() == [jobs["one"], jobs["two"], jobs["three"]]
    assert scale.statuses(jobs) == ["QUEUED", "PENDING", "PENDING"]
    for name in ("one", "two", "three"):
        scale.complete(jobs[name])
    assert scale.statuses(jobs) == ["COMPLETED"] * 3


def test_a_job_that_was_never_queued_is_blocked_again_while_one_before_it_is_canceled(scale: Installation) -> None:
    jobs = scale.recipe()
    scale.cancel(*jobs.values())
    assert scale.requeue(job_ids=[jobs["three"]]) == [jobs["three"]]
    assert scale.statuses(jobs) == ["CANCELED", "CANCELED", "BLOCKED"]
    scale.requeue(job_ids=[jobs["one"]])
    assert scale.statuses(jobs) == ["QUEUED", "CANCELED", "BLOCKED"]
    scale.requeue(job_ids=[jobs["two"]])
    assert scale.statuses(jobs) == ["QUEUED", "PENDING", "PENDING"]


def test_a_job_that_waits_again_has_no_error_any_more(scale: Installation) -> None:
    jobs = scale.recipe()
    scale.fail(jobs["one"])
    scale.cancel(jobs["three"])
    with scale.context.database.write() as session:
        # As where its inputs were refused: it failed without ever having been queued.
        error = session.scalars(select(Error.id).where(Error.name == "input-unavailable")).one()
        session.execute(update(Job).where(Job.id == jobs["three"]).values(status="FAILED", error_id=error))
    scale.requeue(job_ids=[jobs["three"]])
    with scale.context.database.read() as session:
        job = session.get_one(Job, jobs["three"])
        assert (job.status, job.error_id, job.ended) == ("BLOCKED", None, None)


@pytest.mark.parametrize("status", ["PENDING", "BLOCKED", "QUEUED", "RUNNING", "FAILED"])
def test_a_job_can_be_canceled_in_every_state_but_at_its_end(scale: Installation, status: str) -> None:
    jobs = scale.recipe()
    job = jobs["two"] if status in ("PENDING", "BLOCKED") else jobs["one"]
    if status in ("BLOCKED", "FAILED"):
        scale.fail(jobs["one"])
    if status == "RUNNING":
        scale.start(job)
    assert scale.status(job) == status
    scale.cancel(job)
    assert scale.status(job) == "CANCELED"
    assert scale.status(jobs["three"]) == "BLOCKED"
    assert job not in [one.job_id for one in scale.executions.queue(1000)]
    assert len(scale.executions.look(100, 0, scale.context.now()).canceled) == (status == "RUNNING")
    with pytest.raises(IllegalTransition):
        scale.cancel(job)


def test_a_completed_job_cannot_be_canceled(scale: Installation) -> None:
    job = scale.job()
    scale.complete(job)
    with pytest.raises(IllegalTransition):
        scale.cancel(job)
    assert scale.status(job) == "COMPLETED"
