"""The scheduler's loop, on a database, with an engine that a test drives."""

import operator
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from fakes.engine import FakeEngine, HoldingEngine, no_agent
from fakes.waiting import SECONDS, join, until, until_equal
from fakes.world import SetClock, World
from scale_core.db.models import Job, JobExecution, JobType, Node, TriggerEvent
from scale_core.db.models import Scheduler as SchedulerRow
from scale_core.domain.placement import Reason
from scale_core.interfaces.engine import EngineSettings, Resources
from scale_core.services.ending_group import EndingGroup
from scale_core.services.endings import EndingService
from scale_core.services.facts import JobTypeFacts
from scale_core.services.jobs import cancel_job
from scale_core.services.new_jobs import NewJob, queue_new_jobs
from scale_core.services.node_admin import NodeAdmin
from scale_core.services.serialization import SerializerContext
from scale_generated.specs.job_data import JobData
from scale_scheduler import scheduler as scheduling
from scale_scheduler.leadership import leadership_of
from scale_scheduler.scheduler import Scheduler


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(EngineSettings(tmp_path))


@pytest.fixture
def scheduler(world: World, engine: FakeEngine) -> Iterator[Scheduler]:
    scheduler = Scheduler(world.context, engine, no_agent)
    scheduler.open()
    scheduler.settle()
    yield scheduler
    scheduler.close()


def statuses(world: World, job_id: int) -> list[str]:
    return [one.status for one in world.executions(job_id)]


def test_a_queued_job_runs_and_completes(world: World, engine: FakeEngine, scheduler: Scheduler) -> None:
    job_id = world.job(world.job_type("one"))
    scheduler.run_once()
    (execution,) = world.executions(job_id)
    assert engine.launched == [execution.id]
    assert world.all(Job)[-1].status == execution.status == "RUNNING"
    assert world.all(Node)[0].id == execution.node_id

    engine.begin(execution.id, "pre")
    scheduler.run_once()
    assert world.executions(job_id)[0].pre_started is not None

    engine.finish(execution.id)
    scheduler.run_once()
    assert world.all(Job)[-1].status == "COMPLETED"
    assert world.all(SchedulerRow)[0].heartbeat is not None


def test_the_engine_hears_of_an_end_only_when_it_is_recorded(
    world: World, engine: FakeEngine, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.job(world.job_type("one"))
    world.job(world.job_type("two"))
    scheduler.run_once()
    done, lost = engine.launched
    engine.finish(done)
    engine.lose(lost)

    def failing(*_given: object) -> None:
        raise OperationalError("UPDATE", {}, sqlite3.OperationalError("disk I/O error"))

    with monkeypatch.context() as patched:
        patched.setattr(EndingService, "finish", failing)
        with pytest.raises(OperationalError):
            scheduler.run_once()
    assert engine.recorded_ends == []
    scheduler.run_once()
    assert sorted(engine.recorded_ends) == sorted([done, lost])


def test_with_nothing_offered_ends_are_recorded_together_until_an_offer_comes(
    world: World, engine: FakeEngine, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scale_scheduler.gathering.FULL_SECONDS", 3600.0)
    for number in range(3):
        world.job(world.job_type(f"type-{number}"))
    scheduler.run_once()
    first, *others = engine.launched
    monkeypatch.setattr(engine, "offers", list)
    is_waiting = threading.Event()
    wait = scheduler._gathering.wait

    def waiting() -> None:
        if scheduler._gathering.seconds_left() > 0:
            is_waiting.set()
        wait()

    monkeypatch.setattr(scheduler._gathering, "wait", waiting)
    engine.finish(first)
    thread = threading.Thread(target=scheduler.run, args=[leadership_of(world.context)])
    thread.start()
    try:
        until_equal(lambda: engine.recorded_ends, [first])
        for one in others:
            engine.finish(one)
        assert is_waiting.wait(SECONDS)
        assert engine.recorded_ends == [first]
        engine.listener.offers_changed()
        until_equal(lambda: engine.recorded_ends, [first, *others])
    finally:
        scheduler.stop()
        join(thread)
    assert engine.stopped


def test_the_engine_is_told_after_each_pass_whether_more_is_wanted(
    world: World, engine: FakeEngine, scheduler: Scheduler
) -> None:
    scheduler.run_once()
    world.job(world.job_type("fits"))
    scheduler.run_once()
    world.job(world.job_type("large", cpus_required=100.0))
    scheduler.run_once()
    assert engine.offers_wanted == [False, False, True]


def test_only_what_fits_is_launched_and_the_rest_knows_why(
    world: World, engine: FakeEngine, scheduler: Scheduler
) -> None:
    large = world.job(world.job_type("large", cpus_required=100.0, priority=1))
    jobs = [world.job(world.job_type(f"small-{n}", cpus_required=3.0)) for n in range(2)]
    scheduler.run_once()
    first, second = (world.executions(job_id)[0] for job_id in jobs)
    assert engine.launched == [first.id]
    waiting = scheduler.waiting(second.id)
    too_large = scheduler.waiting(world.executions(large)[0].id)
    assert waiting is not None
    assert waiting.reason == Reason.IN_USE
    assert too_large is not None
    assert too_large.reason == Reason.TOO_LARGE
    assert "the most cpus that one has is 4" in too_large.detail

    engine.finish(first.id)
    scheduler.run_once()
    assert engine.launched == [first.id, second.id]
    assert scheduler.waiting(second.id) is None


def test_a_lost_execution_is_tried_again_without_costing_a_try(
    world: World, engine: FakeEngine, scheduler: Scheduler
) -> None:
    job_id = world.job(world.job_type("one", max_tries=1))
    scheduler.run_once()
    engine.lose(engine.launched[0])
    scheduler.run_once()
    assert statuses(world, job_id) == ["FAILED", "RUNNING"]
    engine.finish(engine.launched[1], "FAILED", "exit-code")
    scheduler.run_once()
    assert statuses(world, job_id) == ["FAILED", "FAILED"]
    assert world.all(Job)[-1].status == "FAILED"


def test_a_canceled_job_is_killed_once(world: World, engine: FakeEngine, scheduler: Scheduler) -> None:
    job_id = world.job(world.job_type("one"))
    scheduler.run_once()
    with world.database.write() as session:
        cancel_job(session, world.context, session.get_one(Job, job_id))
    scheduler.run_once()
    scheduler.run_once()
    assert engine.killed == engine.launched
    engine.finish(engine.launched[0], "CANCELED", "canceled")
    scheduler.run_once()
    assert statuses(world, job_id) == ["CANCELED"]


def test_a_canceled_strike_stops_watching(world: World, scheduler: Scheduler) -> None:
    world.strike()
    (job,) = world.jobs("scale-strike")
    scheduler.run_once()
    assert statuses(world, job.id) == ["RUNNING"]
    with world.database.write() as session:
        cancel_job(session, world.context, session.get_one(Job, job.id))

    def after_a_pass() -> list[str]:
        scheduler.run_once()
        return statuses(world, job.id)

    until_equal(after_a_pass, ["CANCELED"])
    until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("scale-strike")])


def test_a_file_goes_from_the_directory_to_a_source_file(world: World, scheduler: Scheduler) -> None:
    world.strike()
    scheduler.run_once()
    (world.incoming / "a.txt").write_text("hello")

    def after_a_pass() -> list[str]:
        scheduler.run_once()
        return [job.status for job in world.jobs("scale-ingest")]

    until_equal(after_a_pass, ["COMPLETED"])
    assert list(world.sources()) == ["a.txt"]


def test_a_paused_scheduler_starts_nothing_and_records_what_ends(
    world: World, engine: FakeEngine, scheduler: Scheduler
) -> None:
    job_type = world.job_type("one")
    world.job(job_type)
    scheduler.run_once()
    with world.database.write() as session:
        session.get_one(SchedulerRow, 1).is_paused = True
    second = world.job(job_type)
    engine.finish(engine.launched[0])
    scheduler.run_once()
    assert len(engine.launched) == 1
    assert world.all(Job)[0].status == "COMPLETED"
    waiting = scheduler.waiting(world.executions(second)[0].id)
    assert waiting is not None
    assert waiting.reason == Reason.SCHEDULER_PAUSED


def test_nothing_goes_to_a_paused_node(world: World, engine: FakeEngine, scheduler: Scheduler) -> None:
    engine.sizes["node-2"] = Resources(4, 4096, 10_000)
    scheduler.run_once()
    with world.database.write() as session:
        session.get_one(Node, 1).is_paused = True
    for _ in range(5):
        world.job(world.job_type(f"t{_}"))
    scheduler.run_once()
    assert {where for where, _plan in engine.running.values()} == {world.all(Node)[1].slave_id}
    assert len(engine.running) == 4


def test_a_node_on_which_too_much_fails_is_paused_until_it_is_resumed(
    world: World, engine: FakeEngine, scheduler: Scheduler
) -> None:
    engine.sizes["node-2"] = engine.sizes["node-1"]
    job_type = world.job_type("one", cpus_required=1.0)
    for _ in range(world.context.settings.node_failures * 2):
        world.job(job_type)
        scheduler.run_once()
        for execution_id, (agent_id, _plan) in list(engine.running.items()):
            if agent_id == "node-1":
                engine.finish(execution_id, "FAILED", kind="engine")
            else:
                engine.finish(execution_id)
        scheduler.run_once()
        if any(one.is_paused for one in world.all(Node)):
            break
        engine.sizes["node-2"] = Resources(1.5, 4096, 10_000)  # not all goes to the one that does well
    bad, good = sorted(world.all(Node), key=lambda one: one.slave_id)
    assert (bad.is_paused, bad.is_paused_errors) == (True, True)
    assert "Too much failed on it" in (bad.pause_reason or "")
    assert not good.is_paused

    NodeAdmin(world.context).edit(bad.id, {"is_paused": False}, SerializerContext(""))
    (bad, _good) = sorted(world.all(Node), key=lambda one: one.slave_id)
    assert (bad.is_paused, bad.is_paused_errors, bad.pause_reason) == (False, False, None)
    scheduler.run_once()
    assert not any(one.is_paused for one in world.all(Node))


def test_what_an_engine_fails_to_launch_is_tried_again(world: World, engine: FakeEngine, scheduler: Scheduler) -> None:
    engine.failing_launches = 1
    job_id = world.job(world.job_type("one"))
    scheduler.run_once()
    assert engine.launched == []
    scheduler.run_once()
    assert statuses(world, job_id) == ["FAILED", "RUNNING"]
    assert len(engine.launched) == 1


def test_executions_of_an_earlier_process_are_settled(world: World, engine: FakeEngine, scheduler: Scheduler) -> None:
    world.strike()
    job_id = world.job(world.job_type("one"))
    scheduler.run_once()
    # The process ends here without a word; another one starts, with an engine that knows nothing.
    successor_engine = FakeEngine(EngineSettings(world.folder))
    successor = Scheduler(world.context, successor_engine, no_agent)
    scheduler._tasks.close(2.0)
    successor.open()
    successor.settle()
    successor.run_once()
    assert statuses(world, job_id) == ["FAILED", "RUNNING"]
    assert [one.status for one in world.executions(world.jobs("scale-strike")[0].id)] == ["FAILED", "RUNNING"]
    assert [one.tries for one in world.all(Job)] == [0, 0]
    successor.close()


def test_an_execution_that_cannot_be_claimed_does_not_stop_the_others(
    world: World, engine: FakeEngine, scheduler: Scheduler
) -> None:
    bad = world.job(world.job_type("bad", priority=1))
    with world.database.write() as session:
        session.get_one(Job, bad).data = {"version": "1.0", "input_data": [{"no": "name"}]}
    good = world.job(world.job_type("good"))
    scheduler.run_once()
    assert statuses(world, bad) == ["QUEUED"]
    assert statuses(world, good) == ["RUNNING"]


def test_many_unplaceable_jobs_at_the_head_do_not_stop_the_rest(
    world: World, engine: FakeEngine, scheduler: Scheduler
) -> None:
    head = world.job_type("head", cpus_required=100.0, priority=1)
    now = world.context.now()
    world.job(head)
    with world.database.write() as session:
        one = session.get_one(JobExecution, 1)
        session.add_all(
            JobExecution(
                job_id=one.job_id,
                job_type_id=head,
                status="QUEUED",
                priority=1,
                timeout=60,
                queued=now,
                environment={},
                results={},
                results_manifest={},
                created=now,
                last_modified=now,
            )
            for _ in range(600)
        )
    last = world.job(world.job_type("last"))
    scheduler.run_once()
    assert statuses(world, last) == ["RUNNING"]


def test_what_a_large_idle_cluster_has_room_for_starts_in_one_pass(
    world: World, engine: FakeEngine, scheduler: Scheduler
) -> None:
    engine.sizes = {f"node-{one}": Resources(10, 4096, 10_000) for one in range(20)}
    scheduler.run_once()
    job_type = world.job_type("many")
    for _ in range(200):
        world.job(job_type)
    scheduler.run_once()
    assert len(engine.launched) == 200


def test_many_that_cannot_be_claimed_keep_neither_the_scheduler_busy_nor_others_from_running(
    world: World, engine: FakeEngine, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.sizes = {"node-1": Resources(10_000, 1_000_000, 1_000_000)}
    job_ids = queue_many(world, world.job_type("bad"), 700)
    with world.database.write() as session:
        session.execute(
            update(Job).where(Job.id.in_(job_ids)).values(data={"version": "1.0", "input_data": [{"no": "name"}]})
        )
    for _ in range(6):
        scheduler.run_once()
    world.context.queue_changed.wait(0)
    scheduler.run_once()
    assert not world.context.queue_changed.wait(0), "it asks for another pass though this one placed nothing"
    good = queue_many(world, world.job_type("good"), 1)[0]
    monkeypatch.setattr(scheduler._search, "_looked_far", float("-inf"))
    scheduler.run_once()
    assert statuses(world, good) == ["RUNNING"]


def queue_many(world: World, job_type_id: int, number: int) -> list[int]:
    """Queue jobs of a type; their ids."""
    with world.database.write() as session:
        event = TriggerEvent(type="USER", occurred=world.context.now(), description={})
        session.add(event)
        session.flush()
        job_type = session.get_one(JobType, job_type_id)
        return queue_new_jobs(session, world.context, JobTypeFacts.of(job_type), [NewJob(event.id, JobData())] * number)


def running(world: World, job_type_id: int) -> int:
    """How many executions of a type run."""
    return sum(one.status == "RUNNING" for one in world.all(JobExecution) if one.job_type_id == job_type_id)


def test_whatever_keeps_the_head_from_running_what_is_behind_it_runs(
    world: World, engine: FakeEngine, scheduler: Scheduler
) -> None:
    limited = world.job_type("limited", max_scheduled=2, priority=1)
    large = world.job_type("large", cpus_required=100.0, priority=2)
    ours = world.job_type("ours", docker_image="image", priority=3)
    for job_type_id in (limited, large, ours):
        queue_many(world, job_type_id, 300)
    last = queue_many(world, world.job_type("last", priority=4), 1)[0]
    scheduler.run_once()
    assert running(world, limited) == 2
    assert running(world, large) == 0
    assert statuses(world, last) == ["RUNNING"]


def test_one_that_has_waited_long_gets_its_turn_however_many_come_before_it(tmp_path: Path, engine: FakeEngine) -> None:
    clock = SetClock()
    world = World(tmp_path, now=clock)
    queue_many(world, world.job_type("large", cpus_required=100.0, priority=900), 120)
    patient = queue_many(world, world.job_type("patient", priority=900), 1)[0]
    clock.forward(seconds=world.context.settings.long_wait_seconds + 1)
    urgent = world.job_type("urgent", priority=1)
    queue_many(world, urgent, 700)
    scheduler = Scheduler(world.context, engine, no_agent)
    scheduler.open()
    for _ in range(10):
        scheduler.run_once()
        for execution_id in list(engine.running):
            engine.finish(execution_id)
    scheduler.close()
    assert statuses(world, patient) == ["COMPLETED"]
    done = sum(one.status == "COMPLETED" for one in world.all(JobExecution) if one.job_type_id == urgent)
    assert done >= 30, "those of high priority stood still"


def test_short_jobs_are_handed_ahead_and_others_are_not(tmp_path: Path) -> None:
    world = World(tmp_path)
    engine = HoldingEngine(EngineSettings(tmp_path))
    scheduler = Scheduler(world.context, engine, no_agent)
    scheduler.open()
    short, long = world.job_type("short"), world.job_type("long", priority=200)
    queue_many(world, short, 100)
    queue_many(world, long, 10)
    scheduler.run_once()
    assert (running(world, short), running(world, long)) == (4, 0)

    for execution_id in list(engine.running):
        engine.finish(execution_id, seconds=0.01)
    for _ in range(2):  # how far a pass looks along the queue depends on how much the one before has placed
        scheduler.run_once()
    ahead = running(world, short)
    assert ahead > 4, "how short they are is known now"
    assert running(world, long) == 0
    scheduler.run_once()
    assert running(world, short) == ahead, "a node is handed a bounded amount of work"

    for execution_id in list(engine.running):
        engine.finish(execution_id, seconds=30.0)
    scheduler.run_once()
    assert running(world, short) == 4, "they are short no more"
    scheduler.close()


def test_a_long_running_job_runs_again_whenever_it_ends_but_not_in_a_circle(
    world: World, engine: FakeEngine, scheduler: Scheduler
) -> None:
    job_id = world.job(world.job_type("watcher", is_long_running=True, max_tries=1))

    def launched_in_passes() -> int:
        scheduler.run_once()
        return len(engine.launched)

    for ended, status, kind in ((1, "COMPLETED", None), (2, "FAILED", "exit-code"), (3, "FAILED", "exit-code")):
        until(launched_in_passes, partial(operator.le, ended))
        engine.finish(engine.launched[-1], status, kind)
        scheduler.run_once()
        assert statuses(world, job_id)[-1] == "QUEUED", "one that has just begun runs again only after a pause"
    assert statuses(world, job_id) == ["COMPLETED", "FAILED", "FAILED", "QUEUED"]
    assert world.all(Job)[-1].tries == 2


def test_the_loop_wakes_on_a_commit_survives_failures_and_stops_cleanly(
    world: World, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduling, "POLL_SECONDS", 3600.0)  # what is found has woken it
    scheduler = Scheduler(world.context, engine, no_agent)
    failures = iter([RuntimeError("a bad moment")])
    sync = scheduler._nodes.sync

    def failing_sync(nodes: object) -> object:
        for failure in failures:
            raise failure
        return sync(nodes)  # type: ignore[arg-type]

    monkeypatch.setattr(scheduler._nodes, "sync", failing_sync)
    thread = threading.Thread(target=scheduler.run, args=[leadership_of(world.context)])
    thread.start()
    try:
        until(lambda: engine.offers_wanted)  # a pass is over
        job_id = world.job(world.job_type("one"))
        until(lambda: engine.launched)
    finally:
        scheduler.stop()
        join(thread)
    assert engine.stopped
    assert statuses(world, job_id)[0] == "FAILED"
    assert world.all(Job)[-1].status == "QUEUED"
    assert world.all(SchedulerRow)[0].heartbeat is None


def test_an_end_that_the_database_cannot_take_now_is_recorded_later_as_what_it_was(
    world: World, engine: FakeEngine, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = world.job(world.job_type("one"))
    scheduler.run_once()
    engine.finish(world.executions(job_id)[0].id)
    save = EndingGroup.save
    troubles = [OperationalError("UPDATE", {}, sqlite3.OperationalError("disk I/O error")) for _ in range(2)]

    def save_or_not(group: EndingGroup) -> None:
        if troubles:
            raise troubles.pop()
        save(group)

    monkeypatch.setattr(EndingGroup, "save", save_or_not)
    for _ in range(2):
        with pytest.raises(OperationalError):
            scheduler.run_once()
        assert statuses(world, job_id) == ["RUNNING"]
    scheduler.run_once()
    assert statuses(world, job_id) == ["COMPLETED"]
