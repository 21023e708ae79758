"""The wall clock jumps by hours, forward and back, while jobs run: nothing stops, nothing takes less than no time."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.engine import FakeEngine, no_agent
from fakes.waiting import join, until, until_equal
from fakes.world import SetClock, World
from scale_core.db.models import Job, JobExecution
from scale_core.db.models import Scheduler as SchedulerRow
from scale_core.interfaces.engine import EngineSettings
from scale_scheduler import scheduler as scheduling
from scale_scheduler.clock import Clock, ClockTask
from scale_scheduler.leadership import leadership_of
from scale_scheduler.scheduler import Scheduler

JUMPS = pytest.mark.parametrize("hours", [-5, 5, -24 * 400], ids=["back", "forward", "more than a year back"])


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def world(tmp_path: Path, clock: SetClock) -> World:
    return World(tmp_path, now=clock)


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(EngineSettings(tmp_path))


@pytest.fixture
def loop(world: World, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Thread]:
    """The scheduler at work in a thread of its own."""
    monkeypatch.setattr(scheduling, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(scheduling, "POLL_SECONDS", 0.02)
    scheduler = Scheduler(world.context, engine, no_agent)
    thread = threading.Thread(target=scheduler.run, args=[leadership_of(world.context)])
    thread.start()
    yield thread
    scheduler.stop()
    join(thread)


@JUMPS
def test_jobs_are_placed_recorded_and_waited_for_as_before(
    world: World, engine: FakeEngine, clock: SetClock, loop: threading.Thread, hours: int
) -> None:
    job_type = world.job_type("one")
    before = world.job(job_type)
    until_equal(lambda: len(engine.launched), 1)
    clock.forward(hours=hours)
    after = world.job(job_type)
    until_equal(lambda: len(engine.launched), 2)
    for execution_id in list(engine.running):
        engine.finish(execution_id)
    ended = until(lambda: [one for one in world.all(Job) if one.status == "COMPLETED"])
    until(lambda: {one.id for one in world.all(Job) if one.status == "COMPLETED"} >= {before, after})
    assert ended
    assert loop.is_alive()


@JUMPS
def test_the_heartbeat_goes_on(world: World, clock: SetClock, loop: threading.Thread, hours: int) -> None:
    until(lambda: world.all(SchedulerRow)[0].heartbeat)
    clock.forward(hours=hours)
    until(lambda: world.all(SchedulerRow)[0].heartbeat == clock.time)


@JUMPS
def test_a_file_is_ingested(world: World, clock: SetClock, loop: threading.Thread, hours: int) -> None:
    world.strike()
    until_equal(lambda: world.jobs("scale-strike")[0].status, "RUNNING")
    clock.forward(hours=hours)
    (world.incoming / "a.txt").write_text("hello")
    until(lambda: "a.txt" in world.sources())


@JUMPS
def test_the_clock_task_goes_on_and_ends_when_told(world: World, clock: SetClock, hours: int) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=ClockTask(Clock(world.context)).run, args=(stop,))
    thread.start()
    clock.forward(hours=hours)
    assert thread.is_alive()
    stop.set()
    join(thread)


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED"])
def test_an_execution_that_ends_before_it_began_took_no_time(
    world: World, engine: FakeEngine, clock: SetClock, loop: threading.Thread, status: str
) -> None:
    world.job(world.job_type("one", max_tries=1))
    until(lambda: engine.launched)
    engine.begin(engine.launched[0], "pre")
    until(lambda: world.all(JobExecution)[0].pre_started)
    clock.forward(hours=-5)
    engine.finish(engine.launched[0], status, None if status == "COMPLETED" else "exit-code")
    until_equal(lambda: world.all(Job)[0].status, status)
    for row in (world.all(Job)[0], world.all(JobExecution)[0]):
        assert row.queued <= row.started <= row.ended
        assert row.created <= row.last_modified


def test_a_job_that_was_queued_in_the_future_starts_no_earlier(
    world: World, engine: FakeEngine, clock: SetClock
) -> None:
    clock.forward(hours=5)
    world.job(world.job_type("one"))
    clock.forward(hours=-5)
    scheduler = Scheduler(world.context, engine, no_agent)
    scheduler.open()
    scheduler.run_once()
    (execution,) = world.all(JobExecution)
    assert execution.status == "RUNNING"
    assert execution.queued <= execution.started
    scheduler.close()
