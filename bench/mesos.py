"""Jobs that do nothing on a Mesos cluster, beside the local engine; and passes of placement on a large one."""

from collections.abc import Iterator, Mapping

from bench.cluster_process import ROOM, mesos_cluster
from bench.figures import Figure, Goal, Section
from bench.jobs import Ran, run_jobs
from bench.mesos_passes import Passes, timed_passes
from bench.options import Options
from bench.processes import cpu_seconds, memory
from bench.server import ScaleProcess

RATE = Goal("ratio", "at least", 0.5, 0.8)
PASS = Goal("median", "at most", 200.0, 100.0)
MEMORY = Goal("median", "at most", 500.0, 300.0)
ANSWER_SECONDS = 60.0


def measure(options: Options) -> Iterator[Section]:
    """Rates, then passes and memory."""
    yield _rates(options)
    yield _passes(options)


def _rates(options: Options) -> Section:
    count, agents = options.mesos
    runs: list[Ran] = []
    floors: list[Ran] = []
    cluster_cpu: list[float] = []
    work = options.work
    with (
        mesos_cluster(agents, holds=False) as cluster,
        ScaleProcess(options.databases.installation(work / "local")) as local,
        ScaleProcess(options.databases.installation(work / "mesos"), engine=_engine(cluster.address)) as scale,
    ):
        _wait_for_nodes(scale, agents)
        for number in range(options.repeat):
            done = f"{number + 1} of {options.repeat}"
            floors.append(run_jobs(local, count, f"{count:,} local jobs, {done}"))
            before = cpu_seconds(cluster.pid).main
            runs.append(run_jobs(scale, count, f"{count:,} jobs on Mesos, {done}", has_folders=False))
            cluster_cpu.append((cpu_seconds(cluster.pid).main - before) / count)
    name = f"{count:,} jobs on {agents} agents"
    return Section(
        f"Jobs that do nothing on {agents} agents of Mesos",
        [
            Figure(
                f"{name}, from resume to last row",
                "jobs/s",
                [one.by_wall for one in runs],
                [one.by_wall for one in floors],
                RATE,
            ),
            Figure(
                f"{name}, CPU of Scale's process",
                "ms/job",
                [one.main_cpu * 1000 for one in runs],
                [one.main_cpu * 1000 for one in floors],
            ),
            Figure(f"{name}, CPU of master and agents", "ms/job", [one * 1000 for one in cluster_cpu]),
        ],
        notes=[
            "The floor is the local engine with jobs of `/bin/true` in two slots. Master and agents are those of the "
            "tests, in one process on the same cores; they offer once a second, as Mesos does by default, and what is "
            "launched there does nothing.",
        ],
    )


def _passes(options: Options) -> Section:
    queued, agents = options.mesos_queue
    with mesos_cluster(agents, holds=True) as cluster:
        installation = options.databases.installation(options.work / "mesos-queue")
        passes = timed_passes(installation, cluster.address, queued, agents, min(queued, agents * ROOM))
        with ScaleProcess(installation, engine=_engine(cluster.address)) as scale:
            _wait_for_nodes(scale, agents)
            used = memory(scale.pid)
    what = f"{queued:,} queued jobs, {agents:,} agents"
    return Section(f"Placing on {agents:,} agents of Mesos", [*_figures(what, passes), _memory(what, used.rss)])


def _figures(what: str, passes: Passes) -> list[Figure]:
    return [
        Figure(f"{what}: a pass that places", "ms", passes.placing, goal=PASS),
        Figure(f"{what}: CPU of a pass that places", "ms", passes.placing_cpu),
        Figure(f"{what}: the longest pass", "ms", [max(passes.placing + passes.others)], goal=PASS),
        Figure(f"{what}: a pass that places nothing", "ms", passes.others, goal=PASS),
        Figure(f"{what}: placed in a pass", "jobs", passes.placed),
    ]


def _memory(what: str, mebibytes: float) -> Figure:
    return Figure(f"{what}: resident memory of all processes (RSS)", "MiB", [mebibytes], goal=MEMORY)


def _engine(address: str) -> Mapping[str, str]:
    return {"SCALE_ENGINE": "mesos", "SCALE_MESOS_MASTER": address}


def _wait_for_nodes(scale: ScaleProcess, number: int) -> None:
    def are_there() -> bool:
        return int(scale.send("GET", "/nodes/?page_size=1")["count"]) >= number

    scale.wait(f"That {number} nodes appear", are_there, ANSWER_SECONDS)
