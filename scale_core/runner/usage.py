"""Looking at what an execution uses."""

import contextlib
import os
import stat
from dataclasses import dataclass, field

from scale_core.interfaces.logs import STREAMS
from scale_core.runner.children import descendants
from scale_core.runner.folder import INPUTS
from scale_core.runner.linked import Facts, facts_of, followed, written_to

BLOCK = 512
"""Bytes; what the system counts used space in."""


@dataclass(slots=True)
class DiskUse:
    """Bytes in an execution's folder: the space that its logs take, their lengths by name, and the space that all else
    takes; and whether there is anything else."""

    logs: int = 0
    log_sizes: dict[str, int] = field(default_factory=dict)
    written: int = 0
    has_more: bool = False

    @property
    def longest_log(self) -> int:
        """Length of the longer log."""
        return max(self.log_sizes.values(), default=0)


@dataclass(slots=True)
class InputFiles:
    """The files that were fetched: the bytes that they take, and which they are. Links take nothing; what they were
    when the command began is noted."""

    copied: int = 0
    inodes: set[tuple[int, int]] = field(default_factory=set)
    hard: dict[str, Facts] = field(default_factory=dict)
    symbolic: dict[str, Facts] = field(default_factory=dict)

    def changed(self) -> list[str]:
        """Paths of the links whose files have been written to since."""
        return written_to(self.hard, self.symbolic) if self.hard or self.symbolic else []


def memory_kib(pid: int) -> int:
    """Resident memory of a process and its descendants; at least the largest that the process itself ever had."""
    total = highest = 0
    for each in descendants(pid):
        resident, peak = _memory_of(each)
        total += resident
        if each == pid:
            highest = peak
    return max(total, highest)


def disk_use(folder: str, inputs: InputFiles) -> DiskUse:
    """What lies in an execution's folder, without its inputs. A file with several names counts once."""
    use = DiskUse()
    seen = set(inputs.inodes)
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name in STREAMS and entry.is_file(follow_symlinks=False):
                facts = entry.stat(follow_symlinks=False)
                use.logs += facts.st_blocks * BLOCK
                use.log_sizes[name] = facts.st_size
            else:
                use.has_more = True
                if name != INPUTS:
                    use.written += _bytes_of(entry, seen)
    return use


def input_files(folder: str) -> InputFiles:
    """What lies in the folder of an execution's inputs."""
    found = InputFiles()
    links = []
    for path, _, names in os.walk(folder):
        for name in names:
            place = os.path.join(path, name)  # noqa: PTH118 - there may be very many
            facts = os.lstat(place)
            if stat.S_ISLNK(facts.st_mode):
                links.append(place)
            elif stat.S_ISREG(facts.st_mode):
                found.inodes.add((facts.st_dev, facts.st_ino))
                if facts.st_nlink == 1:
                    found.copied += facts.st_blocks * BLOCK
                else:
                    found.hard[place] = facts_of(facts)
    found.symbolic = followed(links)
    return found


def _bytes_of(entry: "os.DirEntry[str]", seen: set[tuple[int, int]]) -> int:
    total = 0
    with contextlib.suppress(OSError):  # it was removed meanwhile, or its owner does not let us look
        facts = entry.stat(follow_symlinks=False)
        if facts.st_nlink > 1 and not stat.S_ISDIR(facts.st_mode):
            if (facts.st_dev, facts.st_ino) in seen:
                return 0
            seen.add((facts.st_dev, facts.st_ino))
        total = facts.st_blocks * BLOCK
        if stat.S_ISDIR(facts.st_mode):
            with os.scandir(entry.path) as entries:
                total += sum(_bytes_of(each, seen) for each in entries)
    return total


def _memory_of(pid: int) -> tuple[int, int]:
    """Resident memory of a living process in KiB, now and at most; 0 where it is just ending."""
    try:
        with open(f"/proc/{pid}/status", "rb") as status:  # noqa: PTH123 - short and often
            text = status.read()
    except OSError:
        return 0, 0
    return _figure(text, b"VmRSS:"), _figure(text, b"VmHWM:")


def _figure(status: bytes, name: bytes) -> int:
    _, found, rest = status.partition(name)
    return int(rest.split(None, 1)[0]) if found else 0
