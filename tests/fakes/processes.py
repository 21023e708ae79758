"""Processes, as /proc tells of them."""

import contextlib
import os
import time
from pathlib import Path

PROC = Path("/proc")


def processes_of(folder: Path) -> dict[int, str]:
    """Living processes that have to do with ``folder``, by id: its path is in their arguments or environment, or they
    work in it. Without this process. A value is for people."""
    mark = os.fsencode(folder)
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):  # it ended while we looked
                arguments = (entry / "cmdline").read_bytes()
                place = os.fsencode((entry / "cwd").readlink())
                if mark in arguments or mark in (entry / "environ").read_bytes() or place.startswith(mark):
                    found[int(entry.name)] = arguments.replace(b"\0", b" ").decode(errors="replace")
    return found


def await_no_processes_of(folder: Path, seconds: float = 60) -> dict[int, str]:
    """The processes that are still there after ``seconds``; none of them as soon as there is none."""
    deadline = time.monotonic() + seconds
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def descendants_of(pid: int) -> list[int]:
    """Children of a process, their children and so on: the oldest first."""
    parents = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                parents[int(entry.name)] = int((entry / "stat").read_bytes().rpartition(b")")[2].split()[1])
    found, generation = [], {pid}
    while generation:
        generation = {child for child, parent in parents.items() if parent in generation}
        found += sorted(generation)
    return found
