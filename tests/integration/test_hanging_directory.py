"""A watched directory on a mount that hangs: nobody else waits for it, it says so, and goes on when it answers."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from fakes.hanging_mount import HangingMount
from fakes.waiting import SECONDS, join, until, until_equal
from fakes.world import World
from scale_core.db.models import Ingest, JobExecution, Strike
from scale_core.services.executions import SystemTask
from scale_core.services.transfers import TransferService
from scale_core.storage.answering import Answering
from scale_core.watching.records import Arrival
from scale_generated.specs.execution_report import ReportFailure
from scale_scheduler.ingest import IngestPool
from scale_scheduler.strike.guard import GuardedStrike
from scale_scheduler.strike.process import StrikeProcess

pytestmark = pytest.mark.any_database

PATIENCE = 2.0
"""Seconds in which a process that asks has to be answered: on a busy machine it takes a while to begin."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Nothing is ingested promptly, for scheduling is paused."""
    world = World(tmp_path)
    world.pause()
    yield world
    world.database.close()


@pytest.fixture
def answering() -> Iterator[Answering]:
    answering = Answering(PATIENCE)
    yield answering
    answering.close()


@contextmanager
def guarded(world: World, strike_id: int, answering: Answering) -> Iterator[Callable[[], bool]]:
    """A Strike process that runs; what the block gets stops it, and tells whether it ended."""
    execution_id = next(one.id for one in world.all(JobExecution) if one.job_id == strike(world, strike_id).job_id)
    stop = threading.Event()
    make = partial(StrikeProcess, poll=True)
    one = GuardedStrike(world.context, strike_id, execution_id, answering, make)
    thread = threading.Thread(target=one.run, args=[stop])
    thread.start()

    def ends() -> bool:
        stop.set()
        thread.join(SECONDS)
        return not thread.is_alive()

    try:
        yield ends
    finally:
        assert ends()


def strike(world: World, strike_id: int) -> Strike:
    found: Strike = next(one for one in world.all(Strike) if one.id == strike_id)
    return found


def transfer(directory: Path, name: str) -> None:
    """Copy a file the way a transfer does."""
    part = directory / f"{name}_tmp"
    part.write_bytes(b"content")
    part.rename(directory / name)


def test_a_directory_that_hangs_is_told_of_and_watched_again_when_it_answers(
    world: World, answering: Answering, hanging_mount: HangingMount, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    hanging_id = world.strike("hanging", hanging_mount.place)
    other_id = world.strike("other")
    with guarded(world, hanging_id, answering), guarded(world, other_id, answering):
        transfer(hanging_mount.place, "before.txt")
        until(lambda: "before.txt" in world.ingests())
        with hanging_mount.hanging():
            transfer(hanging_mount.storage, "meanwhile.txt")
            until(lambda: strike(world, hanging_id).trouble)
            transfer(world.incoming, "other.txt")
            until(lambda: "other.txt" in world.ingests())
            assert "meanwhile.txt" not in world.ingests()
            trouble = strike(world, hanging_id).trouble
            assert trouble is not None
            assert trouble.startswith(f"{hanging_mount.place} has not answered for ")
            assert "Check its server and the network" in trouble
            assert trouble in caplog.text
        until(lambda: "meanwhile.txt" in world.ingests())
        until(lambda: strike(world, hanging_id).trouble is None)
    assert "What a Strike waited for answers again" in caplog.text


def test_a_strike_ends_though_its_directory_hangs_and_the_next_one_waits_for_it(
    world: World, answering: Answering, hanging_mount: HangingMount
) -> None:
    strike_id = world.strike("s", hanging_mount.place)
    with guarded(world, strike_id, answering) as ends, hanging_mount.hanging():
        until(lambda: strike(world, strike_id).trouble)
        assert ends()
        assert strike(world, strike_id).trouble is None
    with guarded(world, strike_id, answering):
        transfer(hanging_mount.place, "a.txt")
        until(lambda: "a.txt" in world.ingests())
    assert len(world.all(Ingest)) == 1


def test_a_strike_whose_directory_hangs_can_be_led_to_another_one(
    world: World, answering: Answering, hanging_mount: HangingMount
) -> None:
    strike_id = world.strike("s", hanging_mount.place)
    with guarded(world, strike_id, answering), hanging_mount.hanging():
        until(lambda: strike(world, strike_id).trouble)
        with world.database.write() as session:
            row = session.get_one(Strike, strike_id)
            row.configuration = {**row.configuration, "mount": str(world.incoming)}
            row.last_modified = world.context.now()
        transfer(world.incoming, "a.txt")
        until(lambda: "a.txt" in world.ingests())
        until(lambda: strike(world, strike_id).trouble is None)


def test_a_strike_says_that_a_workspace_hangs_and_can_be_ended(
    world: World, answering: Answering, hanging_mount: HangingMount
) -> None:
    world.pause(False)  # small files are linked into the workspace by the Strike itself
    world.workspace_on("hanging", {"type": "host", "host_path": str(hanging_mount.place)})
    rule = {"filename_regex": ".*", "workspace_path": "in", "workspace_name": "hanging"}
    strike_id = world.strike("s", rules=[rule])
    with guarded(world, strike_id, answering) as ends:
        with hanging_mount.hanging():
            transfer(world.incoming, "a.txt")
            until(lambda: strike(world, strike_id).trouble)
            trouble = strike(world, strike_id).trouble
            assert trouble is not None
            assert trouble.startswith(f"{hanging_mount.place} has not answered for ")
            # Looking at its directory, which answers, does not take that back.
            (world.incoming / "b.txt_tmp").touch()
            until_equal(world.ingests, {"b.txt": "TRANSFERRING"})
            assert not any(strike(world, strike_id).trouble is None for _ in range(50))
            assert ends()
        until(lambda: "a.txt" in world.ingests())


class Ends:
    """Notes what ended, and how."""

    def __init__(self) -> None:
        self.of: dict[int, ReportFailure | None] = {}

    def __call__(self, ended: Sequence[tuple[int, ReportFailure | None]]) -> None:
        self.of |= dict(ended)


def arrived(world: World, strike_id: int, directory: Path, names: Sequence[str], size: int = 7) -> list[SystemTask]:
    """Files that a Strike took and recorded; the tasks that ingest them."""
    service = TransferService(world.context)
    order = service.order(strike_id)
    assert order is not None
    (directory / "ingesting").mkdir(exist_ok=True)
    paths = {name: directory / "ingesting" / name for name in names}
    for path in paths.values():
        with path.open("wb") as file:
            file.truncate(size)
    service.arrived(order, [Arrival(name, str(directory / name), str(path), size) for name, path in paths.items()])
    by_name = {one.file_name: one for one in world.all(Ingest)}
    executions = {one.job_id: one.id for one in world.all(JobExecution)}
    return [
        SystemTask(executions[row.job_id], row.job_id, "scale-ingest", {"ingest_id": str(row.id)})
        for row in (by_name[name] for name in names)
    ]


@pytest.mark.parametrize("size", [7, 2 << 20], ids=["small", "large"])
def test_ingests_of_others_go_on_while_those_of_a_directory_that_hangs_wait(
    world: World, answering: Answering, hanging_mount: HangingMount, size: int
) -> None:
    hanging = [f"hanging-{number}.txt" for number in range(8)]
    tasks = arrived(world, world.strike("hanging", hanging_mount.place), hanging_mount.place, hanging, size)
    other_id = world.strike("other")
    others = [arrived(world, other_id, world.incoming, [f"other-{number}.txt"], size) for number in range(8)]
    ends = Ends()
    pool = IngestPool(world.context, ends, workers=3, answering=answering)
    pool.start()
    try:
        with hanging_mount.hanging():
            pool.submit([tasks[0], *others[0], tasks[1]])  # what comes with those that hang must not wait for them
            pool.submit(tasks[2:5])
            until_equal(lambda: world.ingests()["other-0.txt"], "INGESTED")
            pool.submit(tasks[5:])
            for task in others[1:]:
                pool.submit(task)
            until(lambda: all(world.ingests()[f"other-{number}.txt"] == "INGESTED" for number in range(8)))
            until_equal(lambda: len([one for one in world.all(Ingest) if one.reason]), 8)
            assert {world.ingests()[name] for name in hanging} == {"INGESTING"}
            assert {one.reason for one in world.all(Ingest) if one.reason} == {
                f"The file waits: {hanging_mount.place}/ingesting does not answer."
            }
            until_equal(pool.free, 2000)  # it is told before they are put aside
        until(lambda: all(world.ingests()[name] == "INGESTED" for name in hanging))
        until(lambda: not [one.reason for one in world.all(Ingest) if one.reason])
        until_equal(lambda: len(ends.of), 16)
        assert set(ends.of.values()) == {None}
        until_equal(pool.free, 2000)
    finally:
        pool.stop(SECONDS)
    until(lambda: not [one for one in threading.enumerate() if one.name.startswith("ingest-")])


@pytest.mark.parametrize("size", [7, 2 << 20], ids=["small", "large"])
def test_ingests_into_other_workspaces_go_on_while_those_into_one_that_hangs_wait(
    world: World, answering: Answering, hanging_mount: HangingMount, size: int
) -> None:
    world.workspace_on("hanging", {"type": "host", "host_path": str(hanging_mount.place)})
    rule = {"filename_regex": ".*", "workspace_path": "in", "workspace_name": "hanging"}
    hanging = [f"hanging-{number}.txt" for number in range(6)]
    tasks = arrived(world, world.strike("hanging", rules=[rule]), world.incoming, hanging, size)
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir()
    names = [f"other-{number}.txt" for number in range(6)]
    others = arrived(world, world.strike("other", elsewhere), elsewhere, names, size)
    ends = Ends()
    pool = IngestPool(world.context, ends, workers=3, answering=answering)
    pool.start()
    try:
        with hanging_mount.hanging():
            pool.submit([tasks[0], others[0], *tasks[1:4]])
            until_equal(lambda: world.ingests()["other-0.txt"], "INGESTED")
            pool.submit([*tasks[4:], *others[1:]])
            until(lambda: all(world.ingests()[name] == "INGESTED" for name in names))
            until_equal(lambda: len([one for one in world.all(Ingest) if one.reason]), 6)
            reason = f"The file waits: {hanging_mount.place} does not answer."
            assert {one.reason for one in world.all(Ingest) if one.reason} == {reason}
        until(lambda: all(world.ingests()[name] == "INGESTED" for name in hanging))
        until_equal(lambda: len(ends.of), 12)
        assert set(ends.of.values()) == {None}
    finally:
        pool.stop(SECONDS)


def test_a_pool_ends_though_a_directory_hangs(world: World, answering: Answering, hanging_mount: HangingMount) -> None:
    tasks = arrived(world, world.strike("hanging", hanging_mount.place), hanging_mount.place, ["a.txt"])
    pool = IngestPool(world.context, Ends(), answering=answering)
    pool.start()
    with hanging_mount.hanging():
        pool.submit(tasks)
        until(lambda: [one for one in world.all(Ingest) if one.reason])
        stopping = threading.Thread(target=pool.stop, args=[10 * SECONDS])
        stopping.start()
        join(stopping)
