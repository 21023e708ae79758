"""Many jobs changed at once: cancellation, previews, and what is left to a job of Scale's own."""

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from fakes.engine import FakeEngine, no_agent
from fakes.jobs import Installation
from fakes.waiting import until_equal
from fakes.world import SetClock
from scale_core.db.models import Job, JobExecution, JobType
from scale_core.interfaces.engine import EngineSettings
from scale_core.services import bulk_changes as bulk_module
from scale_core.services.context import Context
from scale_core.services.jobs import values_of
from scale_core.services.serialization import SerializerContext
from scale_core.services.system_types import CHANGE_INPUT, CHANGE_JOB, CLOCK_JOB
from scale_scheduler.scheduler import Scheduler


@pytest.fixture
def scale(context: Context, urls: SerializerContext) -> Installation:
    """An installation with two job types and a recipe type."""
    return Installation(context, urls)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of two jobs, and four in a request."""
    monkeypatch.setattr(bulk_module, "BATCH", 2)
    monkeypatch.setattr(bulk_module, "AT_ONCE", 4)


class StopsAfter(threading.Event):
    """Is set after so many batches."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self._left = batches

    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        if not self._left:
            self.set()
        return super().wait(0)


def clock_job(scale: Installation) -> int:
    with scale.context.database.read() as session:
        return session.scalars(select(Job.id).join(Job.job_type).where(JobType.name == CLOCK_JOB)).one()


def carried_out(scale: Installation, job_id: int, stop: threading.Event | None = None) -> int:
    """Do what was left to a job; how many jobs were changed."""
    with scale.context.database.read() as session:
        change = values_of(session.get_one(Job, job_id).data)[CHANGE_INPUT]
    return scale.changes.carry_out(change, job_id, stop or threading.Event())


def left_to_job(scale: Installation, operation: str, **body: Any) -> int:
    """Ask for a change that is too large for a request; the job that does it."""
    answer = getattr(scale.changes, operation)(body, scale.urls)
    assert answer["results"] == []
    assert answer["count"] == sum(one["count"] for one in answer["job_types"]) > 0
    job_id: int = answer["job"]["id"]
    return job_id


def test_without_filters_all_that_waits_or_runs_is_canceled_but_for_scales_own_jobs(scale: Installation) -> None:
    failed, completed, running, queued = (scale.job() for _ in range(4))
    scale.fail(failed)
    scale.complete(completed)
    scale.start(running)
    recipe = scale.recipe()
    assert scale.cancel_all() == sorted([running, queued, *recipe.values()])
    assert [scale.status(one) for one in (failed, completed, running, queued)] == [
        "FAILED",
        "COMPLETED",
        "CANCELED",
        "CANCELED",
    ]
    assert scale.statuses(recipe) == ["CANCELED"] * 3
    assert scale.status(clock_job(scale)) == "QUEUED"
    assert scale.cancel_all(job_type_names=[CLOCK_JOB]) == [clock_job(scale)]


@pytest.mark.parametrize(
    ("body", "canceled"),
    [
        ({"status": "QUEUED"}, ["a queued", "b queued"]),
        ({"status": "RUNNING"}, ["a running"]),
        ({"status": "FAILED"}, ["b failed"]),
        ({"status": "PENDING"}, []),
        ({"job_type_ids": ["b"]}, ["b queued"]),
        ({"job_type_names": ["a"], "status": "QUEUED"}, ["a queued"]),
        ({"job_type_categories": ["first"]}, ["a queued", "a running"]),
        ({"job_type_categories": []}, []),
        ({"job_ids": ["a queued", "b failed"]}, ["a queued"]),
        ({"job_ids": ["a queued", "b queued"], "job_type_names": ["b"]}, ["b queued"]),
        ({"job_ids": []}, []),
    ],
)
def test_each_filter_of_a_cancellation_selects_and_all_must_hold_and_a_preview_says_so_before(
    scale: Installation, body: dict[str, Any], canceled: list[str]
) -> None:
    jobs = {name: scale.job(name[0]) for name in ("a queued", "a running", "b queued", "b failed")}
    scale.start(jobs["a running"])
    scale.fail(jobs["b failed"])
    for field, ids in (("job_ids", jobs), ("job_type_ids", scale.types)):
        if field in body:
            body = body | {field: [ids[name] for name in body[field]]}
    before = {name: scale.status(job) for name, job in jobs.items()}
    preview = scale.preview("cancel", **body)
    assert {name: scale.status(job) for name, job in jobs.items()} == before
    assert scale.cancel_all(**body) == sorted(jobs[name] for name in canceled)
    assert preview == {name: count for name in "ab" if (count := sum(one[0] == name for one in canceled))}


def test_a_preview_of_a_requeue_counts_by_job_type_and_changes_nothing(scale: Installation, clock: SetClock) -> None:
    jobs = [scale.job(name) for name in "aab"]
    scale.fail(*jobs)
    clock.forward(hours=2)
    scale.cancel(scale.job("b"))
    assert scale.preview("requeue") == {"a": 2, "b": 2}
    assert scale.preview("requeue", status="FAILED") == {"a": 2, "b": 1}
    assert scale.preview("requeue", started="PT1H") == {"b": 1}
    assert scale.preview("requeue", ended="PT1H", job_type_names=["a"]) == {"a": 2}
    assert scale.preview("requeue", job_ids=[*jobs, 10**9]) == {"a": 2, "b": 1}
    assert scale.preview("requeue", status="CANCELED", job_type_names=["a"]) == {}
    assert [scale.status(job) for job in jobs] == ["FAILED"] * 3


def test_what_a_canceled_job_stood_before_is_blocked_and_its_executions_end(scale: Installation) -> None:
    jobs = scale.recipe()
    assert scale.cancel_all(job_ids=[jobs["one"]]) == [jobs["one"]]
    assert scale.statuses(jobs) == ["CANCELED", "BLOCKED", "BLOCKED"]
    with scale.context.database.read() as session:
        assert session.scalars(select(JobExecution.status).where(JobExecution.job_id == jobs["one"])).all() == [
            "CANCELED"
        ]


@pytest.mark.usefixtures("small")
def test_jobs_that_an_earlier_batch_blocked_are_canceled_with_the_pending_ones(scale: Installation) -> None:
    recipes = [scale.recipe() for _ in range(2)]
    pending = sorted(recipe[name] for recipe in recipes for name in ("two", "three"))
    assert scale.cancel_all(status="PENDING") == pending
    assert [scale.statuses(recipe) for recipe in recipes] == [["QUEUED", "CANCELED", "CANCELED"]] * 2


@pytest.mark.usefixtures("small")
def test_as_many_as_a_request_changes_are_changed_at_once_and_more_are_left_to_a_job(scale: Installation) -> None:
    jobs = [scale.job() for _ in range(4)]
    assert scale.cancel_all() == jobs
    jobs.append(scale.job())
    scale.cancel(jobs[-1])
    change = left_to_job(scale, "requeue")
    assert [scale.status(job) for job in jobs] == ["CANCELED"] * 5
    assert carried_out(scale, change) == 5
    assert [scale.status(job) for job in jobs] == ["QUEUED"] * 5


@pytest.mark.usefixtures("small")
def test_what_begins_to_match_later_is_not_changed(scale: Installation, clock: SetClock) -> None:
    jobs = [scale.job() for _ in range(5)]
    cancel = left_to_job(scale, "cancel", status="QUEUED")
    late = scale.job()
    assert carried_out(scale, cancel) == 5
    assert scale.status(late) == "QUEUED"
    requeue = left_to_job(scale, "requeue")
    clock.forward(minutes=1)
    scale.fail(late)
    carried_out(scale, requeue)
    scale.fail(jobs[0])
    assert carried_out(scale, requeue) == 0
    assert [scale.status(one) for one in (late, jobs[0])] == ["FAILED", "FAILED"]


@pytest.mark.usefixtures("small")
def test_a_change_that_is_stopped_leaves_what_is_done_and_goes_on_where_it_was(scale: Installation) -> None:
    jobs = [scale.job() for _ in range(7)]
    change = left_to_job(scale, "cancel", job_type_names=["a"])
    stop = StopsAfter(2)
    assert carried_out(scale, change, stop) == 4
    assert [scale.status(job) for job in jobs] == ["CANCELED"] * 4 + ["QUEUED"] * 3
    assert carried_out(scale, change) == 3
    assert {scale.status(job) for job in jobs} == {"CANCELED"}


@pytest.mark.usefixtures("small")
def test_a_change_never_cancels_the_job_that_does_it(scale: Installation) -> None:
    others = [scale.job() for _ in range(5)]
    change = left_to_job(scale, "cancel", job_type_categories=["first", "system"])
    carried_out(scale, change)
    assert {scale.status(one) for one in others} == {"CANCELED"}
    assert scale.status(change) == "QUEUED"


@pytest.mark.usefixtures("small")
def test_durations_count_from_the_request(scale: Installation, clock: SetClock) -> None:
    jobs = [scale.job() for _ in range(5)]
    scale.fail(*jobs)
    clock.forward(minutes=30)
    change = left_to_job(scale, "requeue", started="PT1H", priority=7)
    clock.forward(hours=3)
    assert carried_out(scale, change) == 5
    with scale.context.database.read() as session:
        assert set(session.scalars(select(Job.priority).where(Job.id.in_(jobs)))) == {7}


@pytest.mark.usefixtures("small")
def test_the_scheduler_does_what_is_left_to_a_job_one_change_at_a_time(scale: Installation, tmp_path: Path) -> None:
    scheduler = Scheduler(scale.context, FakeEngine(EngineSettings(tmp_path)), no_agent)
    scheduler.open()
    try:
        jobs = [scale.job() for _ in range(9)]
        changes = [left_to_job(scale, "cancel"), left_to_job(scale, "cancel", status="QUEUED")]

        def after_a_pass() -> set[str]:
            with scale.context.database.read() as session:
                running = select(Job.id).join(Job.job_type).where(JobType.name == CHANGE_JOB, Job.status == "RUNNING")
                assert len(session.scalars(running).all()) <= 1
            scheduler.run_once()
            return {scale.status(change) for change in changes}

        until_equal(after_a_pass, {"COMPLETED"})
        assert {scale.status(job) for job in jobs} == {"CANCELED"}
    finally:
        scheduler.close()
