"""An installation on a cluster of the tests, whose scheduler a test drives and may kill."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from fakes.engine import no_agent
from fakes.mesos.agent import Message
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.executors import ToldExecutor
from fakes.waiting import until
from fakes.world import World
from scale_core.db.models import Job, JobExecution
from scale_core.interfaces.engine import EngineMemory, EngineSettings
from scale_core.services.engine_memory import EngineMemoryService
from scale_engine_mesos.engine import MesosEngine
from scale_scheduler.scheduler import Scheduler


class Site:
    """An installation on a cluster, whose scheduler a test drives and may kill."""

    def __init__(
        self, folder: Path, cluster: FakeCluster, now: Callable[[], datetime] | None = None, **options: object
    ) -> None:
        self.world = World(folder, now=now)
        self.memory: EngineMemory = EngineMemoryService(self.world.context, "mesos")
        self._settings = EngineSettings(folder, {"master": cluster.masters, **options}, self.memory)
        self._type = self.world.job_type("one", cpus_required=0.5)
        self.start()

    def start(self) -> None:
        """A new scheduler, as after a start of Scale."""
        self.engine = MesosEngine(self._settings)
        self.scheduler = Scheduler(self.world.context, self.engine, no_agent)
        self.scheduler.open()
        self.scheduler.settle()

    def kill(self) -> None:
        """Scale is gone, with whatever it was told and had not recorded."""
        self.engine.stop(1.0)
        self.scheduler._tasks.close(1.0)
        self.scheduler._moves.close(1.0)
        self.scheduler._watchers.close(1.0)
        self.scheduler._node_clock.close(1.0)

    def jobs(self, number: int, job_type: int | None = None) -> None:
        """Queue jobs."""
        for _ in range(number):
            self.world.job(job_type or self._type)

    def until(self, holds: Callable[[], bool]) -> None:
        """Pass after pass until it holds."""

        def after_a_pass() -> bool:
            if not (is_so := holds()):
                self.scheduler.run_once()
            return is_so

        until(after_a_pass, told=self.statuses)

    def statuses(self) -> Counter[str]:
        """How many jobs are in each status."""
        return Counter(one.status for one in self.world.all(Job))

    def are_running(self, number: int) -> Callable[[], bool]:
        """Whether so many executions run and have been told to."""
        return lambda: sum(one.job_started is not None for one in self.world.all(JobExecution)) >= number

    def are_done(self) -> bool:
        """Whether all jobs have completed."""
        return set(self.statuses()) == {"COMPLETED"}

    def check(self, cluster: FakeCluster) -> None:
        """Each job has completed, by its last execution and by no other; no execution ran twice."""
        launched = Counter(task for agent in cluster.agents for task in agent.launched)
        assert set(launched.values()) <= {1}
        for job in self.world.all(Job):
            *before, last = [one.status for one in self.world.executions(job.id)]
            assert (job.status, last) == ("COMPLETED", "COMPLETED")
            assert "COMPLETED" not in before


@contextmanager
def site_on(
    cluster: FakeCluster, folder: Path, now: Callable[[], datetime] | None = None, **options: object
) -> Iterator[Site]:
    """An installation, and its cluster, for as long as this is entered."""
    with cluster:
        site = Site(folder, cluster, now, **options)
        try:
            yield site
        finally:
            site.kill()


def calls(cluster: FakeCluster, kind: str) -> list[Message]:
    """What the leading master was asked for."""
    return [one for one in list(cluster.leader.calls) if one["type"] == kind]


def finish_all(executors: list[ToldExecutor]) -> None:
    """Let everything that runs complete."""
    for executor in executors:
        for number in list(executor.plans):
            executor.finish(number)
