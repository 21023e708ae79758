"""Very many files that are there when a Strike or a Scan begins: how fast they are found and ingested, in how much
memory."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.figures import Figure, Goal, Section
from bench.options import Options
from bench.processes import memory
from bench.progress import progress
from bench.server import ScaleProcess
from scale_core.db.models import ScaleFile
from scale_core.db.tallied import number_of

MEMORY = Goal("median", "at most", 300.0, 250.0)
SAMPLE_SECONDS = 0.5
STUCK_SECONDS = 4 * 3600.0
LOOK_SECONDS = 0.2
WORKSPACE = "existing"


def measure(options: Options) -> Section:
    """Files a second of a preview, and of a Strike from its creation to the last source file, beside bare walks of the
    same directory; the most memory that Scale takes meanwhile."""
    count, place = options.existing, options.work / "existing"
    incoming = place / "incoming"
    make_files(incoming, count)
    installation = options.databases.installation(place / "data")
    try:
        with ScaleProcess(installation) as scale, peak_memory(scale) as peaks:
            broker = {"type": "host", "host_path": str(place / "storage")}
            scale.send("POST", "/workspaces/", {"name": WORKSPACE, "json_config": {"version": "1.0", "broker": broker}})
            walks = [count / walked(incoming)]
            previewed = count / _previewed(scale, incoming, count)
            walks.append(count / walked(incoming))
            ingested = count / _ingested(scale, incoming, count)
    finally:
        options.databases.forget(installation)
        shutil.rmtree(place)
    what = f"{count:,} files"
    return Section(
        "Files that are there at the start",
        [
            Figure(f"preview of {what}", "files/s", [previewed], walks),
            Figure(f"Strike that finds {what}: to the last source file", "files/s", [ingested], walks),
            Figure(f"{what}: most resident memory of all processes (RSS)", "MiB", [max(peaks)], goal=MEMORY),
        ],
        notes=["The files are empty and lie in one directory. The floor is a walk: `os.scandir` and the size of each."],
    )


def make_files(folder: Path, count: int) -> None:
    """Empty files, in a new folder."""
    folder.mkdir(parents=True)
    with progress(f"making {count:,} files") as step:
        for number in range(count):
            os.close(os.open(f"{folder}/{number:07}.bin", os.O_CREAT | os.O_WRONLY, 0o644))
            step(number + 1, count)


def walked(folder: Path) -> float:
    """Seconds for reading the directory and the size of each file."""
    began = time.perf_counter()
    with os.scandir(folder) as entries:
        for entry in entries:
            entry.stat(follow_symlinks=False)
    return time.perf_counter() - began


@contextmanager
def peak_memory(scale: ScaleProcess) -> Iterator[list[float]]:
    """Samples of the resident memory (MiB) of Scale and all processes below it, as long as the block lasts."""
    samples = [memory(scale.pid).rss]
    over, pid = threading.Event(), scale.pid

    def sample() -> None:
        while not over.wait(SAMPLE_SECONDS):
            samples.append(memory(pid).rss)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


def _rules() -> list[dict[str, Any]]:
    return [{"filename_regex": ".*", "workspace_path": "", "workspace_name": WORKSPACE}]


def _previewed(scale: ScaleProcess, incoming: Path, count: int) -> float:
    configuration = {"mount": str(incoming), "files_to_ingest": _rules()}
    url = f"/scans/{scale.send('POST', '/scans/', {'name': 'existing', 'configuration': configuration})['id']}/"

    def done(preview: dict[str, Any] | None) -> tuple[int, bool]:
        return (0, False) if preview is None else (preview["files_taken"], preview["ended"] is not None)

    began = time.perf_counter()
    scale.send("POST", f"{url}process/", {"ingest": False})
    _wait(scale, f"a preview of {count:,} files", count, lambda: done(scale.send("GET", url)["preview"]))
    return time.perf_counter() - began


def _ingested(scale: ScaleProcess, incoming: Path, count: int) -> float:
    configuration = {"mount": str(incoming), "transfer_suffix": "_tmp", "files_to_ingest": _rules()}

    def done() -> tuple[int, bool]:
        with scale.database.read() as session:
            number = number_of(session, ScaleFile, []) or 0
        return number, number >= count

    began = time.perf_counter()
    scale.send("POST", "/strikes/", {"name": "existing", "configuration": configuration})
    _wait(scale, f"the ingest of {count:,} files", count, done)
    return time.perf_counter() - began


def _wait(scale: ScaleProcess, what: str, count: int, look: Callable[[], tuple[int, bool]]) -> None:
    with progress(what) as step:

        def done() -> bool:
            number, is_over = look()
            step(number, count)
            return is_over

        scale.wait(what, done, STUCK_SECONDS, LOOK_SECONDS)
