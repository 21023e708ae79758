"""The clock as a task of a cluster: whatever happens to agents, questions and Scale, a rule fires once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from fakes.mesos.agent import FakeAgent, Message
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.site import Site, site_on
from fakes.watchers import Watcher
from fakes.world import SetClock
from scale_core.db.models import JobExecution, Node, TriggerEvent
from scale_core.services.job_reads import JobService
from scale_core.services.serialization import SerializerContext
from scale_core.services.system_jobs import create_system_job
from scale_core.watching import asking
from scale_scheduler import clock, lacking, node_clock, node_tasks, scheduler


class Installation:
    """Agents whose executors keep the time, and a rule that fires each hour by a clock that a test moves."""

    def __init__(self, site: Site, cluster: FakeCluster, now: SetClock, watchers: list[Watcher]) -> None:
        self.site, self.cluster, self.now, self.watchers = site, cluster, now, watchers
        self.site.world.rule("hourly", "PT1H")
        with self.site.world.database.write() as session:
            create_system_job(session, self.site.world.context, "scale-clock", {}, "CLOCK_CREATED", {})

    @property
    def keepers(self) -> list[JobExecution]:
        """Executions of the clock's job, the oldest first."""
        (job,) = self.site.world.jobs("scale-clock")
        return self.site.world.executions(job.id)

    def fired(self, times: int) -> Callable[[], bool]:
        """Whether the rule has fired so often."""
        return lambda: self.count() >= times

    def count(self) -> int:
        """How often the rule has fired."""
        return sum(one.type == "TICK" for one in self.site.world.all(TriggerEvent))

    def has_asked(self, times: int) -> Callable[[], bool]:
        """Whether so many questions were asked by whom, from now on."""
        before = self.questions()
        return lambda: self.questions() >= before + times

    def questions(self) -> int:
        """How many were asked."""
        return sum(len(line.asked) for one in self.watchers for line in one.lines.values())

    def is_kept(self, where: str) -> Callable[[], bool]:
        """Whether the time is kept on a ``node``, or ``here``."""

        def is_it() -> bool:
            last = self.keepers[-1]
            return last.status == "RUNNING" and (last.node_id is None) == (where == "here")

        return is_it

    def fires_once(self) -> None:
        """What comes to be due now is fired once, however often it is asked."""
        before = self.count()
        self.now.forward(hours=1)
        self.site.until(self.fired(before + 1))
        self.site.until(self.has_asked(3))
        assert self.count() == before + 1


@contextmanager
def installation(folder: Path, agents: int = 2) -> Iterator[Installation]:
    watchers: list[Watcher] = []

    def make(agent: FakeAgent, framework_id: str, info: Message) -> Watcher:
        watchers.append(Watcher(agent, framework_id, info, {}))
        return watchers[-1]

    cluster, now = FakeCluster(make, agents=agents), SetClock()
    with ExitStack() as stack:
        site = stack.enter_context(site_on(cluster, folder, now))
        stack.callback(_shut_down, watchers)
        yield Installation(site, cluster, now, watchers)


def _shut_down(watchers: Sequence[Watcher]) -> None:
    for one in watchers:
        one.shutdown()


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not wait as long for what is lost."""
    monkeypatch.setattr(asking, "AGAIN_SECONDS", 0.3)
    monkeypatch.setattr(asking, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(node_tasks, "LONGEST_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(scheduler, "HEARTBEAT_SECONDS", 0.1)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path) as there:
        yield there


def test_a_rule_fires_once_when_it_is_due_by_scales_clock(there: Installation) -> None:
    there.site.until(there.has_asked(3))
    assert there.count() == 0
    there.fires_once()
    there.fires_once()
    (keeper,) = there.keepers
    assert (keeper.status, keeper.node_id is not None) == ("RUNNING", True)


def test_a_question_that_is_told_three_times_fires_once(there: Installation) -> None:
    there.site.until(there.has_asked(1))
    there.watchers[0].times = 3
    there.fires_once()


def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_fires_twice(there: Installation) -> None:
    there.site.until(there.has_asked(1))
    there.watchers[0].lost["tick"] = 2
    there.fires_once()
    there.site.until(lambda: there.watchers[0].lost["tick"] == 0)
    assert there.count() == 1


def test_another_node_goes_on_where_an_agent_is_lost_and_what_was_missed_fires_once(there: Installation) -> None:
    there.site.until(there.has_asked(1))
    (lost,) = there.watchers
    there.cluster.leader.lose(lost.agent.agent_id)
    there.now.forward(hours=5)
    there.site.until(there.fired(1))
    there.site.until(there.has_asked(3))
    assert there.count() == 1
    first, second = there.keepers
    assert (first.status, second.status) == ("FAILED", "RUNNING")
    assert first.node_id != second.node_id


def test_scale_itself_goes_on_where_the_only_agent_is_lost(tmp_path: Path) -> None:
    with installation(tmp_path, agents=1) as there:
        there.site.until(there.has_asked(1))
        there.cluster.leader.lose(there.watchers[0].agent.agent_id)
        there.cluster.agents_return()
        there.now.forward(hours=5)
        there.site.until(there.is_kept("here"))
        there.site.until(there.fired(1))
        assert there.count() == 1


def test_the_time_goes_on_over_a_start_of_scale_and_what_was_missed_fires_once(there: Installation) -> None:
    there.site.until(there.has_asked(1))
    there.site.kill()
    there.now.forward(hours=5)
    there.site.start()
    there.site.until(there.fired(1))
    there.site.until(there.has_asked(3))
    assert there.count() == 1
    assert [one.status for one in there.keepers] == ["RUNNING"]


def test_a_node_that_is_cut_off_is_given_up_and_fires_nothing_when_it_is_back(
    there: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.site.until(there.has_asked(1))
    (silent,) = there.watchers
    silent.times = 0
    monkeypatch.setattr(node_clock, "SILENT_SECONDS", 1.0)
    there.site.until(lambda: len(there.watchers) == 2)
    monkeypatch.setattr(node_clock, "SILENT_SECONDS", 3600.0)
    silent.times = 1
    there.fires_once()
    first, second = there.keepers
    assert (first.status, first.message, second.status) == ("FAILED", node_clock.SILENT, "RUNNING")
    assert first.node_id != second.node_id


def test_without_any_node_scale_itself_keeps_the_time_until_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lacking, "CLOCK_HERE_SECONDS", 0.1)
    monkeypatch.setattr(clock, "NODES_AGAIN_SECONDS", 0.0)
    with installation(tmp_path, agents=0) as there:
        there.now.forward(hours=1)
        there.site.until(there.fired(1))
        there.site.until(there.is_kept("here"))
        assert (there.count(), there.watchers, len(there.keepers)) == (1, [], 1)


def test_while_all_nodes_are_paused_scale_itself_keeps_the_time_and_afterwards_a_node_does(
    there: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.site.until(there.has_asked(1))
    monkeypatch.setattr(lacking, "CLOCK_HERE_SECONDS", 0.1)
    monkeypatch.setattr(clock, "NODES_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(clock, "seconds_to_next_tick", lambda _began, _now: 0.05)
    _pause(there, is_paused=True)
    there.cluster.leader.lose(there.watchers[0].agent.agent_id)
    there.site.until(there.is_kept("here"))
    there.now.forward(hours=1)
    there.site.until(there.fired(1))
    monkeypatch.setattr(lacking, "CLOCK_HERE_SECONDS", 3600.0)
    _pause(there, is_paused=False)
    there.site.until(there.is_kept("node"))
    assert there.count() == 1
    there.fires_once()


def test_a_canceled_clock_fires_nothing(there: Installation) -> None:
    there.site.until(there.has_asked(1))
    (job,) = there.site.world.jobs("scale-clock")
    JobService(there.site.world.context).cancel(job.id, SerializerContext(""))
    there.site.until(lambda: [one.status for one in there.keepers] == ["CANCELED"])
    there.now.forward(hours=1)
    there.site.scheduler.run_once()
    assert there.count() == 0


def _pause(there: Installation, *, is_paused: bool) -> None:
    with there.site.world.database.write() as session:
        for node in session.query(Node):
            node.is_paused = is_paused
