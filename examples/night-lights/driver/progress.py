"""Watching Scale work."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from driver import DemoFailure
from driver.client import ScaleClient
from driver.server import ScaleServer

JOB_TYPES = ("geotiff-maker", "point-detector", "quicklook")
TIMEOUT_SECONDS = 120
POLL_SECONDS = 0.25
STDERR_LINES = 20
FAILED_INGEST = {"ERRORED", "DEFERRED", "DUPLICATE"}
FAILED_JOB = {"FAILED", "CANCELED"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Ingests and jobs, of system job types too, as the REST interface lists them at one moment."""

    ingests: Sequence[Mapping[str, Any]]
    jobs: Sequence[Mapping[str, Any]]

    def jobs_of_example(self) -> list[Mapping[str, Any]]:
        """Return the jobs of the example's own job types."""
        return [job for job in self.jobs if job["job_type"]["name"] in JOB_TYPES]

    def failed_ingests(self) -> list[Mapping[str, Any]]:
        """Return the ingests that will never become sources."""
        return [ingest for ingest in self.ingests if ingest["status"] in FAILED_INGEST]

    def failed_jobs(self) -> list[Mapping[str, Any]]:
        """Return the jobs, of any type, that failed or were canceled."""
        return [job for job in self.jobs if job["status"] in FAILED_JOB]

    def is_complete(self, tiles: int) -> bool:
        """Return whether that many tiles are ingested and each has a completed job of every type."""
        ingested = sum(ingest["status"] == "INGESTED" for ingest in self.ingests)
        completed = Counter(job["job_type"]["name"] for job in self.jobs if job["status"] == "COMPLETED")
        return ingested == tiles and all(completed[name] == tiles for name in JOB_TYPES)

    def summary(self) -> str:
        """Return the counts by status on one line."""
        return f"ingests: {count_statuses(self.ingests)} · jobs: {count_statuses(self.jobs_of_example())}"


def count_statuses(records: Iterable[Mapping[str, Any]]) -> str:
    """Return the number of records of each status, like ``3 COMPLETED, 1 RUNNING``."""
    counts = Counter(record["status"] for record in records)
    return ", ".join(f"{number} {status}" for status, number in sorted(counts.items())) or "none yet"


def take_snapshot(client: ScaleClient) -> Snapshot:
    """Ask for all ingests and jobs."""
    return Snapshot(ingests=list(client.records("/ingests/")), jobs=list(client.records("/jobs/")))


class ProgressLine:
    """Progress on stdout: one line that changes on a terminal, a line a second elsewhere."""

    def __init__(self) -> None:
        self._on_terminal = sys.stdout.isatty()
        self._started = self._printed = time.monotonic()

    def show(self, text: str, final: bool = False) -> None:
        """Show the text now, or, away from a terminal, if the last one is a second old or this is the final one."""
        now = time.monotonic()
        line = f"{now - self._started:6.1f} s  {text}"
        if self._on_terminal:
            print(f"\r\x1b[2K{line}", end="\n" if final else "", flush=True)
        elif final or now - self._printed >= 1:
            print(line, flush=True)
            self._printed = now


def watch(client: ScaleClient, server: ScaleServer, tiles: int) -> Snapshot:
    """Show progress until every tile is processed and return the last snapshot.

    Raises `DemoFailure` if an ingest or a job fails, Scale ends or `TIMEOUT_SECONDS` pass.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    line = ProgressLine()
    while True:
        if not server.is_running():
            raise DemoFailure("scale up has ended")
        snapshot = take_snapshot(client)
        complete = snapshot.is_complete(tiles)
        failed = bool(snapshot.failed_ingests() or snapshot.failed_jobs())
        late = time.monotonic() > deadline
        line.show(snapshot.summary(), final=complete or failed or late)
        if failed:
            raise DemoFailure(describe_failures(client, snapshot))
        if complete:
            return snapshot
        if late:
            raise DemoFailure(f"{describe_unfinished(snapshot, tiles)}\n{server.log_tail()}")
        time.sleep(POLL_SECONDS)


def describe_failures(client: ScaleClient, snapshot: Snapshot) -> str:
    """Return what failed: ingests, jobs with their error and what their last execution wrote to stderr."""
    ingests = [f"the ingest of {ingest['file_name']} is {ingest['status']}" for ingest in snapshot.failed_ingests()]
    return "\n".join([*ingests, *(describe_failed_job(client, job["id"]) for job in snapshot.failed_jobs())])


def describe_failed_job(client: ScaleClient, job_id: int) -> str:
    """Return the job's type, status, error and the end of the stderr of its last execution."""
    job = client.get(f"/jobs/{job_id}/")
    error = job["error"] or {"name": "no error", "description": None}
    job_type = job["job_type"]
    lines = [f"job {job_id} ({job_type['name']} {job_type['version']}) is {job['status']}: {error['name']}"]
    if error["description"]:
        lines.append(f"  {error['description']}")
    executions = [execution["id"] for execution in job["job_exes"]]
    if not executions:
        return "\n".join([*lines, "  it was never executed"])
    stderr = client.get(f"/job-executions/{max(executions)}/logs/")["stderr"] or ""
    lines.append(f"  stderr of execution {max(executions)}:")
    return "\n".join([*lines, *(f"  | {line}" for line in stderr.splitlines()[-STDERR_LINES:])])


def describe_unfinished(snapshot: Snapshot, tiles: int) -> str:
    """Return which jobs have not ended in time."""
    lines = [f"not done after {TIMEOUT_SECONDS} s: {len(snapshot.ingests)} of {tiles} tiles seen; {snapshot.summary()}"]
    lines += [
        f"  job {job['id']} ({job['job_type']['name']}) is {job['status']}"
        for job in snapshot.jobs_of_example()
        if job["status"] != "COMPLETED"
    ]
    return "\n".join(lines)
