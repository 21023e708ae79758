"""The wall clock jumps by hours, forward and back, while jobs run: nothing stops, nothing takes less than no time."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import FakeEngine
from fakes.world import SetClock, World
from scale_core.db.models import Job
from scale_core.db.models import Scheduler as SchedulerRow
from scale_core.interfaces.engine import EngineSettings
from scale_core.runner.client import start_agent
from scale_scheduler.clock import ClockTask
from scale_scheduler.scheduler import Scheduler

JUMPS = pytest.mark.parametrize("hours", [-5, 5, -24 * 400], ids=["back", "forward", "more than a year back"])
TAKES_SECONDS = 60


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
def loop(world: World, engine: FakeEngine) -> Iterator[threading.Thread]:
    """The scheduler at work in a thread of its own."""
    scheduler = Scheduler(world.context, engine, start_agent)
    thread = threading.Thread(target=scheduler.run)
    thread.start()
    yield thread
    scheduler.stop()
    thread.join(TAKES_SECONDS)
    assert not thread.is_alive()


def until(condition: Callable[[], Any]) -> Any:
    """Wait for what the loop does."""
    deadline = time.monotonic() + TAKES_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


@JUMPS
def test_jobs_are_placed_recorded_and_waited_for_as_before(
    world: World, engine: FakeEngine, clock: SetClock, loop: threading.Thread, hours: int
) -> None:
    job_type = world.job_type("one")
    before = world.job(job_type)
    until(lambda: len(engine.launched) == 1)
    clock.forward(hours=hours)
    after = world.job(job_type)
    until(lambda: len(engine.launched) == 2)
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
    until(lambda: world.jobs("scale-strike")[0].status == "RUNNING")
    clock.forward(hours=hours)
    (world.incoming / "a.txt").write_text("hello")
    until(lambda: "a.txt" in world.sources())


@JUMPS
def test_the_clock_task_goes_on_and_ends_when_told(world: World, clock: SetClock, hours: int) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=ClockTask(world.context).run, args=(stop,))
    thread.start()
    clock.forward(hours=hours)
    assert thread.is_alive()
    stop.set()
    thread.join(TAKES_SECONDS)
    assert not thread.is_alive()
