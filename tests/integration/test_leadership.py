"""Of several schedulers on one database one leads, another follows when it is gone, and none works beside it."""

import operator
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from fakes.engine import FakeEngine, no_agent
from fakes.waiting import SECONDS, join, until, until_equal
from fakes.world import World
from scale_core.interfaces.engine import EngineSettings
from scale_core.services.context import Context, Wakeup
from scale_core.services.heartbeat import HeartbeatService
from scale_scheduler import scheduler as scheduling
from scale_scheduler.leadership import ADVISORY_LOCK, Leadership, leadership_of
from scale_scheduler.listener import QueueListener
from scale_scheduler.scheduler import Scheduler


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.database.close()


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(EngineSettings(tmp_path))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "LEAD_SECONDS", 0.02)
    monkeypatch.setattr(scheduling, "POLL_SECONDS", 0.02)


class ShakyLeadership(Leadership):
    """Is lost as often as it is told to be; whether it can be had again is told too."""

    def __init__(self, losses: int, *, returns: bool = True) -> None:
        self.losses, self.returns = losses, returns
        self.taken = 0
        self._is_released = False

    def take(self) -> bool:
        self.taken += 1
        self._is_released = False
        return self.taken == 1 or self.returns

    def is_kept(self) -> bool:
        self.losses -= 1
        return self.losses < 0 and not self._is_released

    def release(self) -> None:
        self._is_released = True


class Running:
    """A scheduler in a thread."""

    def __init__(self, context: Context, engine: FakeEngine, leadership: Leadership) -> None:
        self.scheduler = Scheduler(context, engine, no_agent)
        self._thread = threading.Thread(target=self.scheduler.run, args=[leadership], daemon=True)
        self._thread.start()

    def join(self) -> None:
        join(self._thread)

    def stop(self) -> None:
        self.scheduler.stop()
        self.join()


def test_one_has_it_until_it_lets_go(world: World) -> None:
    first, second = leadership_of(world.context), leadership_of(world.context)
    assert first.take()
    assert not second.take()
    assert first.take(), "who leads may ask again"
    assert (first.is_kept(), second.is_kept()) == (True, False)
    first.release()
    assert second.take()
    assert not first.is_kept()
    second.release()


def test_a_second_scheduler_starts_nothing_until_the_first_lets_go(
    world: World, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.job(world.job_type("one"))
    first = leadership_of(world.context)
    assert first.take()
    follower = leadership_of(world.context)
    take, refusals = follower.take, []

    def take_or_not() -> bool:
        if not (is_taken := take()):
            refusals.append(follower)
        return is_taken

    monkeypatch.setattr(follower, "take", take_or_not)
    second = Running(world.context, engine, follower)
    until(lambda: len(refusals), partial(operator.le, 5))
    assert engine.launched == []
    first.release()
    until_equal(lambda: len(engine.launched), 1)
    second.stop()
    assert not second.scheduler.has_lost_lead
    assert leadership_of(world.context).take(), "it lets go when it has stopped"


def test_a_lead_that_is_lost_for_a_moment_is_taken_again_and_nothing_is_disturbed(
    world: World, engine: FakeEngine
) -> None:
    world.job(world.job_type("one"))
    leadership = ShakyLeadership(losses=3)
    running = Running(world.context, engine, leadership)
    until(lambda: len(engine.launched) == 1 and leadership.losses < 0)
    running.stop()
    assert leadership.taken == 4
    assert engine.killed == []
    assert not running.scheduler.has_lost_lead


@pytest.mark.parametrize("returns", [False, True], ids=["another leads", "another has led meanwhile"])
def test_who_has_lost_the_lead_ends_and_leaves_all_to_the_other(
    world: World, engine: FakeEngine, returns: bool
) -> None:
    job_id = world.job(world.job_type("one"))
    world.strike()
    leadership = ShakyLeadership(losses=-(10**9), returns=returns)
    running = Running(world.context, engine, leadership)
    until_equal(lambda: len(engine.launched), 1)
    heartbeat = HeartbeatService(world.context)
    heartbeat.lead("the other")
    leadership.losses = 1
    running.join()
    assert running.scheduler.has_lost_lead
    assert heartbeat.leader() == "the other"
    strike = world.jobs("scale-strike")[0]
    assert [one.status for one in world.executions(job_id)] == ["RUNNING"], "it is the other's to settle"
    assert [one.status for one in world.executions(strike.id)] == ["RUNNING"]


def test_who_cannot_tell_whether_another_has_led_asks_again_before_it_works(
    world: World, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lead is had again, and then the database is away for a moment."""
    world.job(world.job_type("one"))
    leadership = ShakyLeadership(losses=-(10**9))
    running = Running(world.context, engine, leadership)
    until_equal(lambda: len(engine.launched), 1)
    HeartbeatService(world.context).lead("the other")
    troubles = [OperationalError("SELECT", {}, sqlite3.OperationalError("disk I/O error"))]
    leader = HeartbeatService.leader

    def leader_or_not(service: HeartbeatService) -> str | None:
        if troubles:
            raise troubles.pop()
        return leader(service)

    monkeypatch.setattr(HeartbeatService, "leader", leader_or_not)
    leadership.losses = 1
    running.join()
    assert troubles == []
    assert running.scheduler.has_lost_lead


@pytest.mark.postgresql
def test_a_session_that_the_server_ends_has_lost_the_lead(world: World) -> None:
    first, second = leadership_of(world.context), leadership_of(world.context)
    assert first.take()
    with world.database.engine.begin() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key"),
            {"key": ADVISORY_LOCK},
        )
    assert not first.is_kept()
    until(second.take)  # the server tells of the end before it lets go of what the session held
    assert not first.take()
    second.release()


@pytest.mark.postgresql
def test_the_scheduler_hears_what_another_process_commits_and_goes_on_after_a_cut(world: World) -> None:
    own = Wakeup()
    listener = QueueListener(world.database, own.set)
    listener.start()
    assert own.wait(SECONDS), "at the start: something may have been missed"
    job_type = world.job_type("one")
    other = replace(world.context, queue_changed=Wakeup())
    world.context = other
    world.job(job_type)
    assert own.wait(SECONDS)
    with world.database.engine.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'"))
    assert own.wait(SECONDS), "when it listens again"
    world.job(job_type)
    assert own.wait(SECONDS)
    listener.stop()
