"""A Strike process that watches a bucket."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import scale_broker_nfs.plugin
import scale_broker_s3.plugin
from fakes.ingests import Ingests
from fakes.object_store import ObjectStore
from fakes.scans import Scans
from fakes.storage import sealed
from fakes.waiting import join, until, until_equal
from fakes.world import World
from scale_broker_s3.broker import S3Broker
from scale_broker_s3.notices import keys_in
from scale_core.db.models import Ingest, ScaleFile, Strike, WatchedFile, Workspace
from scale_core.interfaces.broker import Broker, StorageUnavailable
from scale_core.services.context import Context
from scale_core.services.exceptions import Invalid
from scale_core.services.serialization import SerializerContext
from scale_core.services.strikes import StrikeService
from scale_core.services.transfers import TransferService
from scale_core.services.watched_files import WatchedFileService
from scale_core.watching import bucket as bucket_module
from scale_core.watching import staging as staging_module
from scale_core.watching.bucket import BucketWatch
from scale_core.watching.staging import Staging
from scale_scheduler.strike.process import StrikeProcess

pytestmark = pytest.mark.any_database

NUMBERS = count(1)
RULES = [{"filename_regex": r".*\.txt$", "workspace_path": "in", "workspace_name": "raw"}]


@pytest.fixture
def bucket(object_store: ObjectStore) -> str:
    name = f"watched-{next(NUMBERS)}"
    object_store.client().create_bucket(Bucket=name)
    return name


@pytest.fixture
def world(tmp_path: Path, object_store: ObjectStore, bucket: str) -> World:
    world = World(tmp_path, scale_broker_s3.plugin, scale_broker_nfs.plugin)
    options = {"s3": object_store.options(sqs_endpoint_url=object_store.url)}
    world.context = replace(world.context, settings=replace(world.context.settings, storage_options=options))
    now = world.context.now()
    broker = {"type": "s3", "bucket_name": bucket, "prefix": "place"}
    with world.database.write() as session:
        document = {"version": "1.0", "broker": broker}
        session.add(Workspace(name="arrivals", json_config=document, created=now, last_modified=now))
    return world


@pytest.fixture
def put(object_store: ObjectStore, bucket: str) -> Callable[[str, bytes], None]:
    client = object_store.client()

    def put(path: str, content: bytes) -> None:
        client.put_object(Bucket=bucket, Key=f"place/{path}", Body=content)

    return put


def make_strike(world: World, **monitor: Any) -> int:
    document = {"type": "s3", "workspace_name": "arrivals", "prefix": "in/", "listing_seconds": 1, **monitor}
    strike_id = world.strike("bucket")
    with world.database.write() as session:
        configuration = {"version": "1.0", "monitor": document, "files_to_ingest": RULES}
        session.get_one(Strike, strike_id).configuration = configuration
    return strike_id


def make_watch(world: World, strike_id: int, *, copies: bool = True) -> BucketWatch:
    service, watched = TransferService(world.context), WatchedFileService(world.context, strike_id)
    order = service.order(strike_id)
    assert order is not None
    workspace_id, broker = watched.broker("arrivals")
    staging = Staging(world.folder / "staged", broker) if copies else None
    watch = BucketWatch(order, broker, "in/", workspace_id, service, watched, staging)
    watch.recover()
    return watch


def never(_seconds: float) -> bool:
    """Whether watching is over."""
    return False


def test_where_others_fetch_the_files_none_is_copied(world: World, put: Callable[[str, bytes], None]) -> None:
    strike_id = make_strike(world)
    put("in/a.txt", b"content")
    make_watch(world, strike_id, copies=False).look(never)
    assert not (world.folder / "staged").exists()
    ingests = Ingests(world, strike_id)
    (ingest,) = world.all(Ingest)
    assert ingests.run(ingest.id) == [None]
    assert list(ingests.stored().values()) == [b"content"]
    make_watch(world, strike_id, copies=False).look(never)
    assert world.ingests() == {"a.txt": "INGESTED"}


@contextmanager
def running(context: Context, strike_id: int, execution_id: int = 0) -> Iterator[None]:
    stop = threading.Event()
    process = StrikeProcess(context, strike_id, execution_id)
    thread = threading.Thread(target=process.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        join(thread)


def has_ingests(world: World, count: int) -> bool:
    return len(world.all(Ingest)) == count


def seen(world: World) -> list[str]:
    with world.database.read() as session:
        return list(session.scalars(select(WatchedFile.path).order_by(WatchedFile.path)))


def finish(world: World) -> None:
    """Have all ingests be over, and their files away."""
    with world.database.write() as session:
        for one in session.query(Ingest):
            one.status = "INGESTED"
            Path(str(one.ingest_path)).unlink(missing_ok=True)


def test_new_objects_that_a_rule_matches_are_handed_on_once(world: World, put: Callable[[str, bytes], None]) -> None:
    for path in ("in/a.txt", "in/deep/er/b.txt", "in/c.png", "in/folder/", "elsewhere/d.txt"):
        put(path, path.encode())
    watch = make_watch(world, make_strike(world))
    for _ in range(2):
        watch.look(never)
    ingests = sorted(world.all(Ingest), key=lambda one: one.file_name)
    assert [(one.file_name, one.status, one.transfer_path) for one in ingests] == [
        ("a.txt", "TRANSFERRED", "in/a.txt"),
        ("b.txt", "TRANSFERRED", "in/deep/er/b.txt"),
    ]
    assert all(one.job_id for one in ingests)
    assert Path(str(ingests[1].ingest_path)).read_bytes() == b"in/deep/er/b.txt"
    assert not watch.unsettled


def test_a_replaced_object_is_ingested_again_and_one_of_the_same_name_waits(
    world: World, put: Callable[[str, bytes], None]
) -> None:
    watch = make_watch(world, make_strike(world))
    put("in/a.txt", b"one")
    watch.look(never)
    put("in/a.txt", b"other")
    put("in/other/a.txt", b"third")
    watch.look(never)
    assert len(world.all(Ingest)) == 1
    assert watch.unsettled
    for expected in (2, 3):
        finish(world)
        watch.look(never)
        assert len(world.all(Ingest)) == expected
    finish(world)
    watch.look(never)
    assert (len(world.all(Ingest)), watch.unsettled) == (3, False)


def test_what_was_copied_and_not_recorded_is_copied_again(world: World, put: Callable[[str, bytes], None]) -> None:
    strike_id = make_strike(world)
    put("in/a.txt", b"content")
    make_watch(world, strike_id).look(never)
    staged = world.folder / "staged"
    (staged / "b.txt").write_bytes(b"half of wh")
    put("in/b.txt", b"half of what there is")
    watch = make_watch(world, strike_id)
    assert [one.name for one in staged.iterdir()] == ["a.txt"]
    watch.look(never)
    assert (staged / "b.txt").read_bytes() == b"half of what there is"
    assert len(world.all(Ingest)) == 2


def test_objects_that_are_gone_are_forgotten(
    world: World,
    put: Callable[[str, bytes], None],
    object_store: ObjectStore,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bucket_module, "PAGE", 3)
    for number in range(8):
        put(f"in/{number}.txt", b"x%d" % number)
    watch = make_watch(world, make_strike(world))
    watch.look(never)
    assert len(seen(world)) == 8
    for number in (0, 4, 7):
        object_store.client().delete_object(Bucket=bucket, Key=f"place/in/{number}.txt")
    watch.look(never)
    assert seen(world) == [f"in/{number}.txt" for number in (1, 2, 3, 5, 6)]
    assert len(world.all(Ingest)) == 8


def test_no_more_is_copied_than_the_folder_may_hold(
    world: World, put: Callable[[str, bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging_module, "MOST_STAGED", 2)
    monkeypatch.setattr(bucket_module, "GROUP", 2)
    for number in range(6):
        put(f"in/{number}.txt", b"x%d" % number)
    with running(world.context, make_strike(world)):
        until_equal(lambda: len(world.all(Ingest)), 2)
        threading.Event().wait(1)
        assert len(world.all(Ingest)) == 2
        for expected in (4, 6):
            finish(world)
            until(partial(has_ingests, world, expected))


def test_a_queue_tells_of_objects_long_before_the_next_listing(
    world: World, put: Callable[[str, bytes], None], object_store: ObjectStore, bucket: str
) -> None:
    queue = object_store.client("sqs")
    name = f"{bucket}-queue"
    url = queue.create_queue(QueueName=name)["QueueUrl"]
    arn = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    notification = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    object_store.client().put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=notification)
    queue.send_message(QueueUrl=url, MessageBody="nothing that anybody understands")
    with running(world.context, make_strike(world, sqs_name=name, listing_seconds=86400)):
        until(lambda: (world.folder / "strikes").is_dir())
        threading.Event().wait(1)  # the first listing is over
        put("in/a b+c.txt", b"content")
        put("elsewhere/d.txt", b"content")
        until_equal(lambda: [one.file_name for one in world.all(Ingest)], ["a b+c.txt"])

        def is_empty() -> bool:
            names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            found = queue.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            return not any(int(one) for one in found.values())

        until(is_empty)


@pytest.mark.parametrize("name", ["s3:ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"])
def test_messages_are_understood_with_and_without_sns(name: str) -> None:
    about = {"bucket": {"name": "mine"}, "object": {"key": "a+b/%C3%BC.txt"}}
    records = [
        {"eventName": name, "s3": about},
        {"eventName": "ObjectRemoved:Delete", "s3": about},
        {"eventName": name, "s3": {**about, "bucket": {"name": "another"}}},
    ]
    body = json.dumps({"Records": records})
    assert list(keys_in(body, "mine")) == ["a b/ü.txt"]
    assert list(keys_in(json.dumps({"Type": "Notification", "Message": body}), "mine")) == ["a b/ü.txt"]


@pytest.mark.parametrize("body", ["", "[]", "7", '{"Records": 7}', '{"Records": [{}]}', '{"Event": "s3:TestEvent"}'])
def test_messages_of_others_tell_of_nothing(body: str) -> None:
    assert list(keys_in(body, "mine")) == []


def test_listing_goes_through_pages_in_order(
    object_store: ObjectStore, bucket: str, put: Callable[[str, bytes], None]
) -> None:
    broker = S3Broker.from_settings({"type": "s3", "bucket_name": bucket, "prefix": "place"}, object_store.options())
    names = sorted(f"in/{number}" for number in range(25))
    for name in names:
        put(name, name.encode())
    found: list[Any] = []
    while page := broker.list_files("in/", found[-1].path if found else "", 10):
        found += page
    assert [one.path for one in found] == names
    assert len({one.version for one in found}) == 25


def test_a_bucket_that_cannot_be_listed_shows_on_the_execution(
    world: World, object_store: ObjectStore, bucket: str
) -> None:
    strike_id = make_strike(world)
    (job,) = world.jobs("scale-strike")
    (execution,) = world.executions(job.id)

    def message() -> str | None:
        (found,) = world.executions(job.id)
        return found.message

    object_store.client().delete_bucket(Bucket=bucket)
    with running(world.context, strike_id, execution.id):
        until(lambda: bucket in (message() or ""))
        object_store.client().create_bucket(Bucket=bucket)
        until(lambda: message() is None)


def test_files_whose_names_are_no_text_are_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    folder = tmp_path / "watched/in"
    folder.mkdir(parents=True)
    world.workspace_on("arrivals", {"type": "host", "host_path": str(folder.parent)})
    strike_id = make_strike(world)
    for name in (b"\xff.txt", b"\xff/b.txt", b"a.txt", b"z\xff.txt"):
        path = folder / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name)
    watch = make_watch(world, strike_id)
    watch.look(never)
    (folder / "a.txt").unlink()
    watch.look(never)
    assert list(world.ingests()) == ["a.txt"]
    with world.database.read() as session:
        assert session.scalars(select(WatchedFile.path)).all() == []


def test_what_is_in_a_folder_that_cannot_be_read_is_not_taken_for_gone(tmp_path: Path) -> None:
    world = World(tmp_path)
    folder = tmp_path / "watched/in/sub"
    folder.mkdir(parents=True)
    world.workspace_on("arrivals", {"type": "host", "host_path": str(tmp_path / "watched")})
    strike_id = make_strike(world)
    (folder / "a.txt").write_text("x")
    watch = make_watch(world, strike_id, copies=False)
    watch.look(never)
    with sealed(folder), pytest.raises(StorageUnavailable, match=r"in/sub/ cannot be read: Permission denied"):
        watch.look(never)
    watch.look(never)
    assert list(world.ingests()) == ["a.txt"]


def test_only_storage_that_lists_its_files_can_be_watched(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.context.registry.brokers["nfs"], "list_files", Broker.list_files)
    now = world.context.now()
    document = {"version": "1.0", "broker": {"type": "nfs", "mount": "server.example:/far"}}
    with world.database.write() as session:
        session.add(Workspace(name="far", json_config=document, created=now, last_modified=now))
    # Of a folder it could take what somebody is still writing.
    growing = ("raw", "host", "lists files before they are whole: .* give mount and transfer_suffix")
    for name, kind, detail in (
        ("raw", "s3", "type host, and the monitor's type s3"),
        growing,
        ("far", "nfs", "does not list its files"),
        ("nowhere", "s3", "no workspace"),
    ):
        monitor = {"type": kind, "workspace_name": name}
        configuration = {"version": "1.0", "monitor": monitor, "files_to_ingest": RULES}
        with pytest.raises(Invalid, match=detail) as refused:
            StrikeService(world.context).create({"name": "x", "configuration": configuration}, SerializerContext(""))
        assert "/configuration/monitor/workspace_name" in str(refused.value)


def test_a_scan_registers_objects_where_they_lie(world: World, put: Callable[[str, bytes], None]) -> None:
    for path in ("a.txt", "x/a.txt", "x/b.doc", "x/folder/"):
        put(path, b"" if path.endswith("/") else path.encode())
    put("x//c.txt", b"x")
    scans = Scans(world)
    progress = scans.process(scans.create({"filename_regex": r".*\.txt$"}, workspace="arrivals"))["progress"]
    assert progress is not None
    assert (progress["files_seen"], progress["files_taken"], progress["files_refused"]) == (4, 2, 1)
    assert scans.ingest() == [None, None]
    assert {path: one.file_size for path, one in files_by_path(world).items()} == {"a.txt": 5, "x/a.txt": 7}


def test_a_scan_copies_objects_and_leaves_them(world: World, put: Callable[[str, bytes], None]) -> None:
    put("x/a.txt", b"content")
    scans = Scans(world)
    scans.process(scans.create(RULES[0], workspace="arrivals"))
    assert scans.ingest() == [None]
    (path,) = files_by_path(world)
    assert (world.storage / path).read_bytes() == b"content"
    _workspace_id, broker = WatchedFileService(world.context, 0).broker("arrivals")
    assert broker.stat("x/a.txt") == 7


def files_by_path(world: World) -> dict[str, ScaleFile]:
    return {one.file_path: one for one in world.all(ScaleFile)}
