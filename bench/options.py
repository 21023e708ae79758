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
    :param history: how many finished jobs there are in the two databases that are compared.
    :param history_jobs: how many jobs are run on each of these.
    :param requests: how often each request is sent to each of these.
    :param page_requests: how often each page of a hundred is asked for.
    :param pages_history: how many finished jobs there are in the two databases that pages are asked for in.
    :param page_orders: how often each page of each order is asked for.
    :param footprints: how many files there are that are searched by place and time.
    :param placing: how many queued jobs are placed on how many free nodes.
    :param placing_passes: how often.
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
    history: tuple[int, int] = (10_000, 1_000_000)
    history_jobs: int = 500
    requests: int = 20
    page_requests: int = 300
    pages_history: tuple[int, int] = (100_000, 1_000_000)
    page_orders: int = 5
    footprints: int = 1_000_000
    placing: tuple[int, int] = (1_000, 100)
    placing_passes: int = 7
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
        history=(100, 400),
        history_jobs=10,
        requests=2,
        page_requests=2,
        pages_history=(100, 400),
        page_orders=1,
        footprints=400,
        placing=(30, 10),
        placing_passes=2,
        starts=1,
    )
