"""What storage can do to an ingest: it says why, and a requeue of its job ingests the file."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from fakes.engine import FakeEngine
from fakes.ingests import Ingests
from fakes.storage import LIMIT, read_only, small_storage
from fakes.waiting import join, until_equal
from fakes.world import World
from scale_core.db.models import Ingest, ScaleFile, Workspace
from scale_core.interfaces.engine import AgentSettings, EngineEvent, EngineSettings, NodeAgent
from scale_core.services.bulk_changes import BulkChanges
from scale_core.services.serialization import SerializerContext
from scale_scheduler.leadership import leadership_of
from scale_scheduler.scheduler import Scheduler

LARGE = os.urandom(LIMIT // 4 * 5)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def ingests(world: World) -> Ingests:
    return Ingests(world)


@contextmanager
def vanished(folder: Path) -> Iterator[None]:
    """The workspace's folder is gone, as when its file system is not mounted."""
    away = folder.with_name("away")
    folder.rename(away)
    yield
    away.rename(folder)


@contextmanager
def taken(folder: Path) -> Iterator[None]:
    """There is a file where the workspace needs a folder."""
    (folder / "in").write_bytes(b"a file")
    yield
    (folder / "in").unlink()


FAULTS = {
    "full": (small_storage, LARGE, "Free some space", "output-storage"),
    "read-only": (read_only, b"x", "writable", "output-storage"),
    "vanished": (vanished, b"x", "is not there. Mount it", "output-storage"),
    "taken": (taken, b"x", "must be a folder", "output-storage"),
}


@pytest.mark.parametrize(("fault", "content", "reason", "kind"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_the_storage_is_named_and_a_retry_ingests(
    world: World,
    ingests: Ingests,
    fault: Callable[[Path], AbstractContextManager[None]],
    content: bytes,
    reason: str,
    kind: str,
) -> None:
    one = ingests.arrive("a.txt", content)
    many = [ingests.arrive(f"{number}.txt", content) for number in range(12)] if len(content) == 1 else []
    with fault(world.storage):
        failures = ingests.run(one, *many)
        assert [failure and failure.kind for failure in failures] == [kind] * len(failures)
        for ingest_id in (one, *many):
            assert ingests.row(ingest_id).status == "ERRORED"
            assert reason in (ingests.row(ingest_id).reason or "")
        assert sorted(ingests.left()) == sorted(row.file_name for row in world.all(Ingest)), "the files are kept"
        assert not list(world.storage.rglob(".scale-*")), "nothing is left half-written"
    assert set(ingests.run(one, *many)) == {None}
    assert {row.status for row in world.all(Ingest)} == {"INGESTED"}
    assert {row.reason for row in world.all(Ingest)} == {None}
    assert set(ingests.stored().values()) == {content}
    assert len(world.all(ScaleFile)) == 1 + len(many)


def test_what_fits_is_stored_beside_what_does_not(world: World, ingests: Ingests) -> None:
    sizes = {"small.txt": 100, "huge.txt": len(LARGE), "tiny.txt": 1}
    ids = [ingests.arrive(name, LARGE[:size]) for name, size in sizes.items()]
    with small_storage(world.storage):
        assert [failure is None for failure in ingests.run(*ids)] == [True, False, True]
        assert {len(content) for content in ingests.stored().values()} == {100, 1}
        assert [row.status for row in world.all(Ingest)] == ["INGESTED", "ERRORED", "INGESTED"]


@pytest.mark.parametrize("what", ["folder", "link", "nothing"])
def test_a_file_that_is_none_any_more_is_an_error_until_it_is_one(world: World, ingests: Ingests, what: str) -> None:
    ids = [ingests.arrive("a.txt", b"hello"), ingests.arrive("b.txt", b"hello")]
    path = ingests.path("a.txt")
    path.unlink()
    if what == "folder":
        path.mkdir()
    elif what == "link":
        path.symlink_to(__file__)
    failure, other = ingests.run(*ids)
    assert failure is not None
    assert failure.kind == "input"
    assert ("gone" if what == "nothing" else "not a regular file") in failure.message
    assert other is None
    if what == "folder":
        path.rmdir()
    elif what == "link":
        path.unlink()
    path.write_bytes(b"hello")
    assert ingests.run(ids[0]) == [None]
    assert [row.status for row in world.all(Ingest)] == ["INGESTED", "INGESTED"]


def test_a_name_that_the_storage_cannot_take_is_an_error(world: World, ingests: Ingests) -> None:
    long = ingests.arrive("a.txt")
    with world.database.write() as session:
        row = session.get_one(Ingest, long)
        row.file_path = f"{'n' * 300}/{row.file_path}"
    (failure,) = ingests.run(long)
    assert failure is not None
    assert "File name too long" in failure.message
    assert ingests.row(long).reason == failure.message


def test_a_kind_of_workspace_that_is_not_installed_is_an_error(world: World, ingests: Ingests) -> None:
    one = ingests.arrive("a.txt")
    with world.database.write() as session:
        workspace = session.get_one(Workspace, 1)
        installed, workspace.json_config = workspace.json_config, {"version": "1.0", "broker": {"type": "tape"}}
    (failure,) = ingests.run(one)
    assert failure is not None
    assert "'tape' is installed" in failure.message
    assert ingests.row(one).status == "ERRORED"
    with world.database.write() as session:
        session.get_one(Workspace, 1).json_config = installed
    assert ingests.run(one) == [None]


def test_requeueing_the_job_really_ingests(world: World, ingests: Ingests) -> None:
    first, second = ingests.arrive("a.txt", b"first"), ingests.arrive("b.txt", b"second")
    with vanished(world.storage), running(world):
        until_equal(lambda: [job.status for job in world.jobs("scale-ingest")], ["FAILED", "FAILED"])
        assert [row.status for row in world.all(Ingest)] == ["ERRORED", "ERRORED"]
    with running(world):
        changed = BulkChanges(world.context).requeue({"job_ids": [job_id(world, first)]}, SerializerContext("http://s"))
        assert changed["count"] == 1
        until_equal(lambda: ingests.row(first).status, "INGESTED")
        until_equal(lambda: {job.status for job in world.jobs("scale-ingest")}, {"COMPLETED", "FAILED"})
    assert ingests.row(second).status == "ERRORED"
    assert list(ingests.stored().values()) == [b"first"]


def job_id(world: World, ingest_id: int) -> int:
    with world.database.read() as session:
        return session.get_one(Ingest, ingest_id).job_id or 0


def no_agent(settings: AgentSettings, tell: Callable[[Sequence[EngineEvent]], None]) -> NodeAgent:
    pytest.fail("this engine starts no agent")


@contextmanager
def running(world: World) -> Iterator[None]:
    """A scheduler that runs."""
    scheduler = Scheduler(world.context, FakeEngine(EngineSettings(world.folder)), no_agent)
    thread = threading.Thread(target=scheduler.run, args=[leadership_of(world.context)])
    thread.start()
    try:
        yield
    finally:
        scheduler.stop()
        join(thread)
