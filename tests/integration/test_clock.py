"""The clock task, with a clock that the test moves."""

import logging
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.waiting import join, until, until_equal
from fakes.world import SetClock, World
from scale_core.db.models import JobType, TriggerEvent, TriggerRule, Workspace
from scale_core.interfaces.clock import ClockContext, ClockProcessor
from scale_core.plugin import hookimpl
from scale_core.services.clock_runs import FiredRule
from scale_scheduler.clock import Clock, ClockTask, seconds_to_next_tick

HANGS_SECONDS = 60


class Processors:
    """A plugin with a processor that works, one that does not, and one that takes its time."""

    def __init__(self) -> None:
        self.runs: list[datetime] = []
        self.slow_runs: list[datetime] = []
        self.parameters: list[Mapping[str, Any]] = []
        self.may_end = threading.Event()

    def work(self, context: ClockContext) -> None:
        self.runs.append(context.occurred)
        self.parameters.append(context.parameters)

    def break_down(self, context: ClockContext) -> None:
        raise RuntimeError("broken")

    def hang(self, context: ClockContext) -> None:
        self.slow_runs.append(context.occurred)
        self.may_end.wait(HANGS_SECONDS)

    @hookimpl
    def scale_register_clock_processors(self) -> list[ClockProcessor]:
        return [
            ClockProcessor("works", "Works", self.work, "WORKED"),
            ClockProcessor("breaks", "Breaks", self.break_down, "BROKE"),
            ClockProcessor("hangs", "Hangs", self.hang, "HUNG"),
            ClockProcessor("often", "Often", self.work, "TICK", keeps_events=False),
            ClockProcessor("hangs often", "Hangs", self.hang, "TICK", keeps_events=False),
        ]


class Ticking:
    """The clock, as one process of Scale has it."""

    def __init__(self, world: World) -> None:
        self.stop = threading.Event()
        self._clock = Clock(world.context, self.stop)
        self.processors = self._clock.processors

    def tick(self) -> list[FiredRule]:
        """A tick whose processors have run."""
        fired = self.begin()
        self.processors.wait()
        return fired

    def begin(self) -> list[FiredRule]:
        """A tick whose processors may run still."""
        return self._clock.fire_due()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def processors() -> Processors:
    return Processors()


@pytest.fixture
def world(tmp_path: Path, clock: SetClock, processors: Processors) -> World:
    return World(tmp_path, processors, now=clock)


def at(hour: int, minute: int = 0, second: int = 0, *, day: int = 4) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


def states(world: World) -> list[str]:
    """How far the processors of all firings are."""
    return [one.description["processor"] for one in world.all(TriggerEvent) if one.type == "TICK"]


def is_at(world: World, expected: list[str]) -> bool:
    return states(world) == expected


def fired(world: World) -> list[datetime]:
    return [one.occurred for one in world.all(TriggerEvent) if one.type == "TICK"]


def test_a_rule_fires_once_at_each_slot_of_the_day_and_not_before(
    world: World, clock: SetClock, processors: Processors
) -> None:
    world.rule("works", "PT1H")
    task = Ticking(world)
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


def test_a_processor_is_told_what_its_rule_says_when_it_runs(
    world: World, clock: SetClock, processors: Processors
) -> None:
    rule_id = world.rule("works", "PT1H")
    task = Ticking(world)
    for parameters in (None, {"age": "P1D"}, {"age": "P2D"}):
        if parameters is not None:
            with world.database.write() as session:
                rule = session.get_one(TriggerRule, rule_id)
                rule.configuration = {**rule.configuration, "parameters": parameters}
        clock.forward(hours=1)
        task.tick()
    assert processors.parameters == [{}, {"age": "P1D"}, {"age": "P2D"}]


def test_a_rule_that_keeps_no_events_has_one_that_tells_of_its_last_firing(
    world: World, clock: SetClock, processors: Processors
) -> None:
    world.rule("often", "PT1M")
    task = Ticking(world)
    for _minute in range(3):
        clock.forward(minutes=1)
        assert len(task.tick()) == 1
    assert len(processors.runs) == 3
    assert fired(world) == processors.runs[-1:]
    assert states(world) == ["completed"]
    assert task.tick() == []


def test_a_rule_that_keeps_no_events_does_not_fill_the_log(
    world: World, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    world.rule("often", "PT1M")
    world.rule("works", "PT1M")
    clock.forward(minutes=1)
    with caplog.at_level(logging.INFO):
        assert len(Ticking(world).tick()) == 2
    assert [message for message in caplog.messages if "fired" in message] == ["Clock rule 'works' fired: Works"]


def test_an_event_is_not_taken_from_a_processor_that_still_runs(
    world: World, clock: SetClock, processors: Processors
) -> None:
    world.rule("hangs often", "PT1M")
    task = Ticking(world)
    clock.forward(minutes=1)
    task.begin()
    until(lambda: processors.slow_runs)  # else the next firing would take the place of one that has not begun
    clock.forward(minutes=1)
    task.begin()
    assert len(fired(world)) == 2
    processors.may_end.set()
    task.processors.wait()
    assert processors.slow_runs == fired(world)
    assert states(world) == ["completed", "completed"]


def test_an_event_that_made_jobs_stays_as_it_is(world: World, clock: SetClock, processors: Processors) -> None:
    world.job_type("linked", trigger_rule_id=world.rule("often", "PT1M"))
    task = Ticking(world)
    for _minute in range(2):
        clock.forward(minutes=1)
        task.tick()
    assert fired(world) == processors.runs
    assert len({job.event_id for job in world.jobs("linked")}) == 2


def test_a_restart_does_not_fire_again_and_an_outage_is_caught_up_once(world: World, clock: SetClock) -> None:
    world.rule("works", "PT1H")
    clock.forward(hours=1)
    assert len(Ticking(world).tick()) == 1
    assert Ticking(world).tick() == []
    clock.forward(hours=7)
    assert len(Ticking(world).tick()) == 1
    assert Ticking(world).tick() == []


def test_a_clock_that_jumps_back_fires_nothing_twice(world: World, clock: SetClock) -> None:
    world.rule("works", "PT1H")
    task = Ticking(world)
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
    Ticking(world).tick()
    (job,) = world.jobs("nightly")
    assert job.status == "QUEUED"
    assert job.event_id == world.all(TriggerEvent)[-1].id


def test_a_broken_processor_or_rule_does_not_stop_the_others(
    world: World, clock: SetClock, processors: Processors, caplog: pytest.LogCaptureFixture
) -> None:
    world.rule("breaks", "PT1H")
    world.rule("works", "PT1H")
    clock.forward(hours=1)
    assert len(Ticking(world).tick()) == 2
    assert len(processors.runs) == 1
    assert "Clock processor 'breaks' failed" in caplog.text


def test_an_inactive_rule_rests(world: World, clock: SetClock) -> None:
    rule_id = world.rule("works", "PT1H")
    with world.database.write() as session:
        session.get_one(TriggerRule, rule_id).is_active = False
    clock.forward(hours=1)
    assert Ticking(world).tick() == []


def test_the_builtin_processor_records_the_space_of_workspaces(world: World, clock: SetClock) -> None:
    world.rule("workspace-usage", "PT15M")
    clock.forward(hours=1)
    Ticking(world).tick()
    (workspace,) = world.all(Workspace)
    assert 0 < workspace.used_size < workspace.total_size


def test_the_task_ticks_at_its_start_and_ends_when_told(world: World, clock: SetClock) -> None:
    world.rule("works", "PT1H")
    clock.forward(hours=1)
    stop = threading.Event()
    thread = threading.Thread(target=ClockTask(Clock(world.context)).run, args=(stop,))
    thread.start()
    until(lambda: fired(world))
    stop.set()
    join(thread)
    assert len(fired(world)) == 1


def test_ticks_are_at_the_beginning_of_each_minute_however_long_one_takes() -> None:
    assert seconds_to_next_tick(at(12, 7), at(12, 7)) == 60
    assert seconds_to_next_tick(at(12, 7, 30), at(12, 7, 31)) == 29
    assert seconds_to_next_tick(at(12, 7, 59), at(12, 7, 59)) == 1
    almost = at(12, 7, 59).replace(microsecond=999_999)
    assert seconds_to_next_tick(almost, almost) == pytest.approx(0.000001)


def test_a_minute_that_begins_during_a_tick_has_its_tick_at_once() -> None:
    assert seconds_to_next_tick(at(12, 7, 59), at(12, 8)) == 0
    assert seconds_to_next_tick(at(12, 7), at(12, 9, 30)) == 0


def test_a_wall_clock_that_jumps_during_a_tick_never_makes_it_wait_longer_than_a_minute() -> None:
    assert seconds_to_next_tick(at(12), at(9, 0, 20)) == 0
    assert seconds_to_next_tick(at(12), at(12, 0, 20, day=9)) == 0


def test_a_slow_processor_holds_up_neither_ticks_nor_other_rules(
    world: World, clock: SetClock, processors: Processors, caplog: pytest.LogCaptureFixture
) -> None:
    world.rule("hangs", "PT1M")
    world.rule("works", "PT1M")
    one = Ticking(world)
    moments = [at(13, minute) for minute in range(4)]
    for clock.time in moments:
        assert len(one.begin()) == 2
        until(lambda: len(processors.runs) == clock.time.minute + 1)
        until(lambda: processors.slow_runs == moments[:1])
    processors.may_end.set()
    one.processors.wait()
    # Of the firings that it had no time for, it catches up with the last.
    assert processors.slow_runs == [moments[0], moments[-1]]
    assert "'hangs' takes longer than its period" in caplog.text
    slow = [one.description["processor"] for one in world.all(TriggerEvent) if one.description["rule_name"] == "hangs"]
    assert slow == ["completed", "skipped", "skipped", "completed"]


def test_a_processor_that_a_crash_kept_from_beginning_runs_at_the_next_start(
    world: World, clock: SetClock, processors: Processors
) -> None:
    world.rule("works", "PT1H")
    clock.time = at(13)
    crashed = Ticking(world)
    crashed.stop.set()  # from now on nothing begins
    assert len(crashed.tick()) == 1
    assert (processors.runs, states(world)) == ([], ["due"])

    clock.time = at(13, 20)
    started_again(world)
    assert (processors.runs, states(world)) == ([at(13)], ["completed"])
    started_again(world)
    assert processors.runs == fired(world) == [at(13)]


def test_a_processor_that_a_crash_interrupted_runs_again_but_not_for_ever(
    world: World, clock: SetClock, processors: Processors, caplog: pytest.LogCaptureFixture
) -> None:
    world.rule("hangs", "PT1H")
    clock.time = at(13)
    Ticking(world).begin()  # and the process is killed
    until_equal(lambda: states(world), ["started"])
    for expected in (["started again"], ["failed"], ["failed"]):
        successor = Ticking(world)
        successor.processors.resume()
        until(partial(is_at, world, expected))
    assert processors.slow_runs == [at(13), at(13)]
    assert "'hangs' did not survive Scale twice" in caplog.text
    processors.may_end.set()


def test_a_rule_that_cannot_be_looked_at_does_not_stop_the_others(
    world: World, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    world.rule("first", "no schedule at all")
    world.rule("works", "PT1H")
    clock.time = at(13)
    assert [one.name for one in Ticking(world).tick()] == ["works"]
    assert "Clock rule 1 cannot be looked at" in caplog.text
    trouble, since = world.all(TriggerRule)[0].trouble, world.all(TriggerRule)[0].trouble_since
    assert trouble is not None
    assert trouble.startswith("The plugin of the type 'CLOCK' broke at an event CLOCK")
    clock.time = at(14)
    Ticking(world).tick()
    assert since == at(13)
    assert world.all(TriggerRule)[0].trouble_since == since, "since it first broke"
    with world.database.write() as session:
        rule = session.get_one(TriggerRule, 1)
        rule.configuration = {**rule.configuration, "schedule": "PT1H"}
    assert [one.name for one in Ticking(world).tick()] == ["first"]
    assert [(one.trouble, one.trouble_since) for one in world.all(TriggerRule)] == [(None, None)] * 2


def test_a_clock_that_was_far_ahead_for_a_while_does_not_silence_a_rule(
    world: World, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    world.rule("works", "PT1H")
    clock.time = at(13, 10, day=29)
    assert len(Ticking(world).tick()) == 1
    clock.time = at(13, 10)
    assert Ticking(world).tick() == []
    assert "which is yet to come" in caplog.text
    clock.time = at(13, 59)
    assert Ticking(world).tick() == []
    clock.time = at(14)
    assert len(Ticking(world).tick()) == 1


def started_again(world: World) -> None:
    """A start of Scale, up to its first tick."""
    successor = Ticking(world)
    successor.processors.resume()
    successor.tick()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, SetClock, Processors]]:
    """One installation for many examples, each with a rule of its own."""
    clock, processors = SetClock(), Processors()
    world = World(tmp_path_factory.mktemp("clock"), processors, now=clock)
    yield world, clock, processors
    world.database.close()


STEPS = st.lists(
    st.tuples(
        st.integers(-6 * 3600, 30 * 3600) | st.integers(0, 300),  # seconds until the next tick
        st.sampled_from(["goes on", "is started again", "crashed before the processor ran"]),
    ),
    max_size=12,
)


@given(st.integers(60, 86_400), st.integers(0, 86_399), STEPS)
@settings(max_examples=40, deadline=None)
def test_whatever_happens_each_slot_fires_once_at_most_and_what_was_missed_once(
    shared: tuple[World, SetClock, Processors], period: int, second: int, steps: list[tuple[int, str]]
) -> None:
    world, clock, processors = shared
    clock.time = at(0) + timedelta(seconds=second)
    rule_id = world.rule("works", f"PT{period}S")
    processors.runs.clear()
    running, latest, expected = Ticking(world), clock.time, []
    for seconds, how in steps:
        # Never a day back: then a rule counts anew, see above.
        clock.time = max(clock.time + timedelta(seconds=seconds), latest - timedelta(hours=23))
        if how == "is started again":
            running = Ticking(world)
            running.processors.resume()
            running.processors.wait()
        if how == "crashed before the processor ran":
            running.stop.set()
        count = len(running.tick())
        slots = slots_between(latest, clock.time, period)
        assert count == min(1, slots)
        expected += [clock.time] * count
        latest = max(latest, clock.time)
        if how == "crashed before the processor ran":
            running = Ticking(world)
            running.processors.resume()
            running.processors.wait()
    with world.database.write() as session:
        session.get_one(TriggerRule, rule_id).is_active = False
    recorded = [one.occurred for one in world.all(TriggerEvent) if one.rule_id == rule_id]
    assert recorded == processors.runs == expected


def slots_between(after: datetime, until: datetime, period: int) -> int:
    """How many slots lie after the one moment and not after the other, counted one by one."""
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
    count = 0
    while midnight <= until:
        slots = (midnight + timedelta(seconds=seconds) for seconds in range(0, 86_400, period))
        count += sum(after < slot <= until for slot in slots)
        midnight += timedelta(days=1)
    return count
