"""Ingests as tasks of a cluster: whatever happens to agents, updates and Scale, a file is ingested once."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.ingests import Ingests
from fakes.mesos.agent import FakeAgent, Message
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.site import Site, site_on
from fakes.takers import Taker
from scale_core.db.models import Ingest, Job, JobExecution, ScaleFile, TriggerEvent
from scale_core.services.bulk_changes import BulkChanges
from scale_core.services.job_reads import JobService
from scale_core.services.serialization import SerializerContext
from scale_engine_mesos.messages import task_id
from scale_engine_mesos.wire import encode_progress


class Installation:
    """Two agents whose executors take files when a test says so, and a Strike's directory."""

    def __init__(self, site: Site, cluster: FakeCluster, takers: list[Taker]) -> None:
        self.site, self.cluster, self.takers = site, cluster, takers
        self.ingests = Ingests(site.world)
        (strike,) = site.world.jobs("scale-strike")  # tests tell what arrives
        JobService(site.world.context).cancel(strike.id, SerializerContext(""))

    def launched(self, number: int = 1) -> Callable[[], bool]:
        """Whether executors were given so many ingests."""
        return lambda: sum(len(one.plans) for one in self.takers) >= number

    @property
    def jobs(self) -> list[Job]:
        """Those of ingests."""
        return self.site.world.jobs("scale-ingest")

    @property
    def executions(self) -> list[JobExecution]:
        """Those of ingests."""
        return [one for job in self.jobs for one in self.site.world.executions(job.id)]

    def statuses(self) -> list[str]:
        return [one.status for one in self.site.world.all(Ingest)]

    def come_to(self, *statuses: str) -> None:
        """Have executors work and tell until the ingests have these statuses."""

        def have_they() -> bool:
            self.work()
            return self.statuses() == list(statuses)

        self.site.until(have_they)

    def work(self) -> None:
        """Have executors do what they were given, and tell."""
        for one in self.takers:
            one.work()
            one.tell()

    def check(self, files: int = 1) -> None:
        """There are so many source files, each with one event, whose bytes are all there is."""
        sources = self.site.world.all(ScaleFile)
        events = [one for one in self.site.world.all(TriggerEvent) if one.type == "INGEST"]
        assert (len(sources), len(events)) == (files, files)
        assert self.ingests.stored().keys() == {one.file_path for one in sources}
        assert self.ingests.left() == []


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Installation]:
    takers: list[Taker] = []

    def make(agent: FakeAgent, framework_id: str, _info: Message) -> Taker:
        takers.append(Taker(agent, framework_id))
        return takers[-1]

    cluster = FakeCluster(make, agents=2)
    with site_on(cluster, tmp_path) as site:
        yield Installation(site, cluster, takers)


def test_an_ingest_takes_its_resources_of_a_node_and_is_recorded_once(there: Installation) -> None:
    there.ingests.arrive("a.txt")
    there.site.until(there.launched())
    (taker,) = there.takers
    (execution,) = there.executions
    assert execution.node_id is not None
    used = dict(taker.agent.used[taker.framework_id])
    there.come_to("INGESTED")
    freed = used["cpus"] - taker.agent.used[taker.framework_id]["cpus"]
    assert freed == 1000 * (there.jobs[0].cpus_required or 0) > 0
    taker.tell()
    there.site.scheduler.run_once()
    there.check()


def test_a_file_whose_move_nobody_told_is_found_where_it_was_moved_to(there: Installation) -> None:
    there.ingests.arrive("a.txt")
    there.site.until(there.launched())
    (lost,) = there.takers
    lost.work()
    assert there.ingests.left() == []
    there.cluster.leader.lose(lost.agent.agent_id)
    there.site.until(there.launched(2))
    assert there.statuses() == ["INGESTING"]
    there.takers[1].work()
    there.takers[1].tell()
    there.site.until(lambda: there.statuses() == ["INGESTED"])
    there.check()


def test_a_report_that_comes_after_a_start_of_scale_is_recorded_once(there: Installation) -> None:
    there.ingests.arrive("a.txt")
    there.site.until(there.launched())
    there.site.kill()
    there.takers[0].work()
    there.takers[0].tell()
    there.site.start()
    there.site.until(lambda: there.statuses() == ["INGESTED"])
    there.cluster.agents[0].resend_all()
    there.site.scheduler.run_once()
    there.check()
    assert len(there.executions) == 1


def test_how_far_an_ingest_is_shows_on_it(there: Installation) -> None:
    ingest_id = there.ingests.arrive("a.txt")
    there.site.until(there.launched())
    (taker,) = there.takers
    (number,) = taker.plans
    taker.agent.update(taker.framework_id, task_id(number), "TASK_RUNNING", data=encode_progress(4))
    there.site.until(lambda: there.ingests.row(ingest_id).bytes_stored == 4)


def test_of_a_duplicate_nothing_is_left_and_no_try_is_spent(there: Installation) -> None:
    there.ingests.arrive("a.txt")
    there.come_to("INGESTED")
    there.ingests.arrive("a.txt")
    there.come_to("INGESTED", "DUPLICATE")
    there.check()
    assert [one.tries for one in there.jobs] == [0, 0]


def test_a_file_whose_content_is_lost_replaces_the_source_file_that_it_is_like(there: Installation) -> None:
    there.ingests.arrive("a.txt")
    there.come_to("INGESTED")
    (source,) = there.site.world.all(ScaleFile)
    (there.site.world.storage / source.file_path).unlink()
    there.ingests.arrive("a.txt")
    there.come_to("INGESTED", "INGESTED")
    assert len(there.ingests.stored()) == 1


def test_what_cannot_be_ingested_is_errored_with_the_reason(there: Installation) -> None:
    ingest_id = there.ingests.arrive("a.txt")
    there.ingests.path("a.txt").unlink()

    def has_failed() -> bool:
        there.work()
        return there.site.statuses()["FAILED"] == 1

    there.site.until(has_failed)
    assert there.statuses() == ["ERRORED"]
    assert "Transfer it again" in (there.ingests.row(ingest_id).reason or "")


def test_a_node_without_the_mount_is_left_out(there: Installation) -> None:
    there.ingests.arrive("a.txt")
    there.site.until(there.launched())
    lacking = there.takers[0]
    away = there.ingests.incoming.rename(there.ingests.incoming.with_name("away"))
    lacking.work()
    shutil.move(away, there.ingests.incoming)
    lacking.tell()
    there.site.until(there.launched(2))
    there.come_to("INGESTED")
    for number in range(3):
        there.ingests.arrive(f"{number}.txt")
    there.come_to(*["INGESTED"] * 4)
    assert len(lacking.plans) == 1
    assert [one.tries for one in there.jobs] == [0] * 4
    there.check(4)


def test_where_all_nodes_lack_the_mount_scale_itself_ingests(there: Installation) -> None:
    there.ingests.arrive("a.txt")
    for number in (1, 2):
        there.site.until(there.launched(number))
        away = there.ingests.incoming.rename(there.ingests.incoming.with_name("away"))
        there.takers[number - 1].work()
        shutil.move(away, there.ingests.incoming)
        there.takers[number - 1].tell()
    there.site.until(lambda: there.statuses() == ["INGESTED"])
    there.check()
    assert [one.node_id is None for one in there.executions] == [False, False, True]


def test_a_canceled_ingest_is_errored_and_done_when_its_job_is_queued_again(there: Installation) -> None:
    there.ingests.arrive("a.txt")
    there.site.until(there.launched())
    (job,) = there.jobs
    urls = SerializerContext("")
    JobService(there.site.world.context).cancel(job.id, urls)
    there.site.until(lambda: there.statuses() == ["ERRORED"])
    BulkChanges(there.site.world.context).requeue({"job_ids": [job.id]}, urls)
    there.takers[0].plans.clear()
    there.come_to("INGESTED")
    there.check()
