"""Jobs a second: many jobs of ``/bin/true`` at once, two at a time."""

import itertools
import time
from dataclasses import dataclass

from sqlalchemy import func, select

from bench.figures import BenchFailure, Figure, Goal, Section
from bench.floors import Spawned, spawn
from bench.options import Options
from bench.processes import cpu_seconds
from bench.progress import progress
from bench.rows import copy_job
from bench.server import ScaleProcess
from scale_core.db.models import Job, JobExecution
from scale_core.interfaces.logs import STREAMS

COMMAND = "/bin/true"
LONGEST_FLOOR = 5_000
"""More commands than that tell no more about the floor."""
SETTLE_SECONDS = 1.0
POLL_SECONDS = 0.05
COUNT_EVERY = 40
STUCK_SECONDS = 120.0

GOALS = {"SQLite": Goal("ratio", "at least", 0.33, 0.6), "PostgreSQL": Goal("ratio", "at least", 0.25, 0.5)}


@dataclass(frozen=True, slots=True)
class Ran:
    """How a number of jobs did: a second by their rows and by the clock on the wall; CPU seconds of each, of the
    database's server where there is one."""

    by_rows: float
    by_wall: float
    main_cpu: float
    other_cpu: float
    server_cpu: float | None


def measure(scale: ScaleProcess, options: Options) -> Section:
    """Rates and CPU time, beside a bare loop that starts the same commands."""
    section = Section("Jobs of /bin/true, two at a time")
    ratios: list[float] = []
    for place, size in enumerate(options.jobs):
        runs, floors = _interleaved(scale, size, options.repeat if place == 0 else 1, options.databases.server_pid)
        figures = _figures(f"{size:,} jobs", runs, floors, GOALS[options.databases.name])
        section.figures += figures
        if (ratio := figures[0].ratio) is not None:
            ratios.append(ratio)
    for size, ratio in zip(options.jobs[1:], ratios[1:], strict=True):
        name = f"rate at {size:,} by rate at {options.jobs[0]:,}, each by its floor"
        section.figures.append(Figure(name, "times", [ratio / ratios[0]]))
    section.notes.append("Rates by rows: from the start of the first execution to the end of the last, as recorded.")
    section.notes.append("The floor of the CPU time is the command's own; that of others is mostly the command's, too.")
    return section


def _figures(name: str, runs: list[Ran], floors: list[Spawned], goal: Goal) -> list[Figure]:
    rates = [one.rate for one in floors]
    of_server = [one.server_cpu * 1000 for one in runs if one.server_cpu is not None]
    return [
        Figure(name, "jobs/s", [one.by_rows for one in runs], rates, goal),
        Figure(f"{name}, from resume to last row", "jobs/s", [one.by_wall for one in runs], rates),
        Figure(f"{name}, CPU of Scale's process", "ms/job", [one.main_cpu * 1000 for one in runs]),
        Figure(
            f"{name}, CPU of its children",
            "ms/job",
            [one.other_cpu * 1000 for one in runs],
            [one.command_cpu * 1000 for one in floors],
        ),
        *([Figure(f"{name}, CPU of the database's server", "ms/job", of_server)] if of_server else []),
    ]


def _interleaved(
    scale: ScaleProcess, size: int, repeat: int, server_pid: int | None
) -> tuple[list[Ran], list[Spawned]]:
    floors, runs = [_floor(size)], []
    for number in range(repeat):
        runs.append(run_jobs(scale, size, f"{size:,} jobs, {number + 1} of {repeat}", server_pid))
        floors.append(_floor(size))
    return runs, floors


def _floor(size: int) -> Spawned:
    return spawn([COMMAND], min(size, LONGEST_FLOOR))


def run_jobs(
    scale: ScaleProcess, count: int, what: str, server_pid: int | None = None, *, has_folders: bool = True
) -> Ran:
    """Queue ``count`` jobs while the scheduler is paused, resume it, and see them all through.

    :param server_pid: the first process of the database's server.
    :param has_folders: whether executions leave folders with logs on this machine.
    """
    job_type = scale.job_type("bench-true", COMMAND)
    scale.pause(True)
    first = int(scale.new_job(job_type)["id"])
    with scale.database.write() as session:
        copy_job(session, first, count - 1)
    time.sleep(SETTLE_SECONDS)
    before, server_before = cpu_seconds(scale.pid), _server_seconds(server_pid)
    began = time.perf_counter()
    scale.pause(False)
    _wait_for_end(scale, job_type, count, what)
    wall = time.perf_counter() - began
    used, server_used = cpu_seconds(scale.pid) - before, _server_seconds(server_pid) - server_before
    by_rows = count / _check(scale, job_type, first, count)
    if has_folders:
        _check_folders(scale, job_type, first)
    of_server = None if server_pid is None else server_used / count
    return Ran(by_rows, count / wall, used.main / count, used.others / count, of_server)


def _server_seconds(pid: int | None) -> float:
    used = None if pid is None else cpu_seconds(pid)
    return 0.0 if used is None else used.main + used.others


def _wait_for_end(scale: ScaleProcess, job_type: int, count: int, what: str) -> None:
    is_left = JobExecution.status.in_(("QUEUED", "RUNNING")) & (JobExecution.job_type_id == job_type)
    left, moved = count, time.monotonic()
    with progress(what) as step:
        for asked in itertools.count(1):
            if not scale.rows(select(JobExecution.id).where(is_left).limit(1)):
                return
            if asked % COUNT_EVERY == 0:  # it reads the whole queue
                ((now_left,),) = scale.rows(select(func.count()).select_from(JobExecution).where(is_left))
                step(count - now_left, count)
                if now_left != left:
                    left, moved = now_left, time.monotonic()
                elif time.monotonic() - moved > STUCK_SECONDS:
                    raise BenchFailure(f"{what}: {left} are left, and nothing moves:\n{scale.log_tail()}")
            time.sleep(POLL_SECONDS)


def _check(scale: ScaleProcess, job_type: int, first: int, count: int) -> float:
    """Seconds from the first start to the last end.

    :raises BenchFailure: not every job completed with one execution and three steps.
    """
    ended = select(func.count()).where(Job.job_type_id == job_type, Job.id >= first)
    ((jobs,),) = scale.rows(ended.where(Job.status == "COMPLETED", Job.num_exes == 1))
    one = JobExecution
    executions = scale.rows(
        select(one.started, one.ended)
        .where(one.job_type_id == job_type, one.job_id >= first, one.status == "COMPLETED")
        .where(one.pre_started <= one.pre_completed, one.job_started <= one.job_completed)
        .where(one.post_started <= one.post_completed)
    )
    if (jobs, len(executions)) != (count, count):
        said = f"Of {count} jobs {jobs} completed at once, and {len(executions)} executions did."
        raise BenchFailure(f"{said} The log ends with:\n{scale.log_tail()}")
    start = min(started for started, _ended in executions)
    end = max(ended for _started, ended in executions)
    return float((end - start).total_seconds())


def _check_folders(scale: ScaleProcess, job_type: int, first: int) -> None:
    """
    :raises BenchFailure: an execution has no folder with its logs.
    """
    one = JobExecution
    folders = scale.data_dir / "executions"
    for (execution_id,) in scale.rows(select(one.id).where(one.job_type_id == job_type, one.job_id >= first)):
        for stream in STREAMS:
            if not ((folders / str(execution_id)) / stream).exists():
                raise BenchFailure(f"Execution {execution_id} completed and has no {stream}.")
