"""Strike on real directories, as far as the queue: nothing is ingested promptly, for scheduling is paused."""

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.world import World
from scale_core.db.models import Ingest, JobExecution, Strike
from scale_core.services.transfer_plans import NO_RULE
from scale_core.services.transfer_records import Arrival, WatchOrder
from scale_core.services.transfers import TransferService
from scale_scheduler.strike.process import StrikeProcess


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.pause()
    return world


@contextmanager
def watching(world: World, strike_id: int, *, poll: bool | None = None) -> Iterator[None]:
    """A running Strike process."""
    execution_id = world.executions(world.jobs("scale-strike")[0].id)[0].id
    stop = threading.Event()
    process = StrikeProcess(world.context, strike_id, execution_id, poll=poll)
    thread = threading.Thread(target=process.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive(), "a Strike process did not stop"


def wait_for(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait until ``condition`` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not after {seconds} s"
        time.sleep(0.01)


def transfer(world: World, name: str, content: bytes = b"content", suffix: str = "_tmp") -> None:
    """Copy a file the way a transfer does."""
    part = world.incoming / f"{name}{suffix}"
    part.write_bytes(content)
    part.rename(world.incoming / name)


@pytest.mark.parametrize("poll", [False, True], ids=["listening", "looking"])
def test_a_transferred_file_gets_an_ingest_and_a_job(world: World, poll: bool) -> None:
    strike_id = world.strike()
    with watching(world, strike_id, poll=poll):
        time.sleep(0.4)
        transfer(world, "a.txt", b"hello")
        wait_for(lambda: world.ingests() == {"a.txt": "TRANSFERRED"})
    (ingest,) = world.all(Ingest)
    (job,) = world.jobs("scale-ingest")
    now = ingest.transfer_ended
    assert ingest.file_size == ingest.bytes_transferred == 5
    assert ingest.file_path == f"in/{now:%Y/%m/%d}/a.txt"
    assert ingest.ingest_path == str(world.incoming / "ingesting" / "a.txt")
    assert Path(ingest.ingest_path).read_bytes() == b"hello"
    assert (ingest.media_type, ingest.data_type, ingest.job_id) == ("text/plain", ["a", "b"], job.id)
    assert job.data["input_data"] == [{"name": "ingest_id", "value": str(ingest.id)}]


def test_files_that_were_there_before_are_found(world: World) -> None:
    for number in range(50):
        (world.incoming / f"{number}.txt").write_bytes(b"x")
    (world.incoming / "big.txt_tmp").write_bytes(b"12345")
    with watching(world, world.strike()):
        wait_for(lambda: len(world.ingests()) == 51)
    assert world.ingests()["big.txt"] == "TRANSFERRING"
    assert sorted(set(world.ingests().values())) == ["TRANSFERRED", "TRANSFERRING"]


def test_bytes_grow_while_a_file_is_transferred(world: World) -> None:
    with watching(world, world.strike()):
        part = world.incoming / "big.png_tmp"
        part.write_bytes(b"1" * 10)
        wait_for(lambda: [one.bytes_transferred for one in world.all(Ingest)] == [10])
        with part.open("ab") as more:
            more.write(b"1" * 90)
        wait_for(lambda: [one.bytes_transferred for one in world.all(Ingest)] == [100])
        assert world.ingests() == {"big.png": "TRANSFERRING"}
        part.rename(world.incoming / "big.png")
        wait_for(lambda: world.ingests() == {"big.png": "TRANSFERRED"})
    assert len(world.all(Ingest)) == 1


def test_a_file_that_no_rule_matches_is_deferred_until_one_does(world: World) -> None:
    strike_id = world.strike()
    with watching(world, strike_id):
        transfer(world, "notes.doc")
        wait_for(lambda: world.ingests() == {"notes.doc": "DEFERRED"})
        assert world.all(Ingest)[0].reason == NO_RULE
        assert (world.incoming / "deferred" / "notes.doc").exists()
        assert not world.jobs("scale-ingest")
        with world.database.write() as session:
            row = session.get_one(Strike, strike_id)
            rule = {"filename_regex": ".*", "workspace_path": "all", "workspace_name": "raw"}
            row.configuration = {**row.configuration, "files_to_ingest": [rule]}
            row.last_modified = world.context.now()
        wait_for(lambda: world.ingests() == {"notes.doc": "TRANSFERRED"})
    assert len(world.jobs("scale-ingest")) == 1
    assert world.all(Ingest)[0].reason is None


def test_a_broken_off_transfer_is_errored_with_a_reason(world: World) -> None:
    with watching(world, world.strike()):
        part = world.incoming / "half.txt_tmp"
        part.write_bytes(b"12")
        wait_for(lambda: world.ingests() == {"half.txt": "TRANSFERRING"})
        part.unlink()
        wait_for(lambda: world.ingests() == {"half.txt": "ERRORED"})
        assert "vanished" in world.all(Ingest)[0].reason
        transfer(world, "half.txt")
        wait_for(lambda: world.ingests() == {"half.txt": "TRANSFERRED"})


def test_a_name_that_is_still_being_ingested_waits(world: World) -> None:
    with watching(world, world.strike()):
        transfer(world, "a.txt", b"first")
        wait_for(lambda: len(world.all(Ingest)) == 1)
        transfer(world, "a.txt", b"second")
        time.sleep(0.6)
        assert [one.status for one in world.all(Ingest)] == ["TRANSFERRED"]
        assert (world.incoming / "a.txt").read_bytes() == b"second"
        (world.incoming / "ingesting" / "a.txt").unlink()
        time.sleep(0.6)
        assert len(world.all(Ingest)) == 1, "its record says that it is under way"
        with world.database.write() as session:
            session.get_one(Ingest, 1).status = "INGESTED"
        wait_for(lambda: len(world.all(Ingest)) == 2)


def test_what_is_no_regular_file_of_a_usable_name_is_left_alone(world: World, caplog: pytest.LogCaptureFixture) -> None:
    secret = world.folder / "secret.txt"
    secret.write_text("secret")
    (world.incoming / "link.txt").symlink_to(secret)
    os.mkfifo(world.incoming / "pipe.txt")
    (world.incoming / "folder.txt").mkdir()
    (world.incoming / "line\nbreak.txt").write_text("x")
    Path(os.fsdecode(os.fsencode(world.incoming) + b"/\xff.txt")).write_text("x")
    with watching(world, world.strike()):
        transfer(world, "good.txt")
        wait_for(lambda: world.ingests() == {"good.txt": "TRANSFERRED"})
    assert len(list(world.incoming.iterdir())) == 7
    for reason in ("symbolic link", "not a regular file", "not UTF-8", "control characters"):
        assert caplog.text.count(reason) == 1


def test_a_missing_directory_is_tried_again_and_says_so(world: World) -> None:
    world.incoming.rmdir()
    strike_id = world.strike()
    with watching(world, strike_id):
        wait_for(lambda: "is not a directory" in (world.all(JobExecution)[0].message or ""))
        world.incoming.mkdir()
        (world.incoming / "a.txt").write_text("x")
        wait_for(lambda: world.ingests() == {"a.txt": "TRANSFERRED"})
        wait_for(lambda: world.all(JobExecution)[0].message is None)
        shutil.rmtree(world.incoming)
        wait_for(lambda: "is not a directory" in (world.all(JobExecution)[0].message or ""))
        world.incoming.mkdir()
        (world.incoming / "b.txt").write_text("x")
        wait_for(lambda: world.ingests().get("b.txt") == "TRANSFERRED")


def test_a_second_strike_on_a_directory_is_kept_out(world: World) -> None:
    first = world.strike("one")
    second = world.strike("two")
    with watching(world, first):
        time.sleep(0.4)
        with watching(world, second):
            wait_for(lambda: "Another Strike process" in (world.all(JobExecution)[0].message or ""))
            transfer(world, "a.txt")
            wait_for(lambda: world.ingests() == {"a.txt": "TRANSFERRED"})
    assert [one.strike_id for one in world.all(Ingest)] == [first]


def test_several_strikes_watch_at_once(world: World) -> None:
    other = world.folder / "other"
    other.mkdir()
    first = world.strike("one")
    second = world.strike("two", other, suffix=".part")
    with watching(world, first), watching(world, second):
        for number in range(20):
            transfer(world, f"{number}.txt")
            (other / f"{number}.txt.part").write_text("x")
            (other / f"{number}.txt.part").rename(other / f"{number}.txt")
        wait_for(lambda: [one.status for one in world.all(Ingest)].count("TRANSFERRED") == 40)
    assert sorted(one.strike_id for one in world.all(Ingest)) == [first] * 20 + [second] * 20


def test_a_strike_goes_on_where_a_killed_one_stopped(world: World) -> None:
    strike_id = world.strike()
    for folder, name in (("ingesting", "moved.txt"), ("deferred", "moved.doc")):
        (world.incoming / folder).mkdir()
        (world.incoming / folder / name).write_text("moved, and not recorded")
    with watching(world, strike_id):
        wait_for(lambda: world.ingests() == {"moved.txt": "TRANSFERRED", "moved.doc": "DEFERRED"})
    with watching(world, strike_id):
        transfer(world, "new.txt")
        wait_for(lambda: "new.txt" in world.ingests())
    assert len(world.all(Ingest)) == 3


def test_many_files_at_once_are_each_seen_once(world: World) -> None:
    with watching(world, world.strike()):
        for number in range(500):
            transfer(world, f"{number:04}.txt", b"x" * number)
        wait_for(lambda: list(world.ingests().values()).count("TRANSFERRED") == 500, 30)
    assert len(world.all(Ingest)) == len(world.jobs("scale-ingest")) == 500
    assert {one.file_name: one.file_size for one in world.all(Ingest)} == {f"{n:04}.txt": n for n in range(500)}


@pytest.mark.parametrize("meanwhile", ["nothing", "it grows", "it is whole", "it vanishes"])
def test_a_transfer_goes_on_over_a_restart(world: World, meanwhile: str) -> None:
    strike_id = world.strike()
    part = world.incoming / "big.txt_tmp"
    with watching(world, strike_id):
        part.write_bytes(b"1" * 10)
        wait_for(lambda: world.ingests() == {"big.txt": "TRANSFERRING"})
    if meanwhile == "it grows":
        part.write_bytes(b"1" * 50)
    elif meanwhile == "it is whole":
        part.rename(world.incoming / "big.txt")
    elif meanwhile == "it vanishes":
        part.unlink()
    with watching(world, strike_id):
        if meanwhile == "it vanishes":
            wait_for(lambda: world.ingests() == {"big.txt": "ERRORED"})
        else:
            if meanwhile == "it grows":
                wait_for(lambda: world.all(Ingest)[0].bytes_transferred == 50)
            if part.exists():
                part.rename(world.incoming / "big.txt")
            wait_for(lambda: world.ingests() == {"big.txt": "TRANSFERRED"})
    assert len(world.all(Ingest)) == 1


@pytest.mark.parametrize("status", ["TRANSFERRED", "INGESTING", "ERRORED", "DEFERRED"])
def test_a_file_that_is_recorded_is_not_recorded_again_by_a_restart(world: World, status: str) -> None:
    strike_id = world.strike()
    with watching(world, strike_id):
        transfer(world, "a.doc" if status == "DEFERRED" else "a.txt")
        wait_for(lambda: len(world.all(Ingest)) == 1)
    with world.database.write() as session:
        session.get_one(Ingest, 1).status = status
    with watching(world, strike_id):
        transfer(world, "b.txt")
        wait_for(lambda: "b.txt" in world.ingests())
    assert [one.file_name[0] for one in world.all(Ingest)] == ["a", "b"]
    assert world.all(Ingest)[0].status == status


def test_a_file_that_cannot_be_moved_does_not_keep_those_behind_it(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rename, is_kept = os.rename, threading.Event()
    is_kept.set()

    def refuse(source: str, target: str) -> None:
        if source.endswith("a.txt") and is_kept.is_set():
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), source)
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    with watching(world, world.strike()):
        for name in ("a.txt", "b.txt"):
            (world.incoming / name).write_bytes(b"content")
        wait_for(lambda: world.ingests() == {"b.txt": "TRANSFERRED"})
        assert caplog.text.count("Operation not permitted") == 1
        is_kept.clear()
        wait_for(lambda: world.ingests() == {"a.txt": "TRANSFERRED", "b.txt": "TRANSFERRED"})


def test_storage_that_fails_is_shown_and_what_was_moved_before_is_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, is_broken = os.rename, threading.Event()
    is_broken.set()

    def fail(source: str, target: str) -> None:
        if source.endswith("b.txt") and is_broken.is_set():
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), source)
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail)
    for name in ("a.txt", "b.txt", "c.txt"):
        (world.incoming / name).write_bytes(b"content")
    with watching(world, world.strike()):
        wait_for(lambda: "Read-only file system" in (world.all(JobExecution)[0].message or ""))
        assert world.ingests() == {"a.txt": "TRANSFERRED"}
        is_broken.clear()
        wait_for(lambda: len(world.ingests()) == 3)


def test_a_file_is_durably_moved_before_it_is_recorded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, arrived = os.fsync, TransferService.arrived

    def synced(descriptor: int) -> None:
        steps.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    def recorded(self: TransferService, order: WatchOrder, arrivals: Sequence[Arrival]) -> None:
        steps.append("recorded")
        arrived(self, order, arrivals)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(TransferService, "arrived", recorded)
    for name in ("a.txt", "b.txt", "c.doc"):
        (world.incoming / name).write_bytes(b"content")
    with watching(world, world.strike()):
        wait_for(lambda: len(world.ingests()) == 3)
    assert steps == ["ingesting", "recorded", "deferred", "recorded"]
