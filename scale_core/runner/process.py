"""The job step: one process in its own session, waited for without polling it."""

import contextlib
import errno
import os
import resource
import select
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from scale_core.runner.cgroup import MemoryGroup
from scale_core.runner.children import end_children
from scale_core.runner.control import RunControl
from scale_core.runner.failures import StepFailed
from scale_core.runner.limits import Limits
from scale_core.runner.usage import DiskUse, InputFiles, disk_use, memory_kib

FIRST_LOOK: Final = 0.05
"""Seconds after which a command is told to last, and looked at for the first time."""

LONGEST_PAUSE: Final = 0.2
"""Seconds between two looks; between long looks (very many files) it is LOOK_SHARE times as long as they take."""

LOOK_SHARE: Final = 20

LOG_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND
FILES: Final = (
    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 1, "stdout", LOG_FLAGS, 0o644),
    (os.POSIX_SPAWN_OPEN, 2, "stderr", LOG_FLAGS, 0o644),
)
DEFAULT_SIGNALS: Final = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Those that a Python process, or this one, ignores."""

OUR_ERRORS: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
)
"""Why a command cannot be started that is not the command's fault."""


LINGER: Final = 1.0
"""Seconds that processes may outlive the command that started them, as the end of a pipeline does."""


class Stopped(Enum):
    """Why we ended a process that did not end by itself."""

    TIMEOUT = "timeout"
    CANCEL = "canceled"
    MEMORY = "memory"
    DISK = "disk"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """How a process ended: by ``exit_code`` or by ``signal``, and whether and why we made it end.

    ``peak_kib`` is the largest resident memory that was seen, 0 for a process too short to look at, and ``disk_bytes``
    the largest space in its folder, ``disk`` what is there at the end; ``left_running`` says whether it left processes
    that had to be killed, ``all_gone`` whether nothing is left of them.
    """

    exit_code: int | None
    signal: int | None
    stopped: Stopped | None
    cpu_seconds: float
    peak_kib: int
    disk_bytes: int
    disk: DiskUse
    left_running: bool
    all_gone: bool


def run_process(
    arguments: list[str],
    environment: Mapping[str, str],
    timeout: float | None,
    limits: Limits,
    group: MemoryGroup | None,
    inputs: InputFiles,
    control: RunControl,
) -> ProcessEnd:
    """Run ``arguments`` in the current folder, an execution's, and wait for the end.

    Output is appended to the folder's logs. At the timeout (seconds), a cancel, or beyond a limit the whole process
    group gets SIGTERM and, at the end of the control's grace, SIGKILL. What is left of everything that the command
    started is killed when it ends, after :data:`LINGER` seconds where it ended by itself. This process must be a child
    subreaper and have no other children.

    :param limits: what makes us end it; what the system itself bounds, it inherits from this process.
    :param group: the memory cgroup that this process is in, if that bounds it.
    :param inputs: the files that were fetched.
    :raises OSError: the command cannot be started.
    :raises ValueError: an argument cannot be passed to a process (it holds a NUL or half a character).
    :raises StepFailed: this node cannot start any.
    """
    watch = _Watch(limits, group, inputs)
    pid = _spawn(arguments, environment)
    grace = 0.0
    try:
        stopped = _wait(pid, timeout, watch, control)
        grace = LINGER if stopped is None else 0.0
    except BaseException:
        # The process is not yet reaped, so that its number cannot have gone to another.
        _signal_group(pid, signal.SIGKILL)
        raise
    finally:
        _, status, usage = os.wait4(pid, 0)
        left = end_children(grace=grace)
    watch.look_at_disk()
    code = os.waitstatus_to_exitcode(status)
    left.add(usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
    return ProcessEnd(
        exit_code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        stopped=stopped or watch.verdict(code),
        cpu_seconds=left.cpu_seconds,
        peak_kib=max(watch.peak_kib, _above_own(left.peak_kib)),
        disk_bytes=watch.disk_bytes,
        disk=watch.disk,
        left_running=left.any_killed,
        all_gone=left.all_gone,
    )


def _above_own(peak_kib: int) -> int:
    """``peak_kib``, or 0 where it may be ours: a new process inherits our own peak as its first."""
    return peak_kib if peak_kib > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss else 0


class _Watch:
    """What is seen of a command while it runs."""

    def __init__(self, limits: Limits, group: MemoryGroup | None, inputs: InputFiles) -> None:
        self._limits = limits
        self._group = group
        self._kills = 0 if group is None else group.kills()
        self._inputs = inputs
        self.disk = DiskUse()
        self.peak_kib = 0
        self.disk_bytes = 0

    def look(self, pid: int) -> Stopped | None:
        """Look at a living command; says why it must end, if it must."""
        self.peak_kib = max(self.peak_kib, memory_kib(pid))
        self.look_at_disk()
        if self._was_short_of_memory():
            return Stopped.MEMORY
        return too_much_disk(self.disk, self._limits)

    def look_at_disk(self) -> None:
        """Look at the folder; it is empty where the command removed it."""
        try:
            self.disk = disk_use(".", self._inputs)
        except FileNotFoundError:
            self.disk = DiskUse()
        self.disk_bytes = max(self.disk_bytes, self.disk.logs + self.disk.written + self._inputs.copied)

    def verdict(self, code: int) -> Stopped | None:
        """Which limit a command broke that ended by itself, with ``code`` as in ``os.waitstatus_to_exitcode``."""
        broken = too_much_disk(self.disk, self._limits)
        if broken is None and code != 0 and self._was_short_of_memory():
            return Stopped.MEMORY
        if broken is None and code == -signal.SIGXFSZ and self._limits.disk:
            return Stopped.DISK
        return broken

    def _was_short_of_memory(self) -> bool:
        if not self._limits.memory:
            return False
        if self._group is not None:
            return self._group.kills() > self._kills
        return self.peak_kib * 1024 > self._limits.memory


def too_much_disk(used: DiskUse, limits: Limits) -> Stopped | None:
    """Why an execution that uses so much is to be ended; None: it may go on."""
    if limits.log and used.longest_log > limits.log:
        return Stopped.LOG
    if limits.disk and used.written > limits.disk:
        return Stopped.DISK
    return None


def _spawn(arguments: list[str], environment: Mapping[str, str]) -> int:
    try:
        return os.posix_spawnp(
            arguments[0],
            arguments,
            environment,
            file_actions=FILES,
            setsid=True,
            setsigmask=(),
            setsigdef=DEFAULT_SIGNALS,
        )
    except OSError as error:
        if error.errno not in OUR_ERRORS:
            raise
        raise StepFailed("engine", f"This node could not start the command: {error}.") from error


def _wait(pid: int, timeout: float | None, watch: _Watch, control: RunControl) -> Stopped | None:
    """Wait until the process has ended (it stays to be reaped); returns why we ended it, if we did."""
    handle = os.pidfd_open(pid)
    try:
        stopped = _watched(pid, handle, timeout, watch, control)
        if stopped in (Stopped.TIMEOUT, Stopped.CANCEL):
            _signal_group(pid, signal.SIGTERM)
            _ended_within(handle, control.kill_grace())
        if stopped is not None:
            _signal_group(pid, signal.SIGKILL)
            _ended_within(handle, None)
        return stopped
    finally:
        os.close(handle)


def _watched(pid: int, handle: int, timeout: float | None, watch: _Watch, control: RunControl) -> Stopped | None:
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    poller.register(control.fd(), select.POLLIN)
    now = time.monotonic()
    deadline = None if timeout is None else now + timeout
    pause, next_look, told = FIRST_LOOK, now + FIRST_LOOK, False
    while True:
        until = next_look if deadline is None else min(next_look, deadline)
        ready = [descriptor for descriptor, _ in poller.poll(max(0.0, until - now) * 1000)]
        if handle in ready:
            return None
        if ready and control.canceled():
            return Stopped.CANCEL
        now = time.monotonic()
        if deadline is not None and now >= deadline:
            return Stopped.TIMEOUT
        if now < next_look:
            continue
        if not told:
            told = True
            control.step_started("job")
        broken = watch.look(pid)
        if broken is not None:
            return broken
        took = time.monotonic() - now
        pause = max(min(2 * pause, LONGEST_PAUSE), LOOK_SHARE * took)
        now += took
        next_look = now + pause


def _ended_within(handle: int, seconds: float | None) -> bool:
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    return bool(poller.poll(None if seconds is None else seconds * 1000))


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody left, or changed to another user
        os.killpg(group, number)
