"""From submitting a job to the start of its process, on an idle system."""

import time
from pathlib import Path

from sqlalchemy import select

from bench.figures import Figure, Goal, Section
from bench.floors import run_to_file
from bench.options import Options
from bench.progress import progress
from bench.server import ScaleProcess
from scale_core.db.models import Job

COMMAND = "/bin/date"
ARGUMENT = "+%s.%N"
"""The command says when it runs: by the clock that this process has, too."""
PAUSE_SECONDS = 0.15

GOAL = Goal("median", "at most", 15.0, 8.0)


def measure(scale: ScaleProcess, options: Options) -> Section:
    """Milliseconds from before the request to the command's own clock, beside those of a bare start."""
    job_type = scale.job_type("bench-date", COMMAND, ARGUMENT)
    scratch = options.work / "latency-floor"
    _submitted(scale, job_type)
    measured, bare, with_request = [], [], []
    with progress("single jobs") as step:
        for number in range(options.latency):
            bare.append(_bare(scratch))
            with_request.append(_bare_after_request(scale, scratch))
            measured.append(_submitted(scale, job_type))
            step(number + 1, options.latency)
    scratch.unlink()
    return Section(
        "From request to start, idle",
        [
            Figure("POST /queue/new-job/ to process start", "ms", measured, bare, GOAL),
            Figure("the same, by a floor with a request", "ms", measured, with_request),
        ],
        notes=[
            f"The command is `{COMMAND} {ARGUMENT}`. The floor is a bare posix_spawn of it, with its output in a file; "
            "that with a request asks Scale for GET /version/ before, over the same connection."
        ],
    )


def _bare(scratch: Path) -> float:
    began = time.time()
    return _since(began, run_to_file([COMMAND, ARGUMENT], scratch))


def _bare_after_request(scale: ScaleProcess, scratch: Path) -> float:
    began = time.time()
    scale.http.get("/version/")
    return _since(began, run_to_file([COMMAND, ARGUMENT], scratch))


def _submitted(scale: ScaleProcess, job_type: int) -> float:
    time.sleep(PAUSE_SECONDS)
    began = time.time()
    job = scale.new_job(job_type)
    time.sleep(PAUSE_SECONDS)  # nobody asks Scale anything meanwhile
    done = select(Job.id).where(Job.id == job["id"], Job.status == "COMPLETED")
    scale.wait("the end of a single job", lambda: bool(scale.rows(done)), 60)
    response = scale.http.get(f"/job-executions/{job['job_exes'][0]['id']}/logs/stdout/")
    return _since(began, response.raise_for_status().text)


def _since(began: float, said: str) -> float:
    """Milliseconds from ``began`` to what the command said."""
    return (float(said) - began) * 1000
