"""The clock task, with a clock that the test moves."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fakes.world import SetClock, World
from scale_core.db.models import JobType, TriggerEvent, TriggerRule, Workspace
from scale_core.interfaces.clock import ClockContext, ClockProcessor
from scale_core.plugin import hookimpl
from scale_scheduler.clock import ClockTask, seconds_to_next_minute


class Processors:
    """A plugin with a processor that works and one that does not."""

    def __init__(self) -> None:
        self.runs: list[datetime] = []

    def work(self, context: ClockContext) -> None:
        self.runs.append(context.occurred)

    def break_down(self, context: ClockContext) -> None:
        raise RuntimeError("broken")

    @hookimpl
    def scale_register_clock_processors(self) -> list[ClockProcessor]:
        return [
            ClockProcessor("works", "Works", self.work, "WORKED"),
            ClockProcessor("breaks", "Breaks", self.break_down, "BROKE"),
        ]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def processors() -> Processors:
    return Processors()


@pytest.fixture
def world(tmp_path: Path, clock: SetClock, processors: Processors) -> World:
    return World(tmp_path, processors, now=clock)


def fired(world: World) -> list[datetime]:
    return [one.occurred for one in world.all(TriggerEvent) if one.type == "TICK"]


def test_a_rule_fires_once_at_each_slot_of_the_day_and_not_before(
    world: World, clock: SetClock, processors: Processors
) -> None:
    world.rule("works", "PT1H")
    task = ClockTask(world.context)
    assert task.tick() == []
    clock.time = datetime(2026, 3, 4, 13, 7, tzinfo=UTC)
    assert [one.name for one in task.tick()] == ["works"]
    assert task.tick() == []
    clock.time = datetime(2026, 3, 4, 13, 59, 59, tzinfo=UTC)
    assert task.tick() == []
    clock.time = datetime(2026, 3, 4, 14, 0, tzinfo=UTC)
    assert len(task.tick()) == 1
    assert (
        fired(world)
        == processors.runs
        == [
            datetime(2026, 3, 4, 13, 7, tzinfo=UTC),
            datetime(2026, 3, 4, 14, 0, tzinfo=UTC),
        ]
    )


def test_a_restart_does_not_fire_again_and_an_outage_is_caught_up_once(world: World, clock: SetClock) -> None:
    world.rule("works", "PT1H")
    clock.forward(hours=1)
    assert len(ClockTask(world.context).tick()) == 1
    assert ClockTask(world.context).tick() == []
    clock.forward(hours=7)
    assert len(ClockTask(world.context).tick()) == 1
    assert ClockTask(world.context).tick() == []


def test_a_clock_that_jumps_back_fires_nothing_twice(world: World, clock: SetClock) -> None:
    world.rule("works", "PT1H")
    task = ClockTask(world.context)
    clock.forward(hours=2)
    assert len(task.tick()) == 1
    clock.forward(hours=-1)
    assert task.tick() == []


def test_a_rule_starts_the_job_types_that_are_linked_to_it(world: World, clock: SetClock) -> None:
    rule_id = world.rule("anything", "PT1H")
    job_type = world.job_type("nightly")
    with world.database.write() as session:
        session.get_one(JobType, job_type).trigger_rule_id = rule_id
    clock.forward(hours=1)
    ClockTask(world.context).tick()
    (job,) = world.jobs("nightly")
    assert job.status == "QUEUED"
    assert job.event_id == world.all(TriggerEvent)[-1].id


def test_a_broken_processor_or_rule_does_not_stop_the_others(
    world: World, clock: SetClock, processors: Processors, caplog: pytest.LogCaptureFixture
) -> None:
    world.rule("breaks", "PT1H")
    world.rule("works", "PT1H")
    clock.forward(hours=1)
    assert len(ClockTask(world.context).tick()) == 2
    assert len(processors.runs) == 1
    assert "Clock processor 'breaks' failed" in caplog.text


def test_an_inactive_rule_rests(world: World, clock: SetClock) -> None:
    rule_id = world.rule("works", "PT1H")
    with world.database.write() as session:
        session.get_one(TriggerRule, rule_id).is_active = False
    clock.forward(hours=1)
    assert ClockTask(world.context).tick() == []


def test_the_builtin_processor_records_the_space_of_workspaces(world: World, clock: SetClock) -> None:
    world.rule("workspace-usage", "PT15M")
    clock.forward(hours=1)
    ClockTask(world.context).tick()
    (workspace,) = world.all(Workspace)
    assert 0 < workspace.used_size < workspace.total_size


def test_the_task_ticks_at_its_start_and_ends_when_told(world: World, clock: SetClock) -> None:
    world.rule("works", "PT1H")
    clock.forward(hours=1)
    stop = threading.Event()
    thread = threading.Thread(target=ClockTask(world.context).run, args=(stop,))
    thread.start()
    deadline = time.monotonic() + 5
    while not fired(world) and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert len(fired(world)) == 1


@pytest.mark.parametrize(
    ("second", "microsecond", "expected"), [(0, 0, 60.0), (59, 0, 1.0), (30, 500_000, 29.5), (59, 999_999, 0.000001)]
)
def test_ticks_are_aligned_to_minutes(second: int, microsecond: int, expected: float) -> None:
    now = datetime(2026, 3, 4, 12, 7, second, microsecond, tzinfo=UTC)
    assert seconds_to_next_minute(now) == pytest.approx(expected)
