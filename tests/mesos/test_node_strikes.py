"""Strikes as tasks of a cluster: whatever happens to agents, questions and Scale, a file is recorded once."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from fakes.mesos.agent import FakeAgent, Message
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.site import Site, site_on
from fakes.waiting import until
from fakes.watchers import Watcher
from scale_broker_host.broker import HostBroker
from scale_core.db.models import Ingest, JobExecution, ScaleFile, Strike, WatchedFile
from scale_core.interfaces.broker import BrokerError, ListedFile
from scale_core.runner import watching
from scale_core.services.job_reads import JobService
from scale_core.services.serialization import SerializerContext
from scale_core.watching import asking

MOUNT = "server:/export"


class Installation:
    """Two agents whose executors watch, and a directory that is watched on the node that has it."""

    def __init__(self, site: Site, cluster: FakeCluster, watchers: list[Watcher]) -> None:
        self.site, self.cluster, self.watchers = site, cluster, watchers
        self.incoming = site.world.incoming
        self.bucket = site.world.workspace("arrivals")

    def transfer(self, name: str, content: bytes = b"content") -> None:
        """Put a whole file into the directory, in one step."""
        part = self.incoming.with_name(name)
        part.write_bytes(content)
        part.rename(self.incoming / name)

    @property
    def watches(self) -> list[JobExecution]:
        """Executions of the Strike's job, the oldest first."""
        (job,) = self.site.world.jobs("scale-strike")
        return self.site.world.executions(job.id)

    def statuses(self) -> dict[str, list[str]]:
        """The statuses of the ingests of each file."""
        found: dict[str, list[str]] = {}
        for one in self.site.world.all(Ingest):
            found.setdefault(one.file_name, []).append(one.status)
        return found

    def are_recorded(self, *names: str) -> Callable[[], bool]:
        """Whether these files have arrived, and no others."""
        return lambda: sorted(self.statuses()) == sorted(names) and self.is_quiet()

    def is_quiet(self) -> bool:
        """Whether nothing waits at the top of the directory."""
        return not [one for one in self.incoming.iterdir() if one.is_file()]

    def are_ingested(self, number: int) -> Callable[[], bool]:
        """Whether so many files are in their workspace, once executors have worked and told."""

        def are_they() -> bool:
            for one in self.watchers:
                one.work()
                one.tell()
            return len(self.site.world.all(ScaleFile)) == number

        return are_they

    def is_watched(self, times: int = 1) -> bool:
        """Whether a directory has been looked at, by that execution."""
        asked = [line.asked for one in self.watchers for line in one.lines.values()]
        return len(asked) >= times and "note" in asked[times - 1]

    def put(self, name: str, content: bytes = b"content") -> None:
        """Put a whole file into the workspace that is watched, in one step."""
        part = self.bucket.with_name(f"{name}.part")
        part.write_bytes(content)
        part.rename(self.bucket / name)

    def seen(self) -> set[str]:
        """Paths of the files of the workspace that are noted as seen."""
        with self.site.world.database.read() as session:
            return set(session.scalars(select(WatchedFile.path)))

    def watch_bucket(self) -> None:
        """Have the Strike watch a workspace instead. It is one of folders, which no API would let be watched."""
        monitor = {"type": "host", "workspace_name": "arrivals", "listing_seconds": 1}
        self.edit(monitor=monitor, mount=None, transfer_suffix=None)

    def edit(self, **changes: Any) -> None:
        """Change the Strike's configuration; None leaves a field out."""
        with self.site.world.database.write() as session:
            (row,) = session.query(Strike).all()
            changed = {**row.configuration, **changes}
            row.configuration = {name: value for name, value in changed.items() if value is not None}
            row.last_modified = self.site.world.context.now()


class Unreached(HostBroker):
    """Storage that a node does not reach."""

    def list_files(self, prefix: str, after: str, limit: int) -> list[ListedFile]:
        raise BrokerError("nobody answers")


@contextmanager
def installation(
    folder: Path, *storages: dict[str, Any], mount: str | None = None, unreached: int = 0
) -> Iterator[Installation]:
    """One with a Strike.

    :param storages: options of storage on each agent.
    :param unreached: so many of those who watch first do not reach what they are to watch.
    """
    watchers: list[Watcher] = []
    cluster: FakeCluster

    def make(agent: FakeAgent, framework_id: str, info: Message) -> Watcher:
        storage = storages[cluster.agents.index(agent)] if storages else {}
        watchers.append(Watcher(agent, framework_id, info, storage))
        if len(watchers) <= unreached:
            watchers[-1].brokers["host"] = Unreached
        return watchers[-1]

    cluster = FakeCluster(make, agents=2)
    with ExitStack() as stack:
        site = stack.enter_context(site_on(cluster, folder))
        stack.callback(_shut_down, watchers)
        site.world.strike(directory=mount)
        yield Installation(site, cluster, watchers)


def _shut_down(watchers: Sequence[Watcher]) -> None:
    for one in watchers:
        one.shutdown()


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not wait as long for what is lost."""
    monkeypatch.setattr(asking, "AGAIN_SECONDS", 0.3)
    monkeypatch.setattr(asking, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(watching, "PULSE_SECONDS", 0.05)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path) as there:
        yield there


def test_files_that_a_node_sees_are_ingested_on_nodes(there: Installation) -> None:
    there.transfer("a.txt")
    there.site.until(there.are_recorded("a.txt"))
    there.transfer("b.txt")
    there.site.until(there.are_ingested(2))
    (watch,) = there.watches
    assert (watch.status, watch.node_id is not None) == ("RUNNING", True)
    assert there.statuses() == {"a.txt": ["INGESTED"], "b.txt": ["INGESTED"]}


def test_what_no_rule_matches_is_deferred_until_an_edit_that_reaches_the_node(there: Installation) -> None:
    there.transfer("notes.doc")
    there.site.until(lambda: there.statuses() == {"notes.doc": ["DEFERRED"]})
    there.edit(files_to_ingest=[{"filename_regex": ".*", "workspace_path": "all", "workspace_name": "raw"}])
    there.site.until(there.are_ingested(1))
    assert len(there.watches) == 1


def test_a_transfer_that_grows_on_a_node_is_one_ingest(there: Installation) -> None:
    there.site.until(there.is_watched)
    part = there.incoming / "big.png_tmp"
    part.write_bytes(b"12345")
    there.site.until(lambda: there.statuses() == {"big.png": ["TRANSFERRING"]})
    part.rename(there.incoming / "big.png")
    there.site.until(there.are_ingested(1))
    assert there.statuses() == {"big.png": ["INGESTED"]}


def test_a_question_that_is_told_three_times_is_recorded_once(there: Installation) -> None:
    there.site.until(there.is_watched)
    there.watchers[0].times = 3
    (there.incoming / "big.png_tmp").write_bytes(b"12345")
    there.transfer("a.txt")
    there.site.until(lambda: there.statuses().keys() == {"a.txt", "big.png"})
    there.transfer("b.txt")
    there.site.until(there.are_ingested(2))
    assert there.statuses() == {"a.txt": ["INGESTED"], "b.txt": ["INGESTED"], "big.png": ["TRANSFERRING"]}


def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_recorded_twice(there: Installation) -> None:
    there.site.until(there.is_watched)
    there.watchers[0].lost |= {"arrived": 1, "seen": 1, "names_being_ingested": 1}
    there.transfer("a.txt")
    (there.incoming / "big.png_tmp").write_bytes(b"12345")
    there.site.until(there.are_ingested(1))
    there.site.until(lambda: not any(there.watchers[0].lost.values()))
    there.site.until(lambda: there.statuses() == {"a.txt": ["INGESTED"], "big.png": ["TRANSFERRING"]})
    assert there.watchers[0].lines[there.watches[0].id].asked.count("arrived") >= 2


def test_another_node_goes_on_where_an_agent_is_lost_while_files_arrive(there: Installation) -> None:
    there.transfer("a.txt")
    there.site.until(there.are_recorded("a.txt"))
    (lost,) = there.watchers
    there.cluster.leader.lose(lost.agent.agent_id)
    for number in range(5):
        there.transfer(f"{number}.txt")
    there.site.until(there.are_recorded("a.txt", *(f"{number}.txt" for number in range(5))))
    assert {len(one) for one in there.statuses().values()} == {1}
    assert [one.status for one in there.watches] == ["FAILED", "RUNNING"]
    assert (there.watches[0].node_id, there.watches[0].error_id) != (there.watches[1].node_id, None)


def test_a_watch_leaves_a_node_that_is_to_be_maintained(there: Installation) -> None:
    there.site.until(there.is_watched)
    (first,) = there.watchers
    there.cluster.leader.maintain(first.agent.agent_id, time.time() + 3600)
    there.site.until(lambda: len(there.watchers) == 2 and there.is_watched(2))
    assert there.watchers[1].agent is not first.agent
    there.transfer("a.txt")
    there.site.until(there.are_recorded("a.txt"))


def test_a_watch_goes_on_over_a_start_of_scale(there: Installation) -> None:
    there.transfer("a.txt")
    there.site.until(there.are_recorded("a.txt"))
    there.site.kill()
    there.transfer("b.txt")
    (watcher,) = there.watchers
    (asked,) = [line.asked for line in watcher.lines.values()]
    before = len(asked)
    until(lambda: len(asked) >= before + 2)  # nobody answers, and nothing is kept for when somebody does
    assert watcher.agent.unacknowledged(watcher.framework_id) == 0
    there.site.start()
    there.site.until(there.are_recorded("a.txt", "b.txt"))
    assert {len(one) for one in there.statuses().values()} == {1}
    assert [one.status for one in there.watches] == ["RUNNING"]


def test_a_canceled_strike_is_not_watched_any_more(there: Installation) -> None:
    there.site.until(there.is_watched)
    (job,) = there.site.world.jobs("scale-strike")
    JobService(there.site.world.context).cancel(job.id, SerializerContext(""))
    there.site.until(lambda: [one.status for one in there.watches] == ["CANCELED"])
    there.transfer("a.txt")
    there.site.scheduler.run_once()
    assert there.statuses() == {}


def test_an_edit_from_directory_to_bucket_and_back_is_taken_up_on_the_node(there: Installation) -> None:
    there.site.until(there.is_watched)
    mount = str(there.incoming)
    there.watch_bucket()
    there.put("a.txt")
    there.site.until(lambda: there.statuses().keys() == {"a.txt"})
    there.edit(monitor=None, mount=mount, transfer_suffix="_tmp")
    there.transfer("b.txt")
    there.site.until(there.are_ingested(2))
    (watch,) = there.watches
    assert (watch.status, watch.node_id is not None) == ("RUNNING", True)


def test_files_that_a_node_sees_in_a_bucket_are_ingested_on_nodes_and_stay_there(there: Installation) -> None:
    there.watch_bucket()
    for name in ("a.txt", "b.doc", "c.png"):
        there.put(name, name.encode())
    there.site.until(there.are_ingested(2))
    there.put("d.txt", b"later")
    there.site.until(there.are_ingested(3))
    assert there.statuses() == {name: ["INGESTED"] for name in ("a.txt", "c.png", "d.txt")}
    assert sorted(one.name for one in there.bucket.iterdir()) == ["a.txt", "b.doc", "c.png", "d.txt"]
    assert there.seen() == {"a.txt", "c.png", "d.txt"}
    (there.bucket / "a.txt").unlink()
    there.site.until(lambda: there.seen() == {"c.png", "d.txt"})


def test_what_is_found_in_a_bucket_is_recorded_once_though_it_is_told_again_and_answers_are_lost(
    there: Installation,
) -> None:
    there.site.until(there.is_watched)
    there.watchers[0].times = 3
    there.watchers[0].lost |= {"found": 1, "news": 1, "listed": 1}
    there.watch_bucket()
    there.put("a.txt")
    there.site.until(lambda: not any(there.watchers[0].lost.values()))
    there.site.until(there.are_ingested(1))
    assert there.statuses() == {"a.txt": ["INGESTED"]}


def test_another_node_goes_on_with_a_bucket_where_an_agent_is_lost(there: Installation) -> None:
    there.watch_bucket()
    there.put("a.txt")
    there.site.until(lambda: there.statuses().keys() == {"a.txt"})
    (lost,) = there.watchers
    there.cluster.leader.lose(lost.agent.agent_id)
    there.put("b.txt")
    there.site.until(lambda: there.statuses().keys() == {"a.txt", "b.txt"})
    assert {len(one) for one in there.statuses().values()} == {1}
    assert [one.status for one in there.watches] == ["FAILED", "RUNNING"]


def test_a_node_that_cannot_reach_the_storage_of_a_bucket_is_left_out(tmp_path: Path) -> None:
    with installation(tmp_path, unreached=1) as there:
        there.watch_bucket()
        there.put("a.txt")
        there.site.until(lambda: there.statuses().keys() == {"a.txt"})
        first, second = there.watches
        assert (first.message, second.status) == ("On this node: nobody answers", "RUNNING")
        assert second.node_id not in (None, first.node_id)


def test_where_no_node_reaches_a_bucket_scale_itself_watches_it_until_it_is_edited(tmp_path: Path) -> None:
    with installation(tmp_path, unreached=2) as there:
        there.watch_bucket()
        there.put("a.txt")
        there.site.until(lambda: there.statuses().keys() == {"a.txt"})
        assert [one.node_id is None for one in there.watches] == [False, False, True]
        there.site.until(there.are_ingested(1))
        there.edit(monitor=None, mount=str(there.incoming), transfer_suffix="_tmp")
        there.site.until(lambda: [one.status for one in there.watches][2] == "COMPLETED")


def test_a_node_without_the_mount_is_left_out(tmp_path: Path) -> None:
    lacking = {"nfs": {"mounts": {MOUNT: str(tmp_path / "nowhere")}}}
    having = {"nfs": {"mounts": {MOUNT: str(tmp_path / "incoming")}}}
    for number, storages in enumerate([(lacking, having), (having, lacking)]):
        folder = tmp_path if number == 0 else tmp_path / "other"
        folder.mkdir(exist_ok=True)
        having["nfs"]["mounts"][MOUNT] = str(folder / "incoming")
        with installation(folder, *storages, mount=MOUNT) as there:
            there.transfer("a.txt")
            there.site.until(there.are_recorded("a.txt"))
            *before, last = there.watches
            assert last.status == "RUNNING"
            assert {one.node_id for one in before}.isdisjoint({last.node_id})


def test_a_folder_without_what_strike_made_there_is_no_mount(there: Installation) -> None:
    there.transfer("a.txt")
    there.site.until(there.are_recorded("a.txt"))
    there.site.kill()
    mounted = there.incoming.rename(there.incoming.with_name("away"))
    there.incoming.mkdir()
    there.site.start()
    there.site.until(lambda: len(there.watches) == 3)
    assert [one.message or "" for one in there.watches][:2] != ["", ""]
    assert all(f"{there.incoming / 'ingesting'} is not there" in (one.message or "") for one in there.watches[:2])
    assert mounted.is_dir()


def test_where_all_nodes_lack_the_directory_scale_itself_watches(tmp_path: Path) -> None:
    with installation(tmp_path) as there:
        away = there.incoming.rename(there.incoming.with_name("away"))
        there.site.until(lambda: [one.status for one in there.watches] == ["FAILED", "FAILED", "RUNNING"])
        assert [one.node_id is None for one in there.watches] == [False, False, True]
        away.rename(there.incoming)
        there.transfer("a.txt")
        there.site.until(there.are_recorded("a.txt"))
