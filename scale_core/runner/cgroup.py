"""Memory cgroups: where Scale may make some, the system itself bounds the memory of a command and all it starts.

The agent makes one folder of groups, named after the folder of its executions, and each worker a group in it, in which
it runs its commands. Entering a group takes milliseconds, so that a worker stays in its own and only changes the limit
where the next execution has another.
"""

import contextlib
import hashlib
import logging
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

PROC: Final = Path("/proc")
OWN_MEMORY: Final = 16 << 20
"""Bytes that the worker may need in its group beside the command and what it has now."""

LEAF: Final = "scale"
"""Where Scale's own processes move to make room for groups (second version)."""

REMOVAL_SECONDS: Final = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a version of cgroups calls things."""

    limit: str
    swap_limit: str
    unlimited: str
    events: str


V1: Final = Dialect("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "-1", "memory.oom_control")
"""A hierarchy of its own for memory; the limit of swap includes memory, so that it is never below the other."""

V2: Final = Dialect("memory.max", "memory.swap.max", "max", "memory.events")
"""One hierarchy for all; swap is counted apart."""


class MemoryGroup:
    """A worker's group."""

    def __init__(self, folder: Path, dialect: Dialect) -> None:
        self._folder = folder
        self._dialect = dialect
        self._limit = 0
        self._events = -1

    def enter(self) -> None:
        """Make the group and move this process into it.

        :raises OSError: the system does not let us.
        """
        self._folder.mkdir(exist_ok=True)
        (self._folder / "cgroup.procs").write_text(str(os.getpid()))
        self._events = os.open(self._folder / self._dialect.events, os.O_RDONLY | os.O_CLOEXEC)

    def set_limit(self, limit: int) -> None:
        """Bound the memory of what runs in the group to ``limit`` bytes and what this process itself needs; 0: do not.

        :raises OSError: the system does not let us.
        """
        if limit == self._limit:
            return
        value = str(limit + _resident() + OWN_MEMORY) if limit else self._dialect.unlimited
        if self._dialect is V2:
            self._write(self._dialect.limit, value)
            self._write_swap("0" if limit else self._dialect.unlimited)
        else:
            raised = not limit or 0 < self._limit < limit
            if raised:
                self._write_swap(value)
            self._write(self._dialect.limit, value)
            if not raised:
                self._write_swap(value)
        self._limit = limit

    def kills(self) -> int:
        """How many processes of the group the system has killed for want of memory."""
        _, found, rest = os.pread(self._events, 4096, 0).partition(b"\noom_kill ")
        return int(rest.split(None, 1)[0]) if found else 0

    def _write(self, name: str, value: str) -> None:
        (self._folder / name).write_text(value)

    def _write_swap(self, value: str) -> None:
        with contextlib.suppress(FileNotFoundError):  # a system that does not count swap
            self._write(self._dialect.swap_limit, value)


class GroupFolder:
    """The agent's folder of groups."""

    def __init__(self, folder: Path, dialect: Dialect) -> None:
        self._folder = folder
        self._dialect = dialect

    @classmethod
    def make(cls, executions: Path) -> Self | None:
        """A new folder of groups for the agent of ``executions``; None where this process may make none. What an
        earlier agent left there is ended and removed."""
        found = _own_group()
        if found is None:
            return None
        base, dialect = found
        if dialect is V2 and base.name == LEAF:  # an earlier agent of this process moved us there
            base = base.parent
        name = hashlib.sha256(os.fsencode(executions)).hexdigest()[:16]
        groups = cls(base / f"scale-{name}", dialect)
        try:
            groups.remove()
            if dialect is V2:
                _delegate(base)
            groups._folder.mkdir()
            if dialect is V2:
                (groups._folder / "cgroup.subtree_control").write_text("+memory")
            if not (groups._folder / dialect.limit).exists():
                raise FileNotFoundError(f"{groups._folder} counts no memory")
        except OSError as error:
            log.info("Memory is not bounded by cgroups: %s.", error)
            return None
        return groups

    def group(self, pid: int) -> MemoryGroup:
        """The group of the worker ``pid``."""
        return MemoryGroup(self._folder / str(pid), self._dialect)

    def kills(self, pid: int) -> int:
        """How many processes the system has killed in the group of a worker that is gone."""
        with contextlib.suppress(OSError):
            _, found, rest = (self._folder / str(pid) / self._dialect.events).read_bytes().partition(b"\noom_kill ")
            return int(rest.split(None, 1)[0]) if found else 0
        return 0

    def remove_group(self, pid: int) -> None:
        """Remove the group of a worker that is gone; what is left in it is ended."""
        _remove(self._folder / str(pid))

    def remove(self) -> None:
        """Remove all groups; what is left in them is ended."""
        with contextlib.suppress(FileNotFoundError):
            for group in self._folder.iterdir():
                if group.is_dir():
                    _remove(group)
        _remove(self._folder)


def _resident() -> int:
    """Bytes that this process has now."""
    return int((PROC / "self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _remove(group: Path) -> None:
    deadline = time.monotonic() + REMOVAL_SECONDS
    while True:
        try:
            group.rmdir()
        except OSError as error:
            # A file system that is read-only, as in a container, says that and not that there is none.
            if not group.exists():
                return
            if time.monotonic() > deadline:
                log.warning("The cgroup %s cannot be removed: %s.", group, error)
                return
            _kill_members(group)
            time.sleep(0.002)
        else:
            return


def _kill_members(group: Path) -> None:
    with contextlib.suppress(OSError):
        for pid in (group / "cgroup.procs").read_text().split():
            _kill_member(int(pid), group)


def _kill_member(pid: int, group: Path) -> None:
    try:
        handle = os.pidfd_open(pid)
    except OSError:  # it has ended
        return
    try:
        # Only now is it sure whose number this is.
        if str(pid) in (group / "cgroup.procs").read_text().split():
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:  # it has ended
        pass
    finally:
        os.close(handle)


def _own_group() -> tuple[Path, Dialect] | None:
    """The folder of the group that this process is in, and the dialect of the hierarchy that counts memory."""
    own = dict(line.split(":", 2)[1:] for line in (PROC / "self/cgroup").read_text().splitlines())
    for line in (PROC / "self/mountinfo").read_text().splitlines():
        mount, _, source = line.partition(" - ")
        root, place = mount.split()[3:5]
        kind, _, options = source.split()[:3]
        if kind == "cgroup" and "memory" in options.split(",") and "memory" in own:
            return _inside(place, root, own["memory"]), V1
        if kind == "cgroup2" and "" in own:
            base = _inside(place, root, own[""])
            with contextlib.suppress(OSError):
                if "memory" in (base / "cgroup.controllers").read_text().split():
                    return base, V2
    return None


def _inside(place: str, root: str, group: str) -> Path:
    relative = group.removeprefix(root) if root != "/" else group
    return Path(place) / relative.strip("/")


def _delegate(base: Path) -> None:
    """Have groups below ``base`` count memory: in the second version a group with such groups has no processes of its
    own, so that ours move into one below. Not done where others than Scale's processes would have to move."""
    if "memory" in (base / "cgroup.subtree_control").read_text().split():
        return
    members = {int(pid) for pid in (base / "cgroup.procs").read_text().split()}
    if not members <= {os.getpid(), os.getppid()}:
        raise PermissionError(f"{base} has processes of others")
    leaf = base / LEAF
    leaf.mkdir(exist_ok=True)
    for pid in members:
        (leaf / "cgroup.procs").write_text(str(pid))
    (base / "cgroup.subtree_control").write_text("+memory")
