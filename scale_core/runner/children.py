"""Ending what commands leave behind.

A process that is a *child subreaper* becomes the parent of all orphans among its descendants, however often they forked
and whatever session they moved to, so that its children are all there is to look for. A child that has not been asked
for its end keeps its number: it cannot be confused with another process.
"""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Collection
from dataclasses import dataclass

PR_SET_CHILD_SUBREAPER = 36
LONGEST = 10.0
"""Seconds after which a process that does not end though it was killed (its disk hangs, say) is left alone."""

PAUSE = 0.001


def become_subreaper() -> None:
    """Adopt whatever orphans our descendants become.

    :raises OSError: the system does not know it.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this system has no child subreapers")


@dataclass(slots=True)
class Ended:
    """What has ended: CPU seconds and largest resident KiB of a process; whether any was
    killed, and whether all is gone.
    """

    cpu_seconds: float = 0.0
    peak_kib: int = 0
    any_killed: bool = False
    all_gone: bool = True

    def add(self, cpu_seconds: float, peak_kib: int) -> None:
        """Count another process."""
        self.cpu_seconds += cpu_seconds
        self.peak_kib = max(self.peak_kib, peak_kib)


def end_children(spare: Collection[int] = (), grace: float = 0.0) -> Ended:
    """Kill all children of this process but ``spare``, and those that are orphaned by it, until there are none.

    :param grace: seconds that they are given to end by themselves.
    """
    ended = Ended()
    if not spare and not _has_children():
        return ended
    _let_end(ended, grace)
    deadline = time.monotonic() + LONGEST
    while targets := [pid for pid in children(os.getpid()) if pid not in spare]:
        ended.any_killed = True
        for pid in targets:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        reaped = [pid for pid in targets if _reaped(pid, ended)]
        if not reaped:
            if time.monotonic() > deadline:
                ended.all_gone = False
                break
            time.sleep(PAUSE)
    return ended


def exit_code(pid: int, seconds: float) -> int | None:
    """The exit code (negative: the signal) of a child that ends within so many seconds; None: it does not."""
    deadline = time.monotonic() + seconds
    while True:
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= deadline:
            return None
        time.sleep(PAUSE)


def children(pid: int) -> list[int]:
    """The children of a process, as far as it still lives."""
    found: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - this is hot where a command forks and forks
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as listing:  # noqa: PTH123
                found.extend(map(int, listing.read().split()))
    return found


def descendants(pid: int) -> list[int]:
    """A process, its children, their children and so on, as far as they live; ``pid`` first."""
    found, at = [pid], 0
    while at < len(found):
        found.extend(children(found[at]))
        at += 1
    return found


def _let_end(ended: Ended, seconds: float) -> None:
    """Wait for children to end by themselves, as long as there are any."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _has_children():
        if not [pid for pid in children(os.getpid()) if _reaped(pid, ended)]:
            time.sleep(PAUSE)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _reaped(pid: int, ended: Ended) -> bool:
    try:
        gone, _, usage = os.wait4(pid, os.WNOHANG)
    except ChildProcessError:
        return True
    if gone:
        ended.add(usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
    return bool(gone)
