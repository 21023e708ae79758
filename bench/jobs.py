"""Jobs a second: many jobs of ``/bin/true`` at once, two at a time."""

import itertools
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from bench.figures import BenchFailure, Figure, Goal, Section
from bench.floors import Spawned, spawn
from bench.options import Options
from bench.processes import cpu_seconds
from bench.progress import progress
from bench.rows import copy_job
from bench.server import ScaleProcess
from scale_core.interfaces.logs import STREAMS

COMMAND = "/bin/true"
LONGEST_FLOOR = 5_000
"""More commands than that tell no more about the floor."""
SETTLE_SECONDS = 1.0
POLL_SECONDS = 0.05
COUNT_EVERY = 40
STUCK_SECONDS = 120.0

GOAL = Goal("ratio", "at least", 0.33, 0.6)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a number of jobs did: a second by their rows and by the clock on the wall; CPU seconds of each."""

    by_rows: float
    by_wall: float
    main_cpu: float
    other_cpu: float


def measure(scale: ScaleProcess, options: Options) -> Section:
    """Rates and CPU time, beside a bare loop that starts the same commands."""
    section = Section("Jobs of /bin/true, two at a time")
    ratios: list[float] = []
    for place, size in enumerate(options.jobs):
        runs, floors = _interleaved(scale, size, options.repeat if place == 0 else 1)
        figures = _figures(f"{size:,} jobs", runs, floors)
        section.figures += figures
        if (ratio := figures[0].ratio) is not None:
            ratios.append(ratio)
    for size, ratio in zip(options.jobs[1:], ratios[1:], strict=True):
        name = f"rate at {size:,} by rate at {options.jobs[0]:,}, each by its floor"
        section.figures.append(Figure(name, "times", [ratio / ratios[0]]))
    section.notes.append("Rates by rows: from the start of the first execution to the end of the last, as recorded.")
    section.notes.append("The floor of the CPU time is the command's own; that of others is mostly the command's, too.")
    return section


def _figures(name: str, runs: list[Ran], floors: list[Spawned]) -> list[Figure]:
    rates = [one.rate for one in floors]
    return [
        Figure(name, "jobs/s", [one.by_rows for one in runs], rates, GOAL),
        Figure(f"{name}, from resume to last row", "jobs/s", [one.by_wall for one in runs], rates),
        Figure(f"{name}, CPU of Scale's process", "ms/job", [one.main_cpu * 1000 for one in runs]),
        Figure(
            f"{name}, CPU of its children",
            "ms/job",
            [one.other_cpu * 1000 for one in runs],
            [one.command_cpu * 1000 for one in floors],
        ),
    ]


def _interleaved(scale: ScaleProcess, size: int, repeat: int) -> tuple[list[Ran], list[Spawned]]:
    floors, runs = [_floor(size)], []
    for number in range(repeat):
        runs.append(run_jobs(scale, size, f"{size:,} jobs, {number + 1} of {repeat}"))
        floors.append(_floor(size))
    return runs, floors


def _floor(size: int) -> Spawned:
    return spawn([COMMAND], min(size, LONGEST_FLOOR))


def run_jobs(scale: ScaleProcess, count: int, what: str) -> Ran:
    """Queue ``count`` jobs while the scheduler is paused, resume it, and see them all through."""
    job_type = scale.job_type("bench-true", COMMAND)
    scale.pause(True)
    first = int(scale.new_job(job_type)["id"])
    with closing(sqlite3.connect(scale.database, timeout=60, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        copy_job(connection, first, count - 1)
        connection.execute("COMMIT")
    time.sleep(SETTLE_SECONDS)
    before = cpu_seconds(scale.pid)
    began = time.perf_counter()
    scale.pause(False)
    _wait_for_end(scale, job_type, count, what)
    wall = time.perf_counter() - began
    used = cpu_seconds(scale.pid) - before
    return Ran(count / _check(scale, job_type, first, count), count / wall, used.main / count, used.others / count)


def _wait_for_end(scale: ScaleProcess, job_type: int, count: int, what: str) -> None:
    of_type = "FROM job_exe WHERE status IN ('QUEUED', 'RUNNING') AND job_type_id = ?"
    left, moved = count, time.monotonic()
    with progress(what) as step:
        for asked in itertools.count(1):
            if not scale.rows(f"SELECT 1 {of_type} LIMIT 1", job_type):
                return
            if asked % COUNT_EVERY == 0:  # it reads the whole queue
                ((now_left,),) = scale.rows(f"SELECT count(*) {of_type}", job_type)
                step(count - now_left, count)
                if now_left != left:
                    left, moved = now_left, time.monotonic()
                elif time.monotonic() - moved > STUCK_SECONDS:
                    raise BenchFailure(f"{what}: {left} are left, and nothing moves:\n{scale.log_tail()}")
            time.sleep(POLL_SECONDS)


def _check(scale: ScaleProcess, job_type: int, first: int, count: int) -> float:
    """Seconds from the first start to the last end.

    :raises BenchFailure: not every job completed with one execution, three steps, a folder and its logs.
    """
    ((jobs,),) = scale.rows(
        "SELECT count(*) FROM job WHERE job_type_id = ? AND id >= ? AND status = 'COMPLETED' AND num_exes = 1",
        job_type,
        first,
    )
    executions = scale.rows(
        "SELECT id, started, ended FROM job_exe WHERE job_type_id = ? AND job_id >= ? AND status = 'COMPLETED' "
        "AND pre_started <= pre_completed AND job_started <= job_completed AND post_started <= post_completed",
        job_type,
        first,
    )
    if (jobs, len(executions)) != (count, count):
        said = f"Of {count} jobs {jobs} completed at once, and {len(executions)} executions did."
        raise BenchFailure(f"{said} The log ends with:\n{scale.log_tail()}")
    folders = scale.data_dir / "executions"
    for execution_id, _started, _ended in executions:
        for stream in STREAMS:
            if not ((folders / str(execution_id)) / stream).exists():
                raise BenchFailure(f"Execution {execution_id} completed and has no {stream}.")
    start = min(datetime.fromisoformat(started) for _id, started, _ended in executions)
    end = max(datetime.fromisoformat(ended) for _id, _started, ended in executions)
    return (end - start).total_seconds()
