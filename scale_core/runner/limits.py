"""What an execution may use."""

import logging
import resource
from dataclasses import dataclass

from scale_core.runner.cgroup import MemoryGroup

MIB = 1 << 20

LOG_FACTOR = 4
"""A command is ended when a log of it has grown to so many times of what is kept. Below that the log is shortened when
the command has ended, so that one that is a little too talkative does not fail."""

DATA_HEADROOM = 1 << 30
"""Bytes of private memory that a process may ask for beyond its limit, for much of what is asked for is never used.
What is used counts by looking at it; this bounds what a process can do between two looks."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """0: none. ``memory`` and ``disk`` in bytes, of the command and everything it starts; ``log`` in bytes of each."""

    memory: int = 0
    disk: int = 0
    log: int = 0


class Bounds:
    """Has the system bound what commands can do before we look: they inherit it from this process, which therefore has
    it lifted for work of its own. It is only changed where the next command's limits differ.

    :param group: the memory cgroup that this process is in, if it is in one of its own.
    """

    def __init__(self, group: MemoryGroup | None) -> None:
        self._own_group = group
        self._now = Limits()
        self.group: MemoryGroup | None = group
        """The group, as far as it bounds memory; None: memory has to be watched."""

    def put(self, limits: Limits) -> None:
        """Bound the size of files, and memory: by the group, else what a process can ask for."""
        if limits == self._now:
            return
        self.group = self._limited_group(limits)
        _set(resource.RLIMIT_FSIZE, max(limits.disk, limits.log) + MIB if limits.disk else 0)
        _set(resource.RLIMIT_DATA, limits.memory + DATA_HEADROOM if limits.memory and self.group is None else 0)
        self._now = limits

    def lift(self) -> None:
        """Bound nothing."""
        self.put(Limits())

    def _limited_group(self, limits: Limits) -> MemoryGroup | None:
        if self._own_group is None:
            return None
        try:
            self._own_group.set_limit(limits.memory)
        except OSError as error:
            log.warning("The memory of an execution is watched instead of bounded by its cgroup: %s.", error)
            return None
        return self._own_group


def _set(what: int, most: int) -> None:
    """Set a limit that can be lifted again; 0: as high as it can be."""
    highest = resource.getrlimit(what)[1]
    if not most or (highest != resource.RLIM_INFINITY and most > highest):
        most = highest
    resource.setrlimit(what, (most, highest))
