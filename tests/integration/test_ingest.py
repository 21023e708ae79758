"""The ingest task: from a file in a watched directory to a source file, whatever happens in between."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from fakes.ingests import Ends, Ingests, task
from fakes.world import World
from scale_core.db.models import Ingest, ScaleFile, TriggerEvent, Workspace
from scale_core.intake.moves import Mover
from scale_core.intake.orders import Removal, StoredSource
from scale_core.intake.origins import Origins
from scale_core.interfaces.broker import Broker, BrokerError, StoredFile
from scale_core.interfaces.notice import FileIngested
from scale_core.plugin import hookimpl
from scale_core.services.brokers import place_broker
from scale_core.services.duplicates import DuplicateService
from scale_core.services.executions import SystemTask
from scale_core.services.ingesting import IngestingService
from scale_scheduler import ingest_group
from scale_scheduler.ingest import MAX_HELD, IngestPool


class Notices:
    """A plugin that remembers what it is told."""

    def __init__(self) -> None:
        self.files: list[FileIngested] = []

    @hookimpl
    def scale_file_ingested(self, file: FileIngested) -> None:
        self.files.append(file)


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def world(tmp_path: Path, notices: Notices) -> World:
    return World(tmp_path, notices)


@pytest.fixture
def arrive(world: World) -> Callable[..., int]:
    return Ingests(world).arrive


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture
def pool(world: World, ends: Ends) -> Iterator[IngestPool]:
    pool = IngestPool(world.context, ends)
    pool.start()
    yield pool
    pool.stop(10)


def test_a_transferred_file_becomes_a_source_file(
    world: World, arrive: Callable[..., int], pool: IngestPool, ends: Ends, notices: Notices
) -> None:
    ingest_id = arrive("a.txt", b"hello")
    pool.submit([task(ingest_id)])
    ends.wait(1)
    (ingest,) = world.all(Ingest)
    (file,) = world.all(ScaleFile)
    assert ends.by_execution == {ingest_id: None}
    assert (ingest.status, ingest.source_file_id) == ("INGESTED", file.id)
    assert (world.storage / file.file_path).read_bytes() == b"hello"
    assert file.checksum == f"sha256:{hashlib.sha256(b'hello').hexdigest()}"
    assert (file.file_type, file.file_size, file.media_type) == ("SOURCE", 5, "text/plain")
    assert file.data_type == ["a", "b"]
    assert len(file.uuid) == 32
    assert not (world.incoming / "ingesting" / "a.txt").exists()
    event = world.all(TriggerEvent)[-1]
    assert (event.type, event.description["file_id"]) == ("INGEST", file.id)
    assert notices.files == [FileIngested(file.id, "a.txt", "raw", file.file_path, "text/plain", frozenset({"a", "b"}))]


def test_the_content_tells_the_media_type_of_an_unknown_name(
    world: World, arrive: Callable[..., int], pool: IngestPool, ends: Ends
) -> None:
    png = Path(__file__).parents[2] / "examples" / "night-lights" / "tiles" / "N15E070.png"
    ingest_id = arrive("photo.png", png.read_bytes())
    with world.database.write() as session:
        session.get_one(Ingest, ingest_id).file_name = "photo"
    pool.submit([task(ingest_id)])
    ends.wait(1)
    assert world.all(ScaleFile)[0].media_type == "image/png"


def test_many_files_are_each_ingested_once(
    world: World, arrive: Callable[..., int], pool: IngestPool, ends: Ends
) -> None:
    ids = [arrive(f"{number}.txt", str(number).encode()) for number in range(100)]
    for ingest_id in ids:
        pool.submit([task(ingest_id)])
    ends.wait(100)
    assert set(ends.by_execution.values()) == {None}
    assert {one.status for one in world.all(Ingest)} == {"INGESTED"}
    assert len(world.sources()) == 100
    assert pool.free() == MAX_HELD


def test_a_path_that_is_taken_gives_the_later_file_a_place_of_its_own(
    world: World, arrive: Callable[..., int], pool: IngestPool, ends: Ends
) -> None:
    first = arrive("a.txt", b"first")
    pool.submit([task(first)])
    ends.wait(1)
    second = arrive("a.txt", b"second")
    pool.submit([task(second)])
    ends.wait(2)
    one, two = world.all(ScaleFile)
    assert (world.storage / one.file_path).read_bytes() == b"first"
    assert (world.storage / two.file_path).read_bytes() == b"second"
    assert two.file_path == f"{Path(one.file_path).parent}/ingest-{second}/a.txt"
    assert one.uuid != two.uuid


def test_a_file_that_scale_does_not_know_is_not_overwritten(
    world: World, arrive: Callable[..., int], pool: IngestPool, ends: Ends
) -> None:
    ingest_id = arrive("a.txt", b"ours!!")
    stranger = world.storage / world.all(Ingest)[0].file_path
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"theirs")
    pool.submit([task(ingest_id)])
    ends.wait(1)
    assert stranger.read_bytes() == b"theirs"
    assert (world.storage / world.all(ScaleFile)[0].file_path).read_bytes() == b"ours!!"


@pytest.mark.parametrize("crash", ["before the move", "after a copy", "after the move", "after the commit"])
def test_a_crash_at_any_point_is_mended_by_running_again(
    world: World, arrive: Callable[..., int], pool: IngestPool, ends: Ends, notices: Notices, crash: str
) -> None:
    ingest_id = arrive("a.txt", b"hello")
    service = IngestingService(world.context)
    (order,) = service.begin([ingest_id]).orders
    place = world.storage / order.path
    broker = world.context.registry.brokers["host"].from_configuration({"host_path": str(world.storage)})
    mover = Mover(
        broker, DuplicateService(world.context).known, Origins(Path("unused"), partial(place_broker, world.context))
    )
    if crash == "after a copy":
        place.parent.mkdir(parents=True)
        place.write_bytes(b"hello")
    elif crash == "after the move":
        mover.move([order])
    elif crash == "after the commit":
        service.finish(mover.move([order]).stored)
    pool.submit([task(ingest_id)])
    ends.wait(1)
    assert ends.by_execution == {ingest_id: None}
    assert [one.status for one in world.all(Ingest)] == ["INGESTED"]
    (file,) = world.all(ScaleFile)
    assert (world.storage / file.file_path).read_bytes() == b"hello"
    assert file.checksum == f"sha256:{hashlib.sha256(b'hello').hexdigest()}"
    assert len(notices.files) == 1
    assert [one.type for one in world.all(TriggerEvent)].count("INGEST") == 1
    assert [path.name for path in world.storage.rglob("*") if path.is_file()] == ["a.txt"]


def test_a_failure_has_a_reason_and_a_retry_ingests(
    world: World, arrive: Callable[..., int], pool: IngestPool, ends: Ends
) -> None:
    ingest_id = arrive("a.txt")
    world.storage.rename(world.folder / "unmounted")
    pool.submit([task(ingest_id, 11)])
    ends.wait(1)
    failure = ends.by_execution[11]
    assert failure is not None
    assert failure.kind == "output-storage"
    (ingest,) = world.all(Ingest)
    assert ingest.status == "ERRORED"
    assert ingest.reason == failure.message
    assert "Mount it" in ingest.reason
    (world.folder / "unmounted").rename(world.storage)
    pool.submit([task(ingest_id, 12)])
    ends.wait(2)
    assert ends.by_execution[12] is None
    (ingest,) = world.all(Ingest)
    assert (ingest.status, ingest.reason) == ("INGESTED", None)


def test_a_vanished_file_is_an_error_that_says_where_it_should_be(
    world: World, arrive: Callable[..., int], pool: IngestPool, ends: Ends
) -> None:
    ingest_id = arrive("a.txt")
    (world.incoming / "ingesting" / "a.txt").unlink()
    pool.submit([task(ingest_id)])
    ends.wait(1)
    failure = ends.by_execution[ingest_id]
    assert failure is not None
    assert failure.kind == "input"
    assert "ingesting/a.txt" in failure.message


def test_one_file_that_cannot_be_recorded_does_not_take_others_with_it(
    world: World, arrive: Callable[..., int], ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [arrive(f"{number}.txt") for number in range(4)]
    finish = IngestingService.finish

    def picky(self: IngestingService, stored: list[StoredSource]) -> list[Removal]:
        if any(one.ingest_id == ids[1] for one in stored):
            raise ValueError("the second one is bad")
        return finish(self, stored)

    monkeypatch.setattr(IngestingService, "finish", picky)
    pool = IngestPool(world.context, ends, workers=1)
    for ingest_id in ids:
        pool.submit([task(ingest_id)])
    pool.start()
    ends.wait(4)
    pool.stop(10)
    assert [one.status for one in world.all(Ingest)] == ["INGESTED", "ERRORED", "INGESTED", "INGESTED"]
    assert "the second one is bad" in world.all(Ingest)[1].reason


def test_an_inactive_workspace_takes_nothing(
    world: World, arrive: Callable[..., int], pool: IngestPool, ends: Ends
) -> None:
    ingest_id = arrive("a.txt")
    with world.database.write() as session:
        session.get_one(Workspace, 1).is_active = False
    pool.submit([task(ingest_id)])
    ends.wait(1)
    assert "'raw' is not active" in world.all(Ingest)[0].reason


def test_tasks_of_ingests_that_do_not_exist_fail(pool: IngestPool, ends: Ends) -> None:
    pool.submit([task(99)])
    pool.submit([SystemTask(100, 1, "scale-ingest", {"ingest_id": "x"})])
    ends.wait(2)
    assert all(one is not None and one.kind == "input" for one in ends.by_execution.values())


def test_a_broker_that_breaks_in_unknown_ways_ends_the_task_and_not_the_thread(
    world: World, arrive: Callable[..., int], pool: IngestPool, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(RuntimeError):
        pass

    def broken(*_: object, **__: object) -> None:
        raise Broken("oh")

    first, second = arrive("a.txt"), arrive("b.txt")
    with monkeypatch.context() as patch:
        patch.setattr(world.context.registry.brokers["host"], "store_many", broken)
        pool.submit([task(first)])
        ends.wait(1)
    failure = ends.by_execution[first]
    assert failure is not None
    assert failure.message == "Broken: oh"
    pool.submit([task(second)])
    ends.wait(2)
    assert ends.by_execution[second] is None


def test_large_files_and_many_small_ones_are_ingested_beside_each_other(
    world: World, arrive: Callable[..., int], ends: Ends
) -> None:
    contents = {f"{number}.txt": bytes([number]) * ((3 << 20) if number % 5 == 0 else 10) for number in range(30)}
    ids = [arrive(name, content) for name, content in contents.items()]
    pool = IngestPool(world.context, ends)
    pool.submit([task(ingest_id) for ingest_id in ids])
    pool.start()
    ends.wait(30)
    pool.stop(10)
    assert set(ends.by_execution.values()) == {None}
    assert {name: (world.storage / file.file_path).read_bytes() for name, file in world.sources().items()} == contents
    assert pool.free() == MAX_HELD


def test_where_storage_is_slow_files_are_stored_beside_each_other(
    world: World, arrive: Callable[..., int], ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_group, "TRIAL", 2)
    monkeypatch.setattr(ingest_group, "SLOW_SECONDS", 0.0)
    groups: list[int] = []
    broker = world.context.registry.brokers["host"]
    store_many = broker.store_many

    def counting(self: Broker, files: Sequence[tuple[Path, str]], **how: bool) -> list[StoredFile | BrokerError]:
        groups.append(len(files))
        return store_many(self, files, **how)

    monkeypatch.setattr(broker, "store_many", counting)
    ids = [arrive(f"{number}.txt") for number in range(10)]
    pool = IngestPool(world.context, ends)
    pool.submit([task(ingest_id) for ingest_id in ids])
    pool.start()
    ends.wait(10)
    pool.stop(10)
    assert sorted(groups) == [1] * 8 + [2]
    assert {one.status for one in world.all(Ingest)} == {"INGESTED"}


def test_a_file_that_a_broker_breaks_at_does_not_take_others_with_it(
    world: World, arrive: Callable[..., int], ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = world.context.registry.brokers["host"]
    store_many = broker.store_many

    def brittle(self: Broker, files: Sequence[tuple[Path, str]], **how: bool) -> list[StoredFile | BrokerError]:
        if any(source.name == "3.txt" for source, _path in files):
            raise RuntimeError("three")
        return store_many(self, files, **how)

    monkeypatch.setattr(broker, "store_many", brittle)
    ids = [arrive(f"{number}.txt") for number in range(6)]
    pool = IngestPool(world.context, ends, workers=1)
    pool.submit([task(ingest_id) for ingest_id in ids])
    pool.start()
    ends.wait(6)
    pool.stop(10)
    assert [one.status == "INGESTED" for one in world.all(Ingest)] == [number != 3 for number in range(6)]
    assert world.all(Ingest)[3].reason == "RuntimeError: three"
