"""What an execution may use."""

import contextlib
import resource
from dataclasses import dataclass

MIB = 1 << 20

LOG_FACTOR = 4
"""A command is ended when a log of it has grown to so many times of what is kept. Below that the log is shortened when
the command has ended, so that one that is a little too talkative does not fail."""

DATA_HEADROOM = 1 << 30
"""Bytes of private memory that a process may ask for beyond its limit, for much of what is asked for is never used. What
is used counts by looking at it; this bounds what a process can do between two looks."""


@dataclass(frozen=True, slots=True)
class Limits:
    """0: none. ``memory`` and ``disk`` in bytes, of the command and everything it starts; ``log`` in bytes of each."""

    memory: int = 0
    disk: int = 0
    log: int = 0

    def put_on(self, pid: int, *, watched: bool) -> None:
        """Have the system bound what a process can do before we look: the size of its files, and the memory it can ask
        for where nothing else bounds that (``watched``)."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended, or became another user
            if self.disk:
                largest = max(self.disk, self.log) + MIB
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, largest))
            if self.memory and watched:
                most = self.memory + DATA_HEADROOM
                resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))
