"""Ending what executions of a previous life left running.

Every process of an execution inherits HOME=<the execution's folder>, so that the folder finds them, whatever their
number. Each is opened as a pidfd before it is looked at: a number that went to another process is never hit.
"""

import os
import select
import signal
from collections.abc import Callable, Collection
from pathlib import Path

PROC = Path("/proc")
MOST_ROUNDS = 10
"""How often we look again: a process may have forked while we looked."""

END_MS = 2000
"""How long a killed process gets to disappear."""


def end_leftovers(folders: Collection[str]) -> int:
    """Kill the processes whose HOME is one of ``folders``, and those of their sessions; returns how many there were."""
    marks = {b"HOME=" + os.fsencode(folder) for folder in folders}
    total = 0
    for _ in range(MOST_ROUNDS):
        ended = _one_round(marks)
        if not ended:
            break
        total += ended
    return total


def _one_round(marks: set[bytes]) -> int:
    sessions: set[int] = set()

    def is_marked(pid: int) -> bool:
        if marks.isdisjoint((PROC / str(pid) / "environ").read_bytes().split(b"\0")):
            return False
        sessions.add(os.getsid(pid))
        return True

    ended = _kill_all(is_marked)
    sessions.discard(os.getsid(0))
    return ended + (_kill_all(lambda pid: os.getsid(pid) in sessions) if sessions else 0)


def _kill_all(chosen: Callable[[int], bool]) -> int:
    """Kill every process that is ``chosen``, and wait for its end."""
    own = os.getpid()
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    return sum(_kill_if(pid, chosen) for pid in pids if pid != own)


def _kill_if(pid: int, chosen: Callable[[int], bool]) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except OSError:  # it has ended
        return False
    try:
        if not chosen(pid):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        poller = select.poll()
        poller.register(handle, select.POLLIN)
        poller.poll(END_MS)
    except OSError:  # it has ended, or is another user's
        return False
    finally:
        os.close(handle)
    return True
