"""Source files that a parse result moves inside their workspace, and what a crash leaves of that."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
from sqlalchemy.exc import OperationalError

import scale_scheduler.moves
from fakes.waiting import SECONDS, until
from fakes.world import SetClock, World
from scale_broker_host.broker import HostBroker
from scale_core.db.models import ScaleFile, TriggerEvent, Workspace
from scale_core.interfaces.broker import Broker, StorageUnavailable
from scale_core.plugin import hookimpl
from scale_core.services.moves import finish_move
from scale_core.services.serialization import SerializerContext
from scale_core.services.source_files import source_uuid
from scale_core.services.updates import UpdateService
from scale_core.storage.answering import Answering
from scale_generated import queries
from scale_scheduler.lookout import Lookout
from scale_scheduler.moves import Moves


class Meddling(HostBroker):
    """Does something else while it moves a file."""

    type_name: ClassVar[str] = "meddling"
    meanwhile: ClassVar[Callable[[], None] | None] = None

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        return cls(Path(configuration["host_path"]))

    def move(self, path: str, new_path: str) -> None:
        meanwhile, Meddling.meanwhile = Meddling.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        super().move(path, new_path)


class MeddlingPlugin:
    @hookimpl
    def scale_register_brokers(self) -> list[type[Broker]]:
        return [Meddling]


@pytest.fixture
def moves(world: World) -> Iterator[Moves]:
    """Those of a scheduler, not open yet."""
    answering = Answering()
    moves = Moves(world.context, Lookout(answering))
    yield moves
    moves.close(SECONDS)
    answering.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, MeddlingPlugin())


def moving(world: World, name: str, workspace_id: int = 1) -> int:
    """A source file that is to be moved to the folder ``new``, and is not yet; its id."""
    now = world.context.now()
    (world.storage / name).write_text(name)
    with world.database.write() as session:
        row = ScaleFile(
            file_type="SOURCE",
            workspace_id=workspace_id,
            file_name=name,
            file_path=name,
            moving_to=f"new/{name}",
            media_type="text/plain",
            file_size=len(name),
            data_type=[],
            uuid=source_uuid("raw", name),
            meta_data={},
            countries=[],
            created=now,
            last_modified=now,
        )
        session.add(row)
        session.flush()
        return row.id


def events(world: World) -> list[int]:
    """Ids of the files whose PARSE event happened."""
    return [one.description["parse_id"] for one in world.all(TriggerEvent) if one.type == "PARSE"]


@pytest.mark.parametrize("is_moved", [False, True])
def test_a_move_that_a_crash_interrupted_is_finished_once(world: World, moves: Moves, is_moved: bool) -> None:
    file_id = moving(world, "a.txt")
    if is_moved:
        (world.storage / "new").mkdir()
        (world.storage / "a.txt").rename(world.storage / "new" / "a.txt")
    moves.open()
    until(lambda: events(world))
    finish_move(world.context, file_id)
    (row,) = world.all(ScaleFile)
    assert (row.file_path, row.moving_to) == ("new/a.txt", None)
    assert (world.storage / "new" / "a.txt").read_text() == "a.txt"
    assert events(world) == [file_id]


def test_a_moved_file_shows_in_the_updates_with_its_new_place(world: World, clock: SetClock) -> None:
    context = replace(world.context, now=clock)
    with world.database.write() as session:
        session.get_one(Workspace, 1).base_url = "http://files.test/raw"
    for name in ("stays.txt", "goes.txt"):
        file_id = moving(world, name)
        with world.database.write() as session:
            session.get_one(ScaleFile, file_id).last_modified = clock()
    clock.forward(hours=2)
    finish_move(context, file_id)
    query = queries.ListSourceUpdatesQuery(started="PT1H")
    (update,) = UpdateService(context).sources(query, SerializerContext("http://scale.test")).results
    assert (update["file_name"], update["url"]) == ("goes.txt", "http://files.test/raw/new/goes.txt")


def test_a_move_that_storage_refuses_leaves_the_file_where_it_is(
    world: World, moves: Moves, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scale_scheduler.moves, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(scale_scheduler.moves, "LOOK_SECONDS", 0.01)
    file_id = moving(world, "a.txt")
    (world.storage / "new").write_text("no folder")
    moves.open()
    until(lambda: events(world))
    (row,) = world.all(ScaleFile)
    assert (row.file_path, row.moving_to) == ("a.txt", None)
    assert events(world) == [file_id]
    assert "A file stays at a.txt" in caplog.text


def meddle(world: World, meanwhile: Callable[[], None]) -> None:
    """Have the workspace's broker call ``meanwhile`` in the middle of the next move."""
    with world.database.write() as session:
        broker = {"type": "meddling", "host_path": str(world.storage)}
        session.get_one(Workspace, 1).json_config = {"version": "1.0", "broker": broker}
    Meddling.meanwhile = meanwhile


def test_storage_that_cannot_be_reached_delays_a_move_and_does_not_end_it(
    world: World, moves: Moves, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fall_silent() -> None:
        """The server moves the file, and its answer is lost."""
        (world.storage / "new").mkdir()
        (world.storage / "a.txt").rename(world.storage / "new" / "a.txt")
        raise StorageUnavailable("It does not answer.")

    monkeypatch.setattr(scale_scheduler.moves, "LOOK_SECONDS", 0.01)
    file_id = moving(world, "a.txt")
    meddle(world, fall_silent)
    moves.open()
    until(lambda: events(world))
    assert events(world) == [file_id]
    (row,) = world.all(ScaleFile)
    assert (row.file_path, row.moving_to) == ("new/a.txt", None)
    assert f"File {file_id} cannot be moved now: It does not answer. It is tried again" in caplog.text


def test_a_database_in_trouble_delays_a_move_and_does_not_end_it(
    world: World, moves: Moves, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_off() -> None:
        """The file is moved, and that cannot be recorded."""
        monkeypatch.setattr(world.database, "write", broken)

    def broken() -> None:
        monkeypatch.undo()
        raise OperationalError("UPDATE", {}, sqlite3.OperationalError("disk I/O error"))

    file_id = moving(world, "a.txt")
    meddle(world, break_off)
    moves.open()
    until(lambda: events(world))
    assert events(world) == [file_id]
    assert "Files cannot be moved now: (sqlite3.OperationalError) disk I/O error" in caplog.text


def test_two_that_finish_a_move_at_once_tell_of_it_once(world: World) -> None:
    file_id = moving(world, "a.txt")
    meddle(world, lambda: finish_move(world.context, file_id))
    finish_move(world.context, file_id)
    assert world.all(ScaleFile)[0].file_path == "new/a.txt"
    assert events(world) == [file_id]


def test_one_that_cannot_be_finished_does_not_keep_the_others(
    world: World, moves: Moves, caplog: pytest.LogCaptureFixture
) -> None:
    now = world.context.now()
    with world.database.write() as session:
        unknown = {"version": "1.0", "broker": {"type": "of a plugin that is gone"}}
        session.add(Workspace(id=2, name="unknown", json_config=unknown, created=now, last_modified=now))
    stays = moving(world, "a.txt", workspace_id=2)
    goes = moving(world, "b.txt")
    moves.open()
    until(lambda: f"File {stays} cannot be moved; it is tried again" in caplog.text)
    until(lambda: events(world))
    assert events(world) == [goes]
    assert world.all(ScaleFile)[0].moving_to == "new/a.txt"
