"""Processes, as /proc tells of them."""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from fakes.waiting import SECONDS

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


def commands_of(execution_folder: Path) -> dict[int, str]:
    """Those of the processes of an execution that its job started: all inherit HOME."""
    mark = b"HOME=" + os.fsencode(execution_folder)
    found = {}
    for pid, arguments in processes_of(execution_folder).items():
        with contextlib.suppress(OSError):
            if mark in (PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                found[pid] = arguments
    return found


def await_none(look: Callable[[Path], dict[int, str]], folder: Path, seconds: float = SECONDS) -> dict[int, str]:
    """What one of the functions above finds after ``seconds``; nothing as soon as there is nothing."""
    deadline = time.monotonic() + seconds
    while (left := look(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def descendants_of(pid: int, depth: int = 1000) -> list[int]:
    """Children of a process, their children and so on, so many generations: the oldest first."""
    parents = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                parents[int(entry.name)] = int((entry / "stat").read_bytes().rpartition(b")")[2].split()[1])
    found, generation = [], {pid}
    while generation and depth:
        generation = {child for child, parent in parents.items() if parent in generation}
        found += sorted(generation)
        depth -= 1
    return found


def command_of(pid: int) -> bytes:
    """What a process runs; nothing where there is none of that number, and for a moment after its beginning."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""
