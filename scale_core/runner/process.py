"""The job step: one process in its own process group, waited for without polling it."""

import contextlib
import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from scale_core.interfaces.engine import RunControl
from scale_core.runner.folder import RunFolder

FIRST_LOOK = 0.02
LONGEST_PAUSE = 5.0
"""Seconds between two looks at the process's memory; the first comes soon, then ever more rarely."""

PROC = Path("/proc")

GROUP_END = 2.0
"""Seconds that killed processes get to disappear."""


class Stopped(Enum):
    """Who ended a process that did not end by itself."""

    TIMEOUT = "timeout"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """How a process ended: by ``exit_code`` or by ``signal``, and whether we made it end.

    ``max_rss_mib`` is the largest resident memory that was seen, 0 for a process too short to look at.
    """

    exit_code: int | None
    signal: int | None
    stopped: Stopped | None
    cpu_seconds: float
    max_rss_mib: float


def run_process(
    arguments: Sequence[str],
    folder: RunFolder,
    environment: Mapping[str, str],
    timeout: float | None,
    control: RunControl,
    kill_grace: float,
) -> ProcessEnd:
    """Run ``arguments`` in ``folder`` and wait for the end.

    Output is appended to the folder's logs. At the timeout (seconds) or a cancel the whole process group gets SIGTERM
    and, ``kill_grace`` seconds later, SIGKILL. What is left of the group when the process ends is killed.

    :raises OSError: the command cannot be started.
    :raises ValueError: an argument cannot be passed to a process (it holds a NUL or half a character).
    """
    own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    process = _start(arguments, folder, environment)
    try:
        control.process_started(process.pid)
        stopped, seen_kib = _wait(process.pid, timeout, control, kill_grace)
    finally:
        # The process is not yet reaped, so that its number cannot have gone to another.
        _signal_group(process.pid, signal.SIGKILL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        _await_group_end(process.pid)
    # A new process inherits our own peak as its first; a figure not above that is ours.
    peak_kib = max(seen_kib, usage.ru_maxrss if usage.ru_maxrss > own_peak else 0)
    code = process.returncode
    return ProcessEnd(
        exit_code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        stopped=stopped,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        max_rss_mib=peak_kib / 1024,
    )


def _start(arguments: Sequence[str], folder: RunFolder, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with _log(folder.stdout) as stdout, _log(folder.stderr) as stderr:
        return subprocess.Popen(
            arguments,
            cwd=folder.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )


@contextlib.contextmanager
def _log(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _wait(pid: int, timeout: float | None, control: RunControl, kill_grace: float) -> tuple[Stopped | None, int]:
    """Wait until the process has ended (it stays to be reaped); returns who ended it and its peak memory in KiB."""
    ended = os.pidfd_open(pid)
    try:
        deadline = None if timeout is None else time.monotonic() + timeout
        stopped, peak = _watch(pid, ended, control.cancel_fd(), deadline)
        if stopped is not None:
            _signal_group(pid, signal.SIGTERM)
            if not _ended_within(ended, kill_grace):
                _signal_group(pid, signal.SIGKILL)
                _ended_within(ended, None)
        return stopped, peak
    finally:
        os.close(ended)


def _watch(pid: int, ended: int, canceled: int, deadline: float | None) -> tuple[Stopped | None, int]:
    poller = select.poll()
    poller.register(ended, select.POLLIN)
    poller.register(canceled, select.POLLIN)
    pause, peak = FIRST_LOOK, 0
    while True:
        left = pause if deadline is None else min(pause, deadline - time.monotonic())
        ready = {descriptor for descriptor, _ in poller.poll(max(0, left) * 1000)}
        if ended in ready:
            return None, peak
        if canceled in ready:
            return Stopped.CANCEL, peak
        if deadline is not None and time.monotonic() >= deadline:
            return Stopped.TIMEOUT, peak
        peak = max(peak, _peak_kib(pid))
        pause = min(2 * pause, LONGEST_PAUSE)


def _ended_within(ended: int, seconds: float | None) -> bool:
    poller = select.poll()
    poller.register(ended, select.POLLIN)
    return bool(poller.poll(None if seconds is None else seconds * 1000))


def _peak_kib(pid: int) -> int:
    """Largest resident memory of a living process; 0 where it is just ending."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return 0
    _, found, rest = status.partition(b"VmHWM:")
    return int(rest.split(None, 1)[0]) if found else 0


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody left, or changed to another user
        os.killpg(group, number)


def _await_group_end(group: int) -> None:
    """Wait until killed members of the group are gone, so that they write no more."""
    deadline = time.monotonic() + GROUP_END
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            if not any(_lives_in(group, entry) for entry in PROC.iterdir() if entry.name.isdigit()):
                return  # what is left has ended, only nobody has asked how
            time.sleep(0.005)


def _lives_in(group: int, process: Path) -> bool:
    try:
        state, _, its_group = (process / "stat").read_bytes().rpartition(b")")[2].split(None, 3)[:3]
    except (OSError, ValueError):  # it has ended meanwhile
        return False
    return int(its_group) == group and state not in (b"Z", b"X")
