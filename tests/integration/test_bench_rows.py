"""What the benchmarks put into databases by themselves, on the database that the tests run on."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from bench.filling import filling
from bench.history import fill
from bench.rows import copy_job
from fakes.world import World
from scale_core.db.bulk import insert_rows
from scale_core.db.models import TALLIES, Job, JobExecution, TriggerEvent


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_copies_of_a_job_have_events_and_executions_of_their_own(world: World) -> None:
    other, this = (world.job(world.job_type(name)) for name in ("other", "this"))
    with world.database.write() as session:
        copy_job(session, this, 2)
        copy_job(session, this, 0)
    jobs = [one for one in world.all(Job) if one.id > this]
    type_id = next(one.job_type_id for one in world.all(Job) if one.id == this)
    assert [one.job_type_id for one in jobs] == [type_id, type_id]
    assert len({one.event_id for one in world.all(Job)}) == 2 + len(jobs)
    assert [[one.status for one in world.executions(job.id)] for job in jobs] == [["QUEUED"], ["QUEUED"]]
    assert len(world.executions(other)) == 1


def test_what_is_queued_after_copies_has_ids_of_its_own(world: World) -> None:
    job_type = world.job_type("this")
    first = world.job(job_type)
    with world.database.write() as session:
        copy_job(session, first, 3)
    assert world.job(job_type) == first + 4


def test_a_history_is_counted_and_what_comes_later_follows_it(world: World) -> None:
    fill(world.database, 40)
    with world.database.read() as session:
        last = session.scalars(select(func.max(Job.id))).one()
        assert session.scalar(select(func.count()).select_from(JobExecution)) == 40
        for tally in TALLIES:
            table = Job.metadata.tables[tally.name]
            counted = session.scalar(select(func.count()).select_from(Job.metadata.tables[tally.counted]))
            assert session.scalar(select(func.coalesce(func.sum(table.c.number), 0))) == counted, tally.name
    assert world.job(world.job_type("later")) == last + 1


def test_triggers_count_again_after_filling(world: World) -> None:
    with filling(world.database):
        pass
    with world.database.write() as session:
        insert_rows(session, TriggerEvent, [{"type": "USER", "occurred": world.context.now(), "description": {}}])
    with world.database.read() as session:
        tally = TriggerEvent.metadata.tables["trigger_event_tally"]
        assert session.scalar(select(func.sum(tally.c.number))) == 1
