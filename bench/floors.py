"""What the machine can do without Scale: the floors beside the figures."""

import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.figures import BenchFailure

THREADS = 2
LIBRARIES = "alembic.command, connexion, sqlalchemy.orm, uvicorn"


@dataclass(frozen=True, slots=True)
class Spawned:
    """How a bare loop did: commands a second, and CPU seconds of one, of which ``command_cpu`` the command's own."""

    rate: float
    cpu: float
    command_cpu: float


def spawn(command: list[str], count: int) -> Spawned:
    """Start ``command`` ``count`` times and wait for each, in two threads, and keep no records."""

    def loop(times: int) -> None:
        for _ in range(times):
            os.waitpid(os.posix_spawn(command[0], command, {}), 0)

    shares = [count // THREADS + (place < count % THREADS) for place in range(THREADS)]
    threads = [threading.Thread(target=loop, args=[share]) for share in shares]
    own, children = _cpu(resource.RUSAGE_SELF), _cpu(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    seconds = time.perf_counter() - began
    own, children = _cpu(resource.RUSAGE_SELF) - own, _cpu(resource.RUSAGE_CHILDREN) - children
    return Spawned(count / seconds, (own + children) / count, children / count)


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def run_to_file(command: list[str], stdout: Path) -> str:
    """Run ``command`` with its output in a file; what it wrote."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 1, str(stdout), flags, 0o644)]
    os.waitpid(os.posix_spawn(command[0], command, {}, file_actions=actions), 0)
    return stdout.read_text()


def copy_and_sync(source: Path, target: Path) -> float:
    """Seconds of ``cp -r`` to a folder that is not there yet, and ``sync -f`` of its file system."""
    began = time.perf_counter()
    _run("cp", "-r", str(source), str(target))
    _run("sync", "-f", str(target))
    return time.perf_counter() - began


def copy_and_sync_each(source: Path, target: Path) -> float:
    """Seconds of ``cp -r``, and of ``sync`` of each file by itself: none depends on what else waits to be written."""
    began = time.perf_counter()
    _run("cp", "-r", str(source), str(target))
    _run("sync", *(str(path) for path in target.iterdir()))
    return time.perf_counter() - began


def import_libraries() -> float:
    """Seconds of an interpreter that imports what Scale is built on, and ends."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-W", "ignore", "-c", f"import {LIBRARIES}"], check=True)
    return time.perf_counter() - began


def _run(name: str, *arguments: str) -> None:
    command = shutil.which(name)
    if command is None:
        raise BenchFailure(f"The command {name!r} is not installed.")
    done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchFailure(f"{name} failed: {done.stderr.strip()}")
