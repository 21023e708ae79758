"""A file that is a source file already: same name, same content, same workspace."""

from functools import partial
from pathlib import Path

import pytest

from fakes.ingests import Ingests
from fakes.world import SetClock, World
from scale_core.db.models import Ingest, ScaleFile, TriggerEvent, Workspace
from scale_core.intake.moves import Mover
from scale_core.intake.orders import Removal
from scale_core.intake.origins import Origins
from scale_core.interfaces.broker import StorageUnavailable
from scale_core.services.brokers import place_broker
from scale_core.services.duplicates import DuplicateService
from scale_core.services.ingesting import IngestingService


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def world(tmp_path: Path, clock: SetClock) -> World:
    return World(tmp_path, now=clock)


@pytest.fixture
def ingests(world: World) -> Ingests:
    return Ingests(world)


def events(world: World) -> int:
    return [one.type for one in world.all(TriggerEvent)].count("INGEST")


def mover(world: World) -> Mover:
    broker = world.context.registry.brokers["host"].from_configuration({"host_path": str(world.storage)})
    return Mover(
        broker, DuplicateService(world.context).known, Origins(Path("unused"), partial(place_broker, world.context))
    )


@pytest.mark.parametrize("days", [0, 3])
def test_the_same_again_is_a_duplicate_and_leaves_no_trace(
    world: World, ingests: Ingests, clock: SetClock, days: int
) -> None:
    ingests.run(ingests.arrive("a.txt", b"hello"))
    before = ingests.stored()
    clock.forward(days=days)
    second = ingests.arrive("a.txt", b"hello")
    assert ingests.run(second) == [None]
    row = ingests.row(second)
    (file,) = world.all(ScaleFile)
    assert (row.status, row.source_file_id, row.file_path) == ("DUPLICATE", file.id, file.file_path)
    assert (
        row.reason
        == f"The workspace has a file of this name with the same content at {file.file_path!r}: source file 1."
    )
    assert row.ingest_ended is not None
    assert ingests.stored() == before
    assert ingests.left() == []
    assert events(world) == 1
    assert ingests.run(second) == [None], "run once more, as after a crash, it stays what it is"


def test_only_the_same_name_with_the_same_content_in_the_same_workspace_is_a_duplicate(
    world: World, ingests: Ingests
) -> None:
    now = world.context.now()
    other = world.folder / "other-storage"
    other.mkdir()
    with world.database.write() as session:
        configuration = {"version": "1.0", "broker": {"type": "host", "host_path": str(other)}}
        session.add(Workspace(name="other", json_config=configuration, created=now, last_modified=now))
    rule = {"filename_regex": ".*", "data_types": [], "workspace_path": "in", "workspace_name": "other"}
    elsewhere = Ingests(world, world.strike("elsewhere", world.folder / "other", [rule]), world.folder / "other")
    elsewhere.incoming.mkdir()
    ingests.run(ingests.arrive("a.txt", b"hello"))
    ingests.run(ingests.arrive("a.txt", b"HELLO"))
    ingests.run(ingests.arrive("b.txt", b"hello"))
    elsewhere.run(elsewhere.arrive("a.txt", b"hello"))
    assert [one.status for one in world.all(Ingest)] == ["INGESTED"] * 4
    assert events(world) == len(world.all(ScaleFile)) == 4


def test_a_file_that_was_deleted_is_no_reason_to_refuse_another(world: World, ingests: Ingests) -> None:
    ingests.run(ingests.arrive("a.txt", b"hello"))
    with world.database.write() as session:
        session.get_one(ScaleFile, 1).is_deleted = True
    second = ingests.arrive("a.txt", b"hello")
    ingests.run(second)
    assert ingests.row(second).status == "INGESTED"
    assert len(world.all(ScaleFile)) == 2


def test_a_copy_is_taken_where_the_stored_file_is_lost(world: World, ingests: Ingests) -> None:
    ingests.run(ingests.arrive("a.txt", b"hello"))
    (path,) = ingests.stored()
    (world.storage / path).unlink()
    second = ingests.arrive("a.txt", b"hello")
    ingests.run(second)
    assert ingests.row(second).status == "INGESTED"
    assert list(ingests.stored().values()) == [b"hello"]


def test_of_two_at_once_one_is_ingested(world: World, ingests: Ingests) -> None:
    other = Ingests(world, world.strike("other", world.folder / "other"), world.folder / "other")
    other.incoming.mkdir()
    ids = [ingests.arrive("a.txt", b"hello"), other.arrive("a.txt", b"hello"), ingests.arrive("b.txt", b"hello")]
    assert ingests.run(*ids) == [None, None, None]
    assert sorted(one.status for one in world.all(Ingest)) == ["DUPLICATE", "INGESTED", "INGESTED"]
    assert sorted(ingests.stored()) == sorted(one.file_path for one in world.all(ScaleFile))
    assert len(world.all(ScaleFile)) == events(world) == 2
    assert ingests.left() == other.left() == []


@pytest.mark.parametrize("crash", ["once it is known", "with the file removed", "before it was looked at"])
def test_a_crash_does_not_make_it_anything_else(world: World, ingests: Ingests, crash: str) -> None:
    ingests.run(ingests.arrive("a.txt", b"hello"))
    before = ingests.stored()
    second = ingests.arrive("a.txt", b"hello")
    (order,) = IngestingService(world.context).begin([second]).orders
    if crash != "before it was looked at":
        ((found, file_id),) = mover(world).move([order]).duplicates
        DuplicateService(world.context).mark([(found.ingest_id, file_id, found.own_path)])
    if crash == "with the file removed":
        mover(world).remove(Removal(second, order.source, order.own_path, order.workspace))
    assert ingests.run(second) == [None]
    assert (ingests.row(second).status, ingests.row(second).source_file_id) == ("DUPLICATE", 1)
    assert ingests.stored() == before
    assert ingests.left() == []


@pytest.mark.parametrize("is_removed", [False, True])
def test_a_crash_after_another_one_was_quicker_leaves_no_copy(world: World, ingests: Ingests, is_removed: bool) -> None:
    other = Ingests(world, world.strike("other", world.folder / "other"), world.folder / "other")
    other.incoming.mkdir()
    first, second = ingests.arrive("a.txt", b"hello"), other.arrive("a.txt", b"hello")
    service = IngestingService(world.context)
    moved = mover(world).move(service.begin([first, second]).orders)
    (removal,) = service.finish(moved.stored)
    assert len(ingests.stored()) == 2
    if is_removed:
        mover(world).remove(removal)
    ingests.run(first, second)
    assert [one.status for one in world.all(Ingest)] == ["INGESTED", "DUPLICATE"]
    assert list(ingests.stored()) == [one.file_path for one in world.all(ScaleFile)]


def test_a_copy_that_cannot_be_removed_is_an_error_until_it_can(
    world: World, ingests: Ingests, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingests.run(ingests.arrive("a.txt", b"hello"))
    second = ingests.arrive("a.txt", b"hello")

    def refuse(*_: object) -> None:
        raise StorageUnavailable("The storage is asleep.")

    with monkeypatch.context() as patch:
        patch.setattr(world.context.registry.brokers["host"], "delete", refuse)
        (failure,) = ingests.run(second)
    assert failure is not None
    assert failure.kind == "output-storage"
    assert (ingests.row(second).status, ingests.row(second).reason) == ("ERRORED", "The storage is asleep.")
    assert ingests.run(second) == [None]
    assert ingests.row(second).status == "DUPLICATE"
    assert len(ingests.stored()) == 1
