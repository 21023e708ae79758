"""How many jobs there were, minute by minute."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from fakes.world import SetClock, World
from scale_core.db.models import Job, JobLoad
from scale_core.domain.times import InvalidTime
from scale_core.services.job_load import KEPT, JobLoadService
from scale_core.services.serialization import SerializerContext
from scale_generated.queries import ListJobLoadQuery

URLS = SerializerContext("http://scale")


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def world(tmp_path: Path, clock: SetClock) -> World:
    return World(tmp_path, now=clock)


def put(world: World, job_type_id: int, *statuses: str) -> None:
    """Jobs in these statuses."""
    for status in statuses:
        job_id = world.job(job_type_id)
        with world.database.write() as session:
            session.execute(update(Job).where(Job.id == job_id).values(status=status))


def loads(world: World, **query: Any) -> list[tuple[str, int, int, int]]:
    """Minute and second, and the three counts."""
    page = JobLoadService(world.context).list(ListJobLoadQuery(**query), URLS)
    return [
        (one["time"][14:19], one["pending_count"], one["queued_count"], one["running_count"]) for one in page.results
    ]


@pytest.fixture
def types(world: World, clock: SetClock) -> dict[str, int]:
    """Two samples, a minute apart, of two job types and one that has nothing to do."""
    service = JobLoadService(world.context)
    types = {
        "a": world.job_type("a", category="x", priority=1),
        "b": world.job_type("b", category="y", priority=2),
        "idle": world.job_type("idle", category="y", priority=2),
    }
    put(world, types["a"], "PENDING", "QUEUED", "QUEUED", "RUNNING", "BLOCKED", "COMPLETED", "FAILED", "CANCELED")
    service.record()
    clock.forward(minutes=1)
    put(world, types["b"], "RUNNING", "RUNNING")
    service.record()
    return types


def test_jobs_that_wait_or_run_are_counted_the_oldest_sample_first(world: World, types: dict[str, int]) -> None:
    assert loads(world) == [("00:30", 1, 2, 1), ("01:30", 1, 2, 3)]


def test_a_sample_where_nothing_is_has_zeros(world: World) -> None:
    JobLoadService(world.context).record()
    assert loads(world) == [("00:30", 0, 0, 0)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"job_type_name": ("b",)}, [(0, 0, 0), (0, 0, 2)]),
        ({"job_type_name": ("a", "b")}, [(1, 2, 1), (1, 2, 3)]),
        ({"job_type_category": ("x",)}, [(1, 2, 1), (1, 2, 1)]),
        ({"job_type_priority": (2,)}, [(0, 0, 0), (0, 0, 2)]),
        ({"job_type_category": ("x",), "job_type_priority": (2,)}, [(0, 0, 0), (0, 0, 0)]),
        ({"job_type_name": ("idle",)}, [(0, 0, 0), (0, 0, 0)]),
        ({"job_type_id": (4711,)}, [(0, 0, 0), (0, 0, 0)]),
    ],
    ids=str,
)
def test_only_the_job_types_that_are_asked_for_count(
    world: World, types: dict[str, int], query: dict[str, Any], expected: list[tuple[int, int, int]]
) -> None:
    assert [counts[1:] for counts in loads(world, **query)] == expected


def test_a_job_type_is_asked_for_by_its_id(world: World, types: dict[str, int]) -> None:
    assert loads(world, job_type_id=(types["b"],)) == [("00:30", 0, 0, 0), ("01:30", 0, 0, 2)]


def test_the_past_week_is_told_and_a_month_at_most(world: World, types: dict[str, int], clock: SetClock) -> None:
    clock.forward(days=8)
    JobLoadService(world.context).record()
    assert len(loads(world)) == 1
    assert len(loads(world, started="P31D")) == 3
    assert len(loads(world, started="P31D", ended="P1D")) == 2
    with pytest.raises(InvalidTime):
        loads(world, started="P32D")


def test_pages_are_cut_out_in_the_order_of_time(world: World, types: dict[str, int]) -> None:
    page = JobLoadService(world.context).list(ListJobLoadQuery(page=2, page_size=1), URLS)
    assert page.count == 2
    assert [one["running_count"] for one in page.results] == [3]


def test_what_is_too_old_to_be_asked_for_is_forgotten(world: World, types: dict[str, int], clock: SetClock) -> None:
    clock.forward(seconds=(KEPT - timedelta(minutes=1)).total_seconds())
    JobLoadService(world.context).record()
    assert len(world.all(JobLoad)) == 3
    clock.forward(seconds=1)
    JobLoadService(world.context).record()
    assert [one.running_count for one in world.all(JobLoad)] == [3, 3, 3]
