"""What a process and those below it have used, read from /proc."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class CpuSeconds:
    """CPU time of a process, and of all below it: those that live and those that were waited for."""

    main: float
    others: float

    def __sub__(self, earlier: "CpuSeconds") -> "CpuSeconds":
        return CpuSeconds(self.main - earlier.main, self.others - earlier.others)


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of a process and all below it, in MiB; in ``pss`` pages that are shared count in parts."""

    rss: float
    pss: float


def cpu_seconds(pid: int) -> CpuSeconds:
    """The CPU time used so far by the tree of ``pid``."""
    own, waited = _times(pid)
    return CpuSeconds(own, waited + sum(sum(_times(one)) for one in descendants(pid)))


def memory(pid: int) -> Memory:
    """The resident memory of the tree of ``pid`` now."""
    rss = pss = 0.0
    # A child with the command line of the first is about to begin its own: until then it lives in the other's memory.
    own = _command_line(pid)
    for one in (pid, *(child for child in descendants(pid) if _command_line(child) != own)):
        with suppress(OSError):  # it has ended meanwhile
            for line in (PROC / str(one) / "smaps_rollup").read_text().splitlines():
                name, _, rest = line.partition(":")
                if name == "Rss":
                    rss += int(rest.split()[0]) / 1024
                elif name == "Pss":
                    pss += int(rest.split()[0]) / 1024
    return Memory(rss, pss)


def descendants(pid: int) -> list[int]:
    """The processes below ``pid``."""
    children: dict[int, list[int]] = {}
    for one, parent in _parents():
        children.setdefault(parent, []).append(one)
    found: list[int] = []
    left = [pid]
    while left:
        below = children.get(left.pop(), [])
        found += below
        left += below
    return found


def _command_line(pid: int) -> bytes:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def _parents() -> Iterator[tuple[int, int]]:
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            fields = _stat(int(folder.name))
            if fields:
                yield int(folder.name), int(fields[1])


def _times(pid: int) -> tuple[float, float]:
    """CPU seconds of a process itself, and of the children that it has waited for; zero once it is gone."""
    fields = _stat(pid)
    if not fields:
        return 0.0, 0.0
    own, system, waited_own, waited_system = (int(one) for one in fields[11:15])
    return (own + system) / TICKS, (waited_own + waited_system) / TICKS


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on (the third); empty if there is no such process."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
