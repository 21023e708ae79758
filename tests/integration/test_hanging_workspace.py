"""A workspace that hangs: moves, logs and deletions in it wait by themselves; others, and requests, go on."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.hanging_mount import HangingMount
from fakes.keeper import SOME, Keeper
from fakes.scans import Scans
from fakes.waiting import SECONDS, join, until
from fakes.world import SetClock, World
from scale_core.db.models import ScaleFile, StoredLog, Workspace
from scale_core.interfaces.broker import StorageUnavailable
from scale_core.services.context import Context
from scale_core.services.log_storing import LogStoring
from scale_core.services.serialization import SerializerContext
from scale_core.storage.answering import Answering
from scale_generated import queries
from scale_scheduler.log_keeping import LogKeeping
from scale_scheduler.lookout import Lookout
from scale_scheduler.moves import Moves

pytestmark = pytest.mark.any_database

PATIENCE = 0.5
HANGING = 2
"""The id of the workspace that hangs; that of the other one is 1."""


@pytest.fixture
def keeper(context: Context, urls: SerializerContext, clock: SetClock, hanging_mount: HangingMount) -> Keeper:
    """Its logs go to a workspace that may hang; its other workspace, ``raw``, does not."""
    settings = replace(context.settings, logs_workspace="hanging", content_seconds=PATIENCE)
    keeper = Keeper(replace(context, settings=settings), urls, clock)
    now, broker = context.now(), {"type": "host", "host_path": str(hanging_mount.place)}
    configuration = {"version": "1.0", "broker": broker}
    with context.database.write() as session:
        session.add(Workspace(id=HANGING, name="hanging", json_config=configuration, created=now, last_modified=now))
    return keeper


@pytest.fixture
def lookout() -> Iterator[Lookout]:
    answering = Answering(PATIENCE)
    one = Lookout(answering)
    one.open()
    yield one
    one.ask_to_end()
    answering.close()


def in_hanging(keeper: Keeper, mount: HangingMount, name: str, **values: object) -> int:
    """A source file in the workspace that hangs."""
    (mount.storage / name).write_text(name)
    file_id = keeper.file(name, **values)
    (keeper.storage / name).unlink()
    with keeper.context.database.write() as session:
        session.get_one(ScaleFile, file_id).workspace_id = HANGING
    return file_id


def files(keeper: Keeper) -> dict[str, ScaleFile]:
    with keeper.context.database.read() as session:
        return {one.file_name: one for one in session.query(ScaleFile)}


def moving(keeper: Keeper) -> set[str]:
    """Files whose move is not done."""
    return {name for name, one in files(keeper).items() if one.moving_to is not None}


def test_moves_in_other_workspaces_go_on_and_those_in_one_that_hangs_when_it_answers(
    keeper: Keeper, lookout: Lookout, hanging_mount: HangingMount, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    hanging = [f"hanging-{number}.txt" for number in range(3)]
    for name in hanging:
        in_hanging(keeper, hanging_mount, name, moving_to=f"new/{name}")
    keeper.file("other.txt", moving_to="new/other.txt")
    moves = Moves(keeper.context, lookout)
    with hanging_mount.hanging():
        moves.open()
        until(lambda: moving(keeper) == {*hanging})
        waits = f"Moving files in the workspace 'hanging': it waits. {hanging_mount.place} has not answered for "
        until(lambda: waits in caplog.text)
        keeper.file("later.txt", moving_to="new/later.txt")
        keeper.context.moves_asked.set()
        until(lambda: moving(keeper) == {*hanging})
        assert [one.name for one in threading.enumerate()].count("moves in hanging") == 1
    until(lambda: not moving(keeper))
    until(lambda: f"it goes on, {hanging_mount.place} answers again" in caplog.text)
    moves.close(SECONDS)
    assert sorted(one.name for one in (hanging_mount.storage / "new").iterdir()) == hanging


def test_moves_that_hang_keep_nobody_from_ending_and_are_done_after_the_next_start(
    keeper: Keeper, lookout: Lookout, hanging_mount: HangingMount, caplog: pytest.LogCaptureFixture
) -> None:
    in_hanging(keeper, hanging_mount, "a.txt", moving_to="new/a.txt")
    moves = Moves(keeper.context, lookout)
    with hanging_mount.hanging():
        moves.open()
        until(lambda: "it waits" in caplog.text)
        closing = threading.Thread(target=moves.close, args=[10 * SECONDS])
        closing.start()
        join(closing)
        assert moving(keeper) == {"a.txt"}
    again = Moves(keeper.context, lookout)
    again.open()
    until(lambda: not moving(keeper))
    again.close(SECONDS)


def test_that_logs_wait_for_a_workspace_is_told_and_keeps_nobody_from_ending(
    keeper: Keeper, lookout: Lookout, hanging_mount: HangingMount, caplog: pytest.LogCaptureFixture
) -> None:
    (one,) = keeper.ran(keeper.made.job())
    keeping = LogKeeping(keeper.context, keeper.engine, lookout)
    with hanging_mount.hanging():
        keeping.open()
        until(lambda: "Storing logs of executions: it waits." in caplog.text)
        closing = threading.Thread(target=keeping.close, args=[10 * SECONDS])
        closing.start()
        join(closing)
        assert keeper.folder(one).exists()
    until(lambda: not keeper.folder(one).exists())


@pytest.mark.parametrize("where", ["a directory", "a workspace"])
def test_that_a_scan_hangs_is_told_and_it_goes_on_when_it_is_answered(
    tmp_path: Path, lookout: Lookout, hanging_mount: HangingMount, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    world.workspace_on("hanging", {"type": "host", "host_path": str(hanging_mount.place)})
    scans = Scans(world, lookout)
    for name in ("a.txt", "b.txt"):
        (hanging_mount.storage / name).write_text(name)
    looks_in = {"mount": str(hanging_mount.place)} if where == "a directory" else {"workspace": "hanging"}
    scan_id = scans.create(**looks_in)
    with hanging_mount.hanging():
        processing = threading.Thread(target=scans.process, args=[scan_id])
        processing.start()
        until(lambda: f"The Scan 'archive': it waits. {hanging_mount.place} has not answered for " in caplog.text)
        assert lookout.answering.number_hanging() == 1
    join(processing)
    until(lambda: {*world.ingests()} == {"a.txt", "b.txt"})
    until(lambda: lookout.answering.number_hanging() == 0)


def log_of(keeper: Keeper, execution_id: int) -> bytes:
    query = queries.GetJobExecutionLogQuery(offset=0, limit=None)
    return keeper.reads.log(execution_id, "stdout", query).data


def test_logs_in_a_workspace_that_hangs_are_refused_in_time_and_by_few_threads(
    keeper: Keeper, hanging_mount: HangingMount
) -> None:
    (one,) = keeper.ran(keeper.made.job())
    LogStoring(keeper.context, keeper.engine).store_group()
    with hanging_mount.hanging():
        with pytest.raises(StorageUnavailable, match="has not answered for"):
            log_of(keeper, one)
        for _ in range(50):
            with pytest.raises(StorageUnavailable, match="what it was asked before"):
                log_of(keeper, one)

    def is_given() -> bool:
        try:
            return log_of(keeper, one) == SOME
        except StorageUnavailable:
            return False

    until(is_given)


def test_what_retention_deletes_elsewhere_is_deleted_and_what_hangs_by_a_later_run(
    keeper: Keeper, hanging_mount: HangingMount, caplog: pytest.LogCaptureFixture
) -> None:
    hanging = [f"hanging-{number}.txt" for number in range(3)]
    for name in hanging:
        in_hanging(keeper, hanging_mount, name)
    keeper.file("other.txt")
    (one,) = keeper.ran(keeper.made.job())
    LogStoring(keeper.context, keeper.engine).store_group()
    keeper.later(days=40)

    def run() -> bool:
        """Whether retention got at all that it was to."""
        try:
            keeper.keep(sources_after="P30D", logs_after="P30D")
        except StorageUnavailable:
            return False
        return True

    with hanging_mount.hanging():
        assert not run()  # logs are where it hangs
        until(lambda: not (keeper.storage / "other.txt").exists())
        assert {name for name, file in files(keeper).items() if file.is_deleted} == {*hanging, "other.txt"}
        assert "cannot be deleted from the workspace 'hanging', and is tried again" in caplog.text
        assert keeper.executions() == [one]

    until(lambda: run() and not [path for path in hanging_mount.storage.rglob("*") if path.is_file()])
    with keeper.context.database.read() as session:
        assert session.query(StoredLog).all() == []
