"""Files a second through Strike, and MiB a second from one file system to another."""

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import bindparam, func, select

from bench.figures import BenchFailure, Figure, Goal, Section
from bench.floors import copy_and_sync, copy_and_sync_each
from bench.machine import file_system
from bench.options import Options
from bench.progress import progress
from bench.server import ScaleProcess
from scale_core.db.models import Ingest, Job, JobType, ScaleFile, TriggerEvent
from scale_core.db.prepared import Kept
from scale_core.runner.apart import make_apart

SMALL_BYTES = 1024
OTHER_FILE_SYSTEM = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
STUCK_SECONDS = 600.0
LOOK_SECONDS = 0.01
WORKSPACE = "bench"

SMALL_GOAL = Goal("ratio", "at least", 0.4, 0.7)
LARGE_GOAL = Goal("ratio", "at least", 0.4, 0.6)

INGESTED = Kept(
    lambda _dialect: select(func.count()).where(
        Ingest.id > bindparam("last", required=False), Ingest.status == "INGESTED"
    )
)
"""Prepared, for it is asked a hundred times a second, on the two cores that Scale works on."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where files are made, where Strike looks for them (on one file system), and where floors are copied to."""

    strike: str
    staging: Path
    incoming: Path
    copies: Path


def measure(scale: ScaleProcess, options: Options) -> Section:
    """Rates of ingest, beside ``cp -r`` and ``sync`` of the same files to the workspace's file system."""
    storage = scale.data_dir.with_name("storage")
    broker = {"type": "host", "host_path": str(storage)}
    scale.send("POST", "/workspaces/", {"name": WORKSPACE, "json_config": {"version": "1.0", "broker": broker}})
    section = Section("Files through Strike")
    here = _place(scale, "bench-small", scale.data_dir.with_name("small"), storage)
    section.figures += _small(scale, here, options)
    with _elsewhere(scale.data_dir) as folder:
        there = _place(scale, "bench-large", folder, storage)
        section.figures += _large(scale, there, options)
        same = folder.stat().st_dev == storage.stat().st_dev
        section.notes.append(
            f"The large files go from {file_system(folder)} to {file_system(storage)}"
            + (", on one file system: there is no other with room." if same else ", two file systems.")
        )
    section.notes.append("Before each measurement the files are written and synced; nothing is dropped from caches.")
    return section


def _small(scale: ScaleProcess, place: Place, options: Options) -> list[Figure]:
    count = options.files
    whole, each, measured = [], [], []
    for number in range(options.repeat):
        _make(place.staging, f"small-{number}", count, SMALL_BYTES)
        whole.append(count / _copied(place, copy_and_sync))
        each.append(count / _copied(place, copy_and_sync_each))
        measured.append(count / _ingested(scale, place, f"{count:,} small files"))
    whole.append(count / _copied_again(place, count))
    name = f"{count:,} files of 1 KiB"
    return [
        Figure(name, "files/s", measured, whole, SMALL_GOAL),
        Figure(f"{name}, by a floor that syncs each file", "files/s", measured, each),
    ]


def _large(scale: ScaleProcess, place: Place, options: Options) -> list[Figure]:
    count, mib = options.large_files, options.large_mib
    floors, measured = [], []
    for number in range(options.repeat):
        _make(place.staging, f"large-{number}", count, mib << 20)
        floors.append(count * mib / _copied(place, copy_and_sync))
        shutil.rmtree(place.copies)
        os.sync()
        measured.append(count * mib / _ingested(scale, place, f"{count} files of {mib} MiB"))
    return [Figure(f"{count} files of {mib} MiB, checksummed", "MiB/s", measured, floors, LARGE_GOAL)]


def _place(scale: ScaleProcess, strike: str, folder: Path, storage: Path) -> Place:
    """The folders of a Strike that runs: it has ingested a first file."""
    place = Place(strike, folder / "staging", folder / "incoming", storage.with_name(f"copies-{strike}"))
    for one in (place.staging, place.incoming, storage):
        one.mkdir(parents=True, exist_ok=True)
    rule = {"filename_regex": ".*", "workspace_path": strike, "workspace_name": WORKSPACE}
    configuration = {
        "version": "1.0",
        "mount": str(place.incoming),
        "transfer_suffix": "_tmp",
        "files_to_ingest": [rule],
    }
    scale.send("POST", "/strikes/", {"name": strike, "configuration": configuration})
    _make(place.staging, "first", 1, SMALL_BYTES)
    _ingested(scale, place, "the first file")
    return place


def _make(folder: Path, name: str, count: int, size: int) -> None:
    """Make files of which no two are the same, and have them on the disk: that is no part of what is measured."""
    rest = os.urandom(min(size, 1 << 20))
    for number in range(count):
        with (folder / f"{name}-{number:05}.bin").open("wb") as file:
            file.write(f"{name}-{number:05}\n".encode().ljust(32))
            for start in range(32, size, len(rest)):
                file.write(rest[: size - start])
    os.sync()


def _copied(place: Place, copy: Callable[[Path, Path], float]) -> float:
    """Each copy has a place of its own on the disk: where files were just deleted, ext4 makes new ones far slower."""
    apart = place.copies / secrets.token_hex(4)
    make_apart(apart)
    os.sync()
    return copy(place.staging, apart / "files")


def _copied_again(place: Place, count: int) -> float:
    """The floor once more, after the last measurement."""
    _make(place.staging, "floor", count, SMALL_BYTES)
    seconds = _copied(place, copy_and_sync)
    for path in place.staging.iterdir():
        path.unlink()
    return seconds


def _ingested(scale: ScaleProcess, place: Place, what: str) -> float:
    """Seconds from the first rename of what is staged to the last INGESTED."""
    names = sorted(path.name for path in place.staging.iterdir())
    moves = [(f"{place.staging}/{name}", f"{place.incoming}/{name}") for name in names]
    before = _counts(scale)
    ((last,),) = scale.rows(select(func.coalesce(func.max(Ingest.id), 0)))
    with progress(what) as step:

        def done() -> bool:
            with scale.database.read() as session:
                (ingested,) = INGESTED.values(session, last=last)
            step(ingested, len(names))
            return bool(ingested >= len(names))

        began = time.perf_counter()
        for source, target in moves:
            os.rename(source, target)  # noqa: PTH104 - making paths would take Scale's time
        scale.wait(f"the ingest of {what}", done, STUCK_SECONDS, LOOK_SECONDS)
        seconds = time.perf_counter() - began
    wanted = [one + len(names) for one in before]
    try:
        scale.wait("the end of the ingests' jobs", lambda: _counts(scale) == wanted, 60)
    except BenchFailure as failure:
        raise BenchFailure(f"Rows of {len(names)} files: {wanted} wanted, {_counts(scale)} found.") from failure
    return seconds


def _counts(scale: ScaleProcess) -> list[int]:
    """How many ingests, source files, events and jobs there are that an ingest leaves."""
    number = select(func.count())
    statements = (
        number.where(Ingest.status == "INGESTED"),
        number.where(ScaleFile.file_type == "SOURCE"),
        number.where(TriggerEvent.type == "INGEST"),
        number.select_from(Job).join(Job.job_type).where(JobType.name == "scale-ingest", Job.status == "COMPLETED"),
    )
    return [int(scale.rows(statement)[0][0]) for statement in statements]


@contextmanager
def _elsewhere(data_dir: Path) -> Iterator[Path]:
    """A folder on another file system than the data folder's, where there is one."""
    parent = OTHER_FILE_SYSTEM if OTHER_FILE_SYSTEM.is_dir() else data_dir.parent
    with tempfile.TemporaryDirectory(prefix="scale-bench-", dir=parent) as folder:
        yield Path(folder)
