"""Prompt ingests: small files that Strike ingests itself, and everything that is left to the queue."""

import gc
import hashlib
import os
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from fakes.waiting import SECONDS, join, until
from fakes.world import SetClock, World
from scale_broker_host.broker import HostBroker
from scale_core.db.models import Ingest, Job, JobType, ScaleFile, TriggerEvent, Workspace
from scale_core.interfaces.broker import BrokerError, LinkUnsupported, StoredFile
from scale_core.interfaces.notice import FileIngested, JobStatusChanged
from scale_core.plugin import hookimpl
from scale_core.services.prompt_ingests import SMALL, LinkedFile, PromptIngestService
from scale_core.services.transfers import TransferService
from scale_core.watching import tracker as tracker_module
from scale_core.watching.directory import WatchedDirectory
from scale_core.watching.records import Arrival, WatchOrder
from scale_core.watching.tracker import Tracker
from scale_scheduler.strike.file_worker import FileWorker
from scale_scheduler.strike.process import StrikeProcess
from scale_scheduler.strike.prompt import PromptIngests

FILES, GROUPS = 256, 4


class Notices:
    """A plugin that remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    @hookimpl
    def scale_file_ingested(self, file: FileIngested) -> None:
        self.told.append(file.file_name)

    @hookimpl
    def scale_job_status_changed(self, change: JobStatusChanged) -> None:
        if change.job_type_name == "scale-ingest":
            self.told.append(change.new)


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def world(tmp_path: Path, notices: Notices) -> World:
    world = World(tmp_path, notices, now=SetClock())  # files are stored by the day
    world.strike()
    return world


Look = Callable[[], None]


@pytest.fixture
def order(world: World) -> WatchOrder:
    order = TransferService(world.context).order(1)
    assert order is not None
    return order


@pytest.fixture
def look(world: World, order: WatchOrder) -> Look:
    """A Strike process that starts, looks once at its directory, and ends."""

    def look() -> None:
        with (
            WatchedDirectory(world.incoming) as directory,
            FileWorker() as worker,
            PromptIngests(world.context, order, worker) as prompt,
        ):
            tracker = Tracker(TransferService(world.context), order, directory, prompt, worker.move)
            tracker.recover()
            tracker.look()

    return look


def until_recorded(world: World, number: int) -> None:
    until(world.ingests, lambda found: len(found) >= number)


def kept(world: World) -> list[str]:
    """Names in Strike's folder."""
    return sorted(path.name for path in (world.incoming / "ingesting").iterdir())


def test_the_first_group_is_small_and_those_behind_it_are_large(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, sizes = PromptIngestService.record, []
    all_moved = threading.Event()

    def record_later(
        self: PromptIngestService, order: WatchOrder, files: Sequence[LinkedFile], started: datetime
    ) -> list[LinkedFile]:
        sizes.append(len(files))
        assert all_moved.wait(SECONDS)
        return record(self, order, files, started)

    monkeypatch.setattr(PromptIngestService, "record", record_later)
    monkeypatch.setattr(tracker_module, "FIRST_GROUP", 3)
    monkeypatch.setattr(tracker_module, "GROUP", 10)
    for number in range(20):
        (world.incoming / f"{number}.txt").write_text(str(number))

    def let_go() -> None:
        folder = world.incoming / "ingesting"
        until(lambda: folder.is_dir() and len(kept(world)) == 20)
        all_moved.set()

    letting_go = threading.Thread(target=let_go)
    letting_go.start()
    look()
    join(letting_go)
    assert sizes == [3, 10, 7]
    assert len(world.ingests()) == 20


def test_a_small_file_is_a_source_file_with_all_its_rows_at_once(world: World, look: Look, notices: Notices) -> None:
    (world.incoming / "a.txt").write_bytes(b"hello")
    look()
    (ingest,) = world.all(Ingest)
    (file,) = world.all(ScaleFile)
    (job,) = world.jobs("scale-ingest")
    (execution,) = world.executions(job.id)
    transferred, ingested = world.all(TriggerEvent)[-2:]
    assert (ingest.status, ingest.job_id, ingest.source_file_id) == ("INGESTED", job.id, file.id)
    assert (ingest.file_size, ingest.bytes_transferred, ingest.data_type) == (5, 5, ["a", "b"])
    times = (ingest.transfer_started, ingest.transfer_ended, ingest.ingest_started, ingest.ingest_ended)
    assert None not in times
    assert (file.file_type, file.file_size, file.media_type, file.data_type) == ("SOURCE", 5, "text/plain", ["a", "b"])
    assert file.checksum == f"sha256:{hashlib.sha256(b'hello').hexdigest()}"
    assert (world.storage / file.file_path).read_bytes() == b"hello"
    assert (world.storage / file.file_path).stat().st_nlink == 1
    assert (job.status, job.event_id, job.num_exes) == ("COMPLETED", transferred.id, 1)
    assert job.data["input_data"] == [{"name": "ingest_id", "value": str(ingest.id)}]
    assert (execution.status, execution.error_id) == ("COMPLETED", None)
    assert None not in (job.queued, job.started, job.ended)
    assert transferred.type == "STRIKE_TRANSFER"
    assert transferred.description["ingest_id"] == ingest.id
    assert (ingested.type, ingested.description["file_id"]) == ("INGEST", file.id)
    assert ingested.description["ingest_id"] == ingest.id
    assert kept(world) == []
    assert [*notices.told] == ["PENDING", "QUEUED", "RUNNING", "COMPLETED", "a.txt"]


def test_many_files_are_each_ingested_once(world: World, look: Look) -> None:
    for number in range(1200):
        (world.incoming / f"{number}.txt").write_bytes(str(number).encode())
    look()
    assert [one.status for one in world.all(Ingest)] == ["INGESTED"] * 1200
    assert {name: (world.storage / file.file_path).read_text() for name, file in world.sources().items()} == {
        f"{number}.txt": str(number) for number in range(1200)
    }
    assert [one.status for one in world.jobs("scale-ingest")] == ["COMPLETED"] * 1200
    assert kept(world) == []


@pytest.mark.any_database
def test_what_a_strike_keeps_in_memory_does_not_grow_with_the_files_that_it_has_ingested(
    world: World, order: WatchOrder, notices: Notices
) -> None:
    with (
        WatchedDirectory(world.incoming) as directory,
        FileWorker() as worker,
        PromptIngests(world.context, order, worker) as prompt,
    ):
        tracker = Tracker(TransferService(world.context), order, directory, prompt, worker.move)

        def kept_after(group: int) -> int:
            """Blocks of memory that Python has allocated, once a further group of files is ingested."""
            for number in range(FILES):
                (world.incoming / f"{group}-{number}.txt").write_text(f"{group}-{number}")
            tracker.look()
            until(lambda: prompt.is_idle)
            notices.told.clear()
            gc.collect()
            return sys.getallocatedblocks()

        kept = [kept_after(group) for group in range(2 + GROUPS)]
    assert set(world.ingests().values()) == {"INGESTED"}
    assert len(world.ingests()) == len(kept) * FILES
    # Of the first two, statements are kept; of each file, one number would be a block.
    assert kept[-1] - kept[1] < GROUPS * FILES / 2, kept


def test_the_ingest_that_watched_the_transfer_goes_on(world: World, order: WatchOrder) -> None:
    part = world.incoming / "a.txt_tmp"
    part.write_bytes(b"hel")
    with (
        WatchedDirectory(world.incoming) as directory,
        FileWorker() as worker,
        PromptIngests(world.context, order, worker) as prompt,
    ):
        tracker = Tracker(TransferService(world.context), order, directory, prompt, worker.move)
        tracker.look()
        assert world.ingests() == {"a.txt": "TRANSFERRING"}
        part.write_bytes(b"hello")
        part.rename(world.incoming / "a.txt")
        tracker.look()
    (ingest,) = world.all(Ingest)
    assert (ingest.status, ingest.file_size, ingest.bytes_transferred) == ("INGESTED", 5, 5)


def pause_scheduling(world: World) -> None:
    world.pause()


def pause_the_job_type(world: World) -> None:
    _change_job_type(world, is_paused=True)


def limit_the_job_type(world: World) -> None:
    _change_job_type(world, max_scheduled=3)


def make_the_file_large(world: World) -> None:
    with (world.incoming / "a.txt").open("r+b") as file:
        file.truncate(SMALL)


def put_another_file_there(world: World) -> None:
    place = world.storage / "in" / f"{world.context.now():%Y/%m/%d}" / "a.txt"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"something else")


def give_it_another_name(world: World) -> None:
    (world.folder / "other").hardlink_to(world.incoming / "a.txt")


def deactivate_the_workspace(world: World) -> None:
    with world.database.write() as session:
        session.get_one(Workspace, 1).is_active = False


def _change_job_type(world: World, **values: Any) -> None:
    (job_type,) = [one for one in world.all(JobType) if one.name == "scale-ingest"]
    with world.database.write() as session:
        for name, value in values.items():
            setattr(session.get_one(JobType, job_type.id), name, value)


@pytest.mark.parametrize(
    "hindrance",
    [
        pause_scheduling,
        pause_the_job_type,
        limit_the_job_type,
        make_the_file_large,
        put_another_file_there,
        give_it_another_name,
        deactivate_the_workspace,
    ],
)
def test_what_may_not_be_ingested_promptly_waits_in_the_queue(
    world: World, look: Look, hindrance: Callable[[World], None]
) -> None:
    (world.incoming / "a.txt").write_bytes(b"hello")
    hindrance(world)
    look()
    (ingest,) = world.all(Ingest)
    (job,) = world.jobs("scale-ingest")
    assert (ingest.status, ingest.job_id, job.status) == ("TRANSFERRED", job.id, "QUEUED")
    assert kept(world) == ["a.txt"]
    assert not world.all(ScaleFile)


def test_the_same_content_again_is_left_to_the_queue_which_finds_duplicates(world: World, look: Look) -> None:
    (world.incoming / "a.txt").write_bytes(b"hello")
    look()
    (file,) = world.all(ScaleFile)
    with world.database.write() as session:
        session.get_one(ScaleFile, file.id).file_path = "elsewhere/a.txt"
    (world.storage / file.file_path).rename(world.storage / "a.txt")
    (world.incoming / "a.txt").write_bytes(b"hello")
    look()
    assert [one.status for one in world.all(Ingest)] == ["INGESTED", "TRANSFERRED"]
    assert kept(world) == ["a.txt"]
    assert not (world.storage / file.file_path).exists(), "its further name is gone"


def test_a_workspace_that_cannot_link_is_left_alone_for_a_while(
    world: World, order: WatchOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def refuse(self: HostBroker, files: Sequence[tuple[Path, str]]) -> list[StoredFile | BrokerError]:
        asked.append(len(files))
        return [LinkUnsupported("no links")] * len(files)

    monkeypatch.setattr(HostBroker, "link_many", refuse)
    now = 0.0
    with (
        WatchedDirectory(world.incoming) as directory,
        FileWorker() as worker,
        PromptIngests(world.context, order, worker, monotonic=lambda: now) as prompt,
    ):
        tracker = Tracker(TransferService(world.context), order, directory, prompt, worker.move)
        for number, (moment, name) in enumerate(((0.0, "a.txt"), (1.0, "b.txt"), (1000.0, "c.txt")), 1):
            now = moment
            (world.incoming / name).write_bytes(name.encode())
            tracker.look()
            until_recorded(world, number)
    assert asked == [1, 1], "the second file did not try"
    assert set(world.ingests().values()) == {"TRANSFERRED"}


def test_a_broken_broker_is_the_queues_business(world: World, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_arguments: object) -> None:
        raise ZeroDivisionError("a mistake in a plugin")

    monkeypatch.setattr(HostBroker, "link_many", break_down)
    (world.incoming / "a.txt").write_bytes(b"hello")
    look()
    assert world.ingests() == {"a.txt": "TRANSFERRED"}


def test_what_cannot_be_synced_is_left_to_the_queue_without_its_further_name(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: HostBroker, paths: Sequence[str]) -> None:
        assert [(world.storage / path).stat().st_nlink for path in paths] == [2]
        raise BrokerError("the disk is broken")

    monkeypatch.setattr(HostBroker, "sync_links", fail)
    (world.incoming / "a.txt").write_bytes(b"hello")
    look()
    assert world.ingests() == {"a.txt": "TRANSFERRED"}
    assert kept(world) == ["a.txt"]
    assert not world.all(ScaleFile)
    assert not [path for path in world.storage.rglob("*") if path.is_file()]


def test_killed_before_the_record_the_file_is_ingested_by_the_queue(
    world: World, order: WatchOrder, look: Look
) -> None:
    """The link is there, and no row."""
    (world.incoming / "ingesting").mkdir()
    kept_file = world.incoming / "ingesting" / "a.txt"
    kept_file.write_bytes(b"hello")
    place = world.storage / "in" / f"{world.context.now():%Y/%m/%d}" / "a.txt"
    place.parent.mkdir(parents=True)
    place.hardlink_to(kept_file)
    look()
    assert world.ingests() == {"a.txt": "TRANSFERRED"}
    assert kept(world) == ["a.txt"]


def test_killed_after_the_record_only_the_name_is_removed(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are there, and Strike's name too."""
    unlink = os.unlink
    monkeypatch.setattr(os, "unlink", lambda path: None)
    (world.incoming / "a.txt").write_bytes(b"hello")
    look()
    monkeypatch.setattr(os, "unlink", unlink)
    assert kept(world) == ["a.txt"]
    look()
    assert world.ingests() == {"a.txt": "INGESTED"}
    assert len(world.all(Ingest)) == len(world.all(ScaleFile)) == 1
    assert kept(world) == []
    assert (world.storage / world.sources()["a.txt"].file_path).read_bytes() == b"hello"


def test_a_new_file_of_that_name_is_not_taken_for_the_one_that_was_ingested(world: World, look: Look) -> None:
    (world.incoming / "a.txt").write_bytes(b"hello")
    look()
    other = world.folder / "other"
    other.write_bytes(b"hello again")
    (world.incoming / "ingesting" / "a.txt").hardlink_to(other)
    look()
    assert [one.status for one in world.all(Ingest)] == ["INGESTED", "TRANSFERRED"]
    assert kept(world) == ["a.txt"]


def test_a_database_that_fails_costs_no_file(
    world: World, order: WatchOrder, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = PromptIngestService.record
    failed = threading.Event()

    def fail(self: PromptIngestService, order: WatchOrder, files: Sequence[LinkedFile], started: datetime) -> Any:
        failed.set()
        raise OperationalError("INSERT", {}, Exception("disk I/O error"))

    monkeypatch.setattr(PromptIngestService, "record", fail)
    arrival = Arrival("a.txt", str(world.incoming / "a.txt"), str(world.incoming / "ingesting" / "a.txt"), 5)
    (rule,) = order.configuration.files_to_ingest
    (world.incoming / "ingesting").mkdir()
    Path(arrival.path).write_bytes(b"hello")
    with FileWorker() as worker, PromptIngests(world.context, order, worker) as prompt:
        prompt.take([*prompt.plan({arrival: rule}).values()])
        assert failed.wait(SECONDS)
    with pytest.raises(OperationalError, match="disk I/O error"):
        prompt.plan({arrival: rule})
    monkeypatch.setattr(PromptIngestService, "record", record)
    assert not world.all(Ingest)
    look()
    assert world.ingests() == {"a.txt": "TRANSFERRED"}
    assert len(world.all(Job)) == 2, "the Strike's and the ingest's"


def test_what_could_not_be_recorded_is_though_no_other_file_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = PromptIngestService.record
    troubles = [OperationalError("INSERT", {}, Exception("server closed the connection"))]

    def record_or_not(self: PromptIngestService, *arguments: Any) -> list[LinkedFile]:
        if troubles:
            raise troubles.pop()
        return record(self, *arguments)

    monkeypatch.setattr(PromptIngestService, "record", record_or_not)
    stop = threading.Event()
    execution_id = world.executions(world.jobs("scale-strike")[0].id)[0].id
    thread = threading.Thread(target=StrikeProcess(world.context, 1, execution_id).run, args=[stop])
    thread.start()
    try:
        (world.incoming / "a.txt").write_bytes(b"hello")
        until_recorded(world, 1)
    finally:
        stop.set()
        join(thread)
    assert troubles == []
    assert world.ingests() == {"a.txt": "TRANSFERRED"}
