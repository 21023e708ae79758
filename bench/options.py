"""How much is measured."""

from dataclasses import dataclass
from pathlib import Path

from bench.databases import Databases


@dataclass(frozen=True, slots=True)
class Options:
    """Sizes of the scenarios.

    :param work: an empty folder for this run.
    :param databases: where its databases are.
    :param jobs: how many jobs are run at once, smallest first; the first as often as ``repeat`` says.
    :param repeat: how often a measurement is done.
    :param latency: how many single jobs are sent.
    :param files: how many small files are ingested.
    :param large_files: how many large files are ingested, of ``large_mib`` MiB.
    :param stored_mib: the size in MiB of the large files that brokers store by themselves.
    :param object_mib: the same of those that go to an object store, whose server is slow.
    :param existing: how many files are there when a Strike, or a preview of a Scan, begins.
    :param history: how many finished jobs there are in the two databases that are compared.
    :param history_jobs: how many jobs are run on each of these.
    :param requests: how often each request is sent to each of these.
    :param page_requests: how often each page of a hundred is asked for.
    :param pages_history: how many finished jobs there are in the two databases that pages are asked for in.
    :param page_orders: how often each page of each order is asked for.
    :param footprints: how many files there are that are searched by place and time.
    :param placing: how many queued jobs are placed on how many free nodes.
    :param placing_passes: how often.
    :param mesos: how many jobs are run on how many agents of Mesos.
    :param mesos_queue: how many queued jobs are placed on how many agents of Mesos.
    :param retained: how many executions are archived at once.
    :param starts: how often Scale is started.
    """

    work: Path
    databases: Databases
    jobs: tuple[int, ...] = (2_000, 50_000)
    repeat: int = 3
    latency: int = 50
    files: int = 2_000
    large_files: int = 5
    large_mib: int = 200
    stored_mib: int = 500
    object_mib: int = 50
    existing: int = 1_000_000
    history: tuple[int, int] = (10_000, 1_000_000)
    history_jobs: int = 500
    requests: int = 20
    page_requests: int = 300
    pages_history: tuple[int, int] = (100_000, 1_000_000)
    page_orders: int = 5
    footprints: int = 1_000_000
    placing: tuple[int, int] = (1_000, 100)
    placing_passes: int = 7
    mesos: tuple[int, int] = (5_000, 100)
    mesos_queue: tuple[int, int] = (100_000, 1_000)
    retained: int = 500
    starts: int = 5


def quick(work: Path, databases: Databases) -> Options:
    """Sizes that show that everything works, and nothing else."""
    return Options(
        work,
        databases,
        jobs=(20, 40),
        repeat=1,
        latency=3,
        files=10,
        large_files=2,
        large_mib=1,
        stored_mib=2,
        object_mib=10,
        existing=1_000,
        history=(100, 400),
        history_jobs=10,
        requests=2,
        page_requests=2,
        pages_history=(100, 400),
        page_orders=1,
        footprints=400,
        placing=(30, 10),
        placing_passes=2,
        mesos=(20, 2),
        mesos_queue=(100, 3),
        starts=1,
    )
