"""A Scale that is busy while something goes wrong, and what must be true of it afterwards."""

import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from fakes.accounts import LONG_RUNNING, Accounts
from fakes.databases import database_url, new_database
from fakes.pipeline import STEPS, Pipeline
from fakes.processes import await_none, processes_of
from fakes.running import RunningScale

SEED = int(os.environ.get("SCALE_TEST_SEED", random.randrange(1 << 32)))  # noqa: S311 - not for secrets
"""Printed by a failure; the moments of faults follow from it."""

FILE_SECONDS = 0.25
MOST_FILES = 100
JOB_SECONDS = 0.4


class Traffic:
    """Files that arrive, and jobs that clients queue, all the time and whether Scale runs or not."""

    def __init__(self, scale: RunningScale, pipeline: Pipeline) -> None:
        self._scale = scale
        self._pipeline = pipeline
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send_files), threading.Thread(target=self._queue_jobs)]
        self.sent: dict[str, str] = {}
        self.accepted: list[int] = []

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def send_file(self) -> None:
        """One file, in two writes and a rename."""
        name = f"{len(self.sent):04}.txt"
        self.sent[name] = f"this is {name}\n"
        arriving = self._pipeline.incoming / f"{name}_tmp"
        with arriving.open("wb", buffering=0) as file:
            file.write(b"this is ")
            file.write(f"{name}\n".encode())
        arriving.rename(self._pipeline.incoming / name)

    def _send_files(self) -> None:
        for _ in range(MOST_FILES):
            if self._stop.wait(FILE_SECONDS):
                break
            self.send_file()

    def _queue_jobs(self) -> None:
        with httpx.Client(timeout=10) as client:
            while not self._stop.wait(JOB_SECONDS):
                try:
                    answer = client.post(
                        self._scale.http.base_url.join("/queue/new-job/"), json=self._pipeline.direct_job()
                    )
                except httpx.TransportError:  # it does not run now
                    continue
                if answer.status_code == 201:
                    self.accepted.append(answer.json()["id"])


@contextmanager
def roomy_scale(tmp_path: Path) -> Iterator[RunningScale]:
    """A running Scale with room for several jobs at once, however small the machine."""
    running = RunningScale(tmp_path / "data", engine_cpus="4", engine_mem="2048")
    new_database(running.data_dir, alone=True).close()
    running.start()
    yield running
    running.stop()
    running.http.close()


def await_quiet(scale: RunningScale, files: int) -> None:
    """Wait until everything has become what it will."""

    def is_quiet() -> bool:
        open_ones = ("TRANSFERRING", "TRANSFERRED", "INGESTING")
        ingests = [scale.get("/ingests/", status=status)["count"] for status in open_ones]
        waiting = [
            job
            for status in ("QUEUED", "RUNNING", "PENDING")
            for job in scale.results("/jobs/", status=status)
            if job["job_type"]["name"] not in LONG_RUNNING
        ]
        return not any(ingests) and not waiting

    scale.wait(lambda: scale.get("/ingests/", status="INGESTED")["count"] >= files)
    # A file that is parsed is moved, beside all jobs, and starts the last one once it has arrived.
    scale.wait(lambda: scale.get("/jobs/", job_type_name=STEPS[-1])["count"] >= files)
    scale.wait(is_quiet)


def check(scale: RunningScale, pipeline: Pipeline, traffic: Traffic, tmp_path: Path) -> None:
    """Nothing is lost, nothing was done twice, nothing is left running."""
    await_quiet(scale, len(traffic.sent))
    assert scale.stop() == 0
    assert await_none(processes_of, tmp_path) == {}
    check_books(scale, pipeline, traffic)


def check_books(scale: RunningScale, pipeline: Pipeline, traffic: Traffic) -> None:
    """Nothing is lost and nothing was done twice, by the database of a Scale that has stopped."""
    books = Accounts(database_url(scale.data_dir), pipeline, traffic.sent, traffic.accepted)
    found = "\n".join(books.discrepancies())
    assert not found, f"{found}\nSCALE_TEST_SEED={SEED}"
