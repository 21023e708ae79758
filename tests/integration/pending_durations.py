"""Held back: waits for ends that are never before beginnings, whatever the wall clock did in between."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.engine import FakeEngine
from fakes.world import SetClock, World
from scale_core.db.models import Job, JobExecution
from scale_core.interfaces.engine import EngineSettings
from scale_core.runner.client import start_agent
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
    until(lambda: world.all(Job)[0].status == status)
    for row in (world.all(Job)[0], world.all(JobExecution)[0]):
        assert row.queued <= row.started <= row.ended
        assert row.created <= row.last_modified


def test_a_job_that_was_queued_in_the_future_starts_no_earlier(
    world: World, engine: FakeEngine, clock: SetClock
) -> None:
    clock.forward(hours=5)
    world.job(world.job_type("one"))
    clock.forward(hours=-5)
    scheduler = Scheduler(world.context, engine, start_agent)
    scheduler.open()
    scheduler.run_once()
    (execution,) = world.all(JobExecution)
    assert execution.status == "RUNNING"
    assert execution.queued <= execution.started
    scheduler.close()
