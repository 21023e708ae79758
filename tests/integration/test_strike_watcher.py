"""Strike on real directories, as far as the queue: nothing is ingested promptly, for scheduling is paused."""

import errno
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from fakes.waiting import join, until, until_equal
from fakes.world import World
from scale_core.db.models import Ingest, JobExecution, Strike
from scale_core.services.transfer_plans import NO_RULE
from scale_core.services.transfers import TransferService
from scale_core.watching.directory import WatchedDirectory
from scale_core.watching.records import Arrival, WatchOrder
from scale_scheduler.strike.process import NODES_AGAIN_SECONDS, StrikeProcess

NUMBERS = count(1)
NEARLY_A_SECOND = 900_000_000


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
        join(thread)


def is_recorded(world: World, name: str) -> bool:
    return world.ingests().get(name) == "TRANSFERRED"


def are_so_many(world: World, number: int) -> bool:
    return len(world.all(Ingest)) == number


def has_bytes(world: World, number: int) -> bool:
    return [one.bytes_transferred for one in world.all(Ingest)] == [number]


def transfer(world: World, name: str, content: bytes = b"content", suffix: str = "_tmp") -> None:
    """Copy a file the way a transfer does."""
    part = world.incoming / f"{name}{suffix}"
    part.write_bytes(content)
    part.rename(world.incoming / name)


def test_what_no_node_had_is_given_back_when_it_cannot_be_watched_for_long(world: World) -> None:
    strike_id = world.strike(directory=world.folder / "nowhere")
    execution_id = world.executions(world.jobs("scale-strike")[0].id)[0].id
    now = 0.0
    process = StrikeProcess(world.context, strike_id, execution_id, ingests=False, monotonic=lambda: now)
    thread = threading.Thread(target=process.run, args=(threading.Event(),))
    thread.start()
    until(lambda: "is not a directory" in (world.all(Strike)[0].trouble or ""))
    now = NODES_AGAIN_SECONDS
    join(thread)


@pytest.mark.parametrize("poll", [False, True], ids=["listening", "looking"])
def test_a_transferred_file_gets_an_ingest_and_a_job(world: World, poll: bool) -> None:
    strike_id = world.strike()
    with watching(world, strike_id, poll=poll):
        await_looks(world)
        transfer(world, "a.txt", b"hello")
        until(partial(is_recorded, world, "a.txt"))
    ingest = next(one for one in world.all(Ingest) if one.file_name == "a.txt")
    job = next(one for one in world.jobs("scale-ingest") if one.id == ingest.job_id)
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
        until_equal(lambda: len(world.ingests()), 51)
    assert world.ingests()["big.txt"] == "TRANSFERRING"
    assert sorted(set(world.ingests().values())) == ["TRANSFERRED", "TRANSFERRING"]


def test_bytes_grow_while_a_file_is_transferred(world: World) -> None:
    with watching(world, world.strike()):
        part = world.incoming / "big.png_tmp"
        part.write_bytes(b"1" * 10)
        until_equal(lambda: [one.bytes_transferred for one in world.all(Ingest)], [10])
        with part.open("ab") as more:
            more.write(b"1" * 90)
        until_equal(lambda: [one.bytes_transferred for one in world.all(Ingest)], [100])
        assert world.ingests() == {"big.png": "TRANSFERRING"}
        part.rename(world.incoming / "big.png")
        until_equal(world.ingests, {"big.png": "TRANSFERRED"})
    assert len(world.all(Ingest)) == 1


def test_a_file_that_no_rule_matches_is_deferred_until_one_does(world: World) -> None:
    strike_id = world.strike()
    with watching(world, strike_id):
        transfer(world, "notes.doc")
        until_equal(world.ingests, {"notes.doc": "DEFERRED"})
        assert world.all(Ingest)[0].reason == NO_RULE
        assert (world.incoming / "deferred" / "notes.doc").exists()
        assert not world.jobs("scale-ingest")
        with world.database.write() as session:
            row = session.get_one(Strike, strike_id)
            rule = {"filename_regex": ".*", "workspace_path": "all", "workspace_name": "raw"}
            row.configuration = {**row.configuration, "files_to_ingest": [rule]}
            row.last_modified = world.context.now()
        until_equal(world.ingests, {"notes.doc": "TRANSFERRED"})
    assert len(world.jobs("scale-ingest")) == 1
    assert world.all(Ingest)[0].reason is None


def test_a_broken_off_transfer_is_errored_with_a_reason(world: World) -> None:
    with watching(world, world.strike()):
        part = world.incoming / "half.txt_tmp"
        part.write_bytes(b"12")
        until_equal(world.ingests, {"half.txt": "TRANSFERRING"})
        part.unlink()
        until_equal(world.ingests, {"half.txt": "ERRORED"})
        assert "vanished" in world.all(Ingest)[0].reason
        transfer(world, "half.txt")
        until_equal(world.ingests, {"half.txt": "TRANSFERRED"})


def test_a_name_that_is_still_being_ingested_waits(world: World) -> None:
    def of_a() -> list[str]:
        return [one.status for one in world.all(Ingest) if one.file_name == "a.txt"]

    with watching(world, world.strike()):
        transfer(world, "a.txt", b"first")
        until_equal(of_a, ["TRANSFERRED"])
        second = world.folder / "second"  # whole at once, so that no look sees it grow
        second.write_bytes(b"second")
        second.rename(world.incoming / "a.txt")
        await_looks(world)
        assert of_a() == ["TRANSFERRED"]
        assert (world.incoming / "a.txt").read_bytes() == b"second"
        (world.incoming / "ingesting" / "a.txt").unlink()
        await_looks(world)
        assert of_a() == ["TRANSFERRED"], "its record says that it is under way"
        with world.database.write() as session:
            session.get_one(Ingest, 1).status = "INGESTED"
        until_equal(lambda: len(of_a()), 2)


def await_looks(world: World) -> None:
    """Wait until a look at the directory that began after this was called has ended: the one that finds the second of
    two files that come one after the other."""
    for _ in range(2):
        name = f"look-{next(NUMBERS)}.txt"
        transfer(world, name)
        until(partial(is_recorded, world, name))


def test_what_is_no_regular_file_of_a_usable_name_is_refused_and_says_why(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    secret = world.folder / "secret.txt"
    secret.write_text("secret")
    (world.incoming / "link.txt").symlink_to(secret)
    os.mkfifo(world.incoming / "pipe.txt")
    (world.incoming / "folder.txt").mkdir()
    (world.incoming / "line\nbreak.txt").write_text("x")
    Path(os.fsdecode(os.fsencode(world.incoming) + b"/\xff.txt")).write_text("x")
    strike_id = world.strike()
    refused = {
        "link.txt": "symbolic link",
        "pipe.txt": "not a regular file",
        "line\\x0abreak.txt": "control characters",
        "\\xff.txt": "not UTF-8",
    }
    for number in (1, 2):  # a restart refuses nothing again
        with watching(world, strike_id):
            transfer(world, f"good{number}.txt")
            until(partial(is_recorded, world, f"good{number}.txt"))
    reasons = {one.file_name: one.reason or "" for one in world.all(Ingest) if one.status == "ERRORED"}
    assert reasons.keys() == refused.keys()
    assert all(reason in reasons[name] for name, reason in refused.items())
    logged = {record.__dict__["file_name"] for record in caplog.records if "is not ingested" in record.message}
    assert logged == refused.keys()
    assert all(f"'{name}' is not ingested" in caplog.text for name in refused)
    assert len(world.all(Ingest)) == 6
    assert len(list(world.incoming.iterdir())) == 7
    assert {one.transfer_path for one in world.all(Ingest) if "\\" in one.file_name} == {
        f"{world.incoming}/{name}" for name in refused if "\\" in name
    }


def test_folders_are_watched_where_that_is_wanted(world: World) -> None:
    (world.incoming / "x" / "y").mkdir(parents=True)
    (world.incoming / "x" / "y" / "early.txt").write_text("x")
    outside = world.folder / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (world.incoming / "x" / "link").symlink_to(outside)
    with watching(world, world.strike(recursive=True)):
        part = world.incoming / "x" / "big.txt_tmp"
        part.write_text("12")
        until_equal(lambda: world.ingests().get("big.txt"), "TRANSFERRING")
        part.rename(world.incoming / "x" / "big.txt")
        until_equal(world.ingests, {"early.txt": "TRANSFERRED", "big.txt": "TRANSFERRED", "link": "ERRORED"})
    assert len(world.all(Ingest)) == 3, "the transfer that was watched is the one that ended"
    paths = {one.file_name: (one.transfer_path, one.ingest_path) for one in world.all(Ingest)}
    assert paths["early.txt"] == (f"{world.incoming}/x/y/early.txt", f"{world.incoming}/ingesting/early.txt")
    assert (outside / "secret.txt").exists()


def test_files_of_one_name_in_several_folders_wait_for_each_other(world: World) -> None:
    for folder in "abc":
        (world.incoming / folder).mkdir()
        (world.incoming / folder / "same.txt").write_text(folder)
    with watching(world, world.strike(recursive=True)):
        for number in (1, 2, 3):
            until(partial(are_so_many, world, number))
            ingest = world.all(Ingest)[-1]
            assert Path(ingest.ingest_path).read_text() == ingest.transfer_path.split("/")[-2]
            Path(ingest.ingest_path).unlink()
            with world.database.write() as session:
                session.get_one(Ingest, ingest.id).status = "INGESTED"
    assert not list(world.incoming.rglob("same.txt"))


def test_a_file_without_a_suffix_is_taken_once_it_is_stable(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.incoming / "log.txt"
    strike_id = world.strike(suffix=None, stable_seconds=1)
    with path.open("w") as growing, monkeypatch.context() as patched:
        # However long the test takes to write, a look is never later than this.
        patched.setattr(WatchedDirectory, "now", lambda _directory: path.stat().st_ctime_ns + NEARLY_A_SECOND)
        with watching(world, strike_id):
            for number in range(1, 7):
                growing.write("line\n")
                growing.flush()
                until(partial(has_bytes, world, 5 * number))
                assert path.exists(), "it was taken while it grew"
                assert world.ingests() == {"log.txt": "TRANSFERRING"}
            patched.undo()
            until_equal(world.ingests, {"log.txt": "TRANSFERRED"})
    (ingest,) = world.all(Ingest)
    assert (ingest.file_size, ingest.bytes_transferred) == (30, 30)


def test_files_that_were_stable_before_the_start_are_taken_at_once_and_a_vanished_one_is_errored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.incoming / "old.txt").write_text("x")
    time.sleep(0.2)
    (world.incoming / "new.txt").write_text("x")
    now = (world.incoming / "new.txt").stat().st_ctime_ns + NEARLY_A_SECOND
    monkeypatch.setattr(WatchedDirectory, "now", lambda _directory: now)
    with watching(world, world.strike(suffix=None, stable_seconds=1)):
        until_equal(world.ingests, {"old.txt": "TRANSFERRED", "new.txt": "TRANSFERRING"})
        (world.incoming / "new.txt").unlink()
        until_equal(world.ingests, {"old.txt": "TRANSFERRED", "new.txt": "ERRORED"})


def test_a_missing_directory_is_tried_again_and_says_so(world: World) -> None:
    world.incoming.rmdir()
    strike_id = world.strike()
    with watching(world, strike_id):
        until(lambda: "is not a directory" in (world.all(JobExecution)[0].message or ""))
        world.incoming.mkdir()
        (world.incoming / "a.txt").write_text("x")
        until_equal(world.ingests, {"a.txt": "TRANSFERRED"})
        until(lambda: world.all(JobExecution)[0].message is None)
        shutil.rmtree(world.incoming)
        until(lambda: "is not a directory" in (world.all(JobExecution)[0].message or ""))
        world.incoming.mkdir()
        (world.incoming / "b.txt").write_text("x")
        until_equal(lambda: world.ingests().get("b.txt"), "TRANSFERRED")


def test_a_second_strike_on_a_directory_is_kept_out(world: World) -> None:
    first = world.strike("one")
    second = world.strike("two")
    with watching(world, first):
        await_looks(world)
        with watching(world, second):
            until(lambda: "Another Strike process" in (world.all(JobExecution)[0].message or ""))
            transfer(world, "a.txt")
            until(partial(is_recorded, world, "a.txt"))
    assert {one.strike_id for one in world.all(Ingest)} == {first}


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
        until_equal(lambda: [one.status for one in world.all(Ingest)].count("TRANSFERRED"), 40)
    assert sorted(one.strike_id for one in world.all(Ingest)) == [first] * 20 + [second] * 20


def test_a_strike_goes_on_where_a_killed_one_stopped(world: World) -> None:
    strike_id = world.strike()
    for folder, name in (("ingesting", "moved.txt"), ("deferred", "moved.doc")):
        (world.incoming / folder).mkdir()
        (world.incoming / folder / name).write_text("moved, and not recorded")
    with watching(world, strike_id):
        until_equal(world.ingests, {"moved.txt": "TRANSFERRED", "moved.doc": "DEFERRED"})
    with watching(world, strike_id):
        transfer(world, "new.txt")
        until(lambda: "new.txt" in world.ingests())
    assert len(world.all(Ingest)) == 3


def test_many_files_at_once_are_each_seen_once(world: World) -> None:
    with watching(world, world.strike()):
        for number in range(500):
            transfer(world, f"{number:04}.txt", b"x" * number)
        until_equal(lambda: list(world.ingests().values()).count("TRANSFERRED"), 500)
    assert len(world.all(Ingest)) == len(world.jobs("scale-ingest")) == 500
    assert {one.file_name: one.file_size for one in world.all(Ingest)} == {f"{n:04}.txt": n for n in range(500)}


@pytest.mark.parametrize("meanwhile", ["nothing", "it grows", "it is whole", "it vanishes"])
def test_a_transfer_goes_on_over_a_restart(world: World, meanwhile: str) -> None:
    strike_id = world.strike()
    part = world.incoming / "big.txt_tmp"
    with watching(world, strike_id):
        part.write_bytes(b"1" * 10)
        until_equal(world.ingests, {"big.txt": "TRANSFERRING"})
    if meanwhile == "it grows":
        part.write_bytes(b"1" * 50)
    elif meanwhile == "it is whole":
        part.rename(world.incoming / "big.txt")
    elif meanwhile == "it vanishes":
        part.unlink()
    with watching(world, strike_id):
        if meanwhile == "it vanishes":
            until_equal(world.ingests, {"big.txt": "ERRORED"})
        else:
            if meanwhile == "it grows":
                until_equal(lambda: world.all(Ingest)[0].bytes_transferred, 50)
            if part.exists():
                part.rename(world.incoming / "big.txt")
            until_equal(world.ingests, {"big.txt": "TRANSFERRED"})
    assert len(world.all(Ingest)) == 1


@pytest.mark.parametrize("status", ["TRANSFERRED", "INGESTING", "ERRORED", "DEFERRED"])
def test_a_file_that_is_recorded_is_not_recorded_again_by_a_restart(world: World, status: str) -> None:
    strike_id = world.strike()
    with watching(world, strike_id):
        transfer(world, "a.doc" if status == "DEFERRED" else "a.txt")
        until(lambda: set(world.ingests().values()) in ({"TRANSFERRED"}, {"DEFERRED"}))
    with world.database.write() as session:
        session.get_one(Ingest, 1).status = status
    with watching(world, strike_id):
        transfer(world, "b.txt")
        until(lambda: "b.txt" in world.ingests())
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
        until_equal(world.ingests, {"b.txt": "TRANSFERRED"})
        # It is told once it is recorded what was moved.
        until(lambda: "Operation not permitted" in caplog.text)
        is_kept.clear()
        until_equal(world.ingests, {"a.txt": "TRANSFERRED", "b.txt": "TRANSFERRED"})
    assert caplog.text.count("Operation not permitted") == 1


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
        until(lambda: "Read-only file system" in (world.all(JobExecution)[0].message or ""))
        until_equal(world.ingests, {"a.txt": "TRANSFERRED"})
        is_broken.clear()
        until_equal(lambda: len(world.ingests()), 3)


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
        until_equal(lambda: len(world.ingests()), 3)
    assert steps == ["ingesting", "recorded", "deferred", "recorded"]
