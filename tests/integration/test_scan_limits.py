"""How much of a Scan is under way at a time, and what is canceled with it."""

import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from fakes.ingests import Ends, task
from fakes.scans import TEXTS, URLS, Scans
from fakes.waiting import join, until
from fakes.world import World
from scale_core.db.models import Ingest, Job, JobExecution, ScaleFile
from scale_core.services.endings import EndingService, task_report
from scale_core.services.exceptions import Conflict
from scale_core.services.ingesting import IngestingService
from scale_core.services.scan_progress import Seen
from scale_core.services.scan_runs import ScanCanceled, ScanRunService
from scale_generated import models
from scale_generated.queries import ListScansQuery
from scale_scheduler.ingest import IngestPool
from scale_scheduler.ingest_group import CANCELED

MOST = 3


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, scan_open_ingests=MOST)


@pytest.fixture
def scans(world: World) -> Scans:
    return Scans(world)


def fill(world: World, number: int, size: int = 1) -> None:
    for one in range(number):
        with (world.incoming / f"{one}.txt").open("wb") as file:
            file.truncate(size + one)


def statuses(world: World) -> list[str]:
    return [one.status for one in world.all(Ingest)]


def is_handed_on(world: World, number: int) -> bool:
    return len(statuses(world)) == number


def job_id(details: models.ScanDetails) -> int:
    assert details["job"] is not None
    return details["job"]["id"]


def test_more_files_are_handed_on_as_others_are_ingested(world: World, scans: Scans) -> None:
    fill(world, 3 * MOST)
    scan_id = scans.create()
    scan = scans.task(scan_id, job_id(scans.service.process(scan_id, {"ingest": True}, URLS)))
    thread = threading.Thread(target=scan.run, args=[threading.Event()])
    thread.start()
    for turn in range(1, 4):
        until(partial(is_handed_on, world, turn * MOST))
        assert statuses(world).count("TRANSFERRED") == MOST
        assert turn == 3 or thread.is_alive()
        scans.ingest()
    join(thread)
    assert statuses(world) == ["INGESTED"] * 3 * MOST


def test_ingests_whose_jobs_were_canceled_hold_up_no_scan(world: World, scans: Scans) -> None:
    fill(world, MOST)
    scan_id = scans.create()
    job = job_id(scans.service.process(scan_id, {"ingest": True}, URLS))
    service = ScanRunService(world.context)
    order = service.order(scan_id, job)
    assert order is not None
    order = service.record(order, [Seen(f"{one}.txt", 1) for one in range(MOST)], str(world.incoming))
    assert not service.has_room(order, 1)
    with world.database.write() as session:
        for one in world.all(Ingest):
            session.get_one(Job, one.job_id).status = "CANCELED"
    assert service.has_room(order, MOST)


def test_what_has_not_begun_is_canceled_with_the_scan_and_taken_up_with_it(world: World, scans: Scans) -> None:
    fill(world, MOST)
    scan_id = scans.create()
    scans.process(scan_id)
    ids = [one.id for one in world.all(Ingest)]
    ingesting = IngestingService(world.context)
    assert scans.details(scan_id)["ingests_waiting"] == 3
    (order,) = ingesting.begin(ids[:1]).orders
    assert scans.details(scan_id)["ingests_waiting"] == 2
    canceled = scans.service.cancel(scan_id, URLS)
    assert (canceled["ingests_canceled"], canceled["ingests_waiting"]) == (2, 0)
    assert {one["status"]: one["count"] for one in canceled["ingests"]} == {"INGESTING": 1, "TRANSFERRED": 2}
    of_ingests = {one.id: one.status for one in world.all(Job)}
    assert [of_ingests[one.job_id or 0] for one in world.all(Ingest)] == ["QUEUED", "CANCELED", "CANCELED"]
    assert ingesting.begin(ids[1:]).canceled == ids[1:], "tasks that were taken off the queue before"
    with pytest.raises(Conflict, match="nothing to cancel"):
        scans.service.cancel(scan_id, URLS)
    after = scans.process(scan_id)
    assert after["ingests_canceled"] == 0
    assert scans.ingest() == [None, None]
    assert order.ingest_id == ids[0]
    assert statuses(world) == ["INGESTING", "INGESTED", "INGESTED"]
    assert len(world.all(ScaleFile)) == 2
    with pytest.raises(Conflict, match="handed on all"):
        scans.service.process(scan_id, {"ingest": True}, URLS)


def test_the_list_tells_of_each_scan_how_many_of_its_ingests_were_canceled(world: World, scans: Scans) -> None:
    fill(world, 2)
    stopped = scans.create(name="stopped")
    scans.process(stopped)
    scans.service.cancel(stopped, URLS)
    (world.incoming / "more.csv").touch()
    scans.create(name="untouched")
    going_on = scans.create({**TEXTS, "filename_regex": r".*\.csv$"}, name="going-on")
    scans.process(going_on)
    listed = scans.service.list(ListScansQuery(), URLS)
    canceled = {one["name"]: one["ingests_canceled"] for one in listed.results}
    assert canceled == {"stopped": 2, "untouched": 0, "going-on": 0}
    assert {one.scan_id: one.status for one in world.all(Ingest)} == {stopped: "TRANSFERRED", going_on: "TRANSFERRED"}


def test_what_was_taken_off_the_queue_and_has_not_begun_is_taken_up_with_the_scan_too(
    world: World, scans: Scans
) -> None:
    fill(world, MOST)
    scan_id = scans.create()
    scans.process(scan_id)
    jobs = [one.job_id for one in world.all(Ingest)]
    with world.database.write() as session:
        session.execute(update(Job).where(Job.id.in_(jobs)).values(status="RUNNING"))
        session.execute(
            update(JobExecution)
            .where(JobExecution.job_id.in_(jobs))
            .values(status="RUNNING", started=datetime.now(UTC))
        )
    executions = [one.id for one in world.all(JobExecution) if one.job_id in jobs]
    scans.service.cancel(scan_id, URLS)
    EndingService(world.context).finish([task_report(one, CANCELED) for one in executions])
    assert statuses(world) == ["TRANSFERRED"] * MOST
    assert scans.details(scan_id)["ingests_canceled"] == MOST
    scans.process(scan_id)
    assert scans.ingest() == [None] * MOST


def test_a_scan_hands_on_nothing_once_it_is_canceled_though_nobody_has_told_its_task(
    world: World, scans: Scans
) -> None:
    fill(world, 1)
    scan_id = scans.create()
    job = job_id(scans.service.process(scan_id, {"ingest": True}, URLS))
    service = ScanRunService(world.context)
    order = service.order(scan_id, job)
    assert order is not None
    scans.service.cancel(scan_id, URLS)
    with pytest.raises(ScanCanceled):
        service.record(order, [Seen("0.txt", 1)], str(world.incoming))
    scans.task(scan_id, job).run(threading.Event())
    assert world.all(Ingest) == []


@pytest.mark.parametrize("size", [1, 2 << 20], ids=["small", "large"])
def test_tasks_of_canceled_jobs_end_without_a_beginning(world: World, scans: Scans, size: int) -> None:
    fill(world, MOST, size)
    scan_id = scans.create()
    scans.process(scan_id)
    ids = [one.id for one in world.all(Ingest)]
    ends = Ends()
    pool = IngestPool(world.context, ends)
    scans.service.cancel(scan_id, URLS)
    pool.submit([task(one) for one in ids])
    pool.start()
    ends.wait(MOST)
    pool.stop(10)
    assert {None if one is None else one.kind for one in ends.by_execution.values()} == {"canceled"}
    assert statuses(world) == ["TRANSFERRED"] * MOST
    assert world.all(ScaleFile) == []
