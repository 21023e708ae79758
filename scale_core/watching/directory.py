"""The watched directory and its two folders, ``ingesting`` and ``deferred``."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from scale_core.domain.file_names import name_problem
from scale_core.storage.walk import walk
from scale_core.watching.mounts import MountMissing, WatchUnavailable

INGESTING = "ingesting"
DEFERRED = "deferred"

NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})


class Entry(NamedTuple):
    """A file in the watched directory: its path below it, bytes, when it was changed last (ns, by the clock of the file
    system), and why it is refused; None: it is not. What is refused may be a folder."""

    path: str
    size: int
    changed: int
    refusal: str | None = None


class WatchedDirectory:
    """A directory that files are transferred into. It has one Strike process at a time: use it as a context.

    :param is_recursive: whether its folders are looked into.

    A file is moved to ``ingesting`` (or ``deferred``) before it is recorded. Hence a file at the top has never been
    recorded, and a name in ``ingesting`` belongs to the one ingest under way for it, or has yet to be recorded.
    """

    def __init__(self, root: Path, *, is_recursive: bool = False) -> None:
        self.root = root
        self._is_recursive = is_recursive
        self.ingesting = root / INGESTING
        self.deferred = root / DEFERRED
        self._lock = -1

    def __enter__(self) -> Self:
        """Make the folders and keep other Strike processes out.

        :raises WatchUnavailable: the directory is missing or not writable, or another Strike process has it.
        """
        if not self.root.is_dir():
            raise MountMissing(f"{self.root} is not a directory. Mount it, make it, or change the Strike process.")
        try:
            self.ingesting.mkdir(exist_ok=True)
            self.deferred.mkdir(exist_ok=True)
            self._lock = os.open(self.ingesting, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise WatchUnavailable(
                f"{error.filename} cannot be made: {error.strerror}. Strike moves files there; let it write."
            ) from error
        self._take_lock()
        return self

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise WatchUnavailable(f"Another Strike process watches {self.root}; a directory has one.") from error
        except OSError as error:
            if error.errno not in NO_LOCKS:  # a file system without locks does without
                os.close(self._lock)
                raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let others have the directory."""
        os.close(self._lock)

    def identity(self) -> tuple[int, int]:
        """What changes when something else is mounted or made at the same path."""
        facts = self.root.stat()
        return facts.st_dev, facts.st_ino

    def now(self) -> int:
        """What time it is by the clock of the file system, in ns."""
        os.utime(self._lock)
        return os.fstat(self._lock).st_ctime_ns

    def entries(self) -> Iterator[Entry]:
        """What is in the directory: files, and what is refused. Those that vanish meanwhile are left out; files may be
        moved out of it meanwhile.

        :raises OSError: it cannot be read.
        """
        return self._tree() if self._is_recursive else _files_in(self.root)

    def _tree(self) -> Iterator[Entry]:
        own = (INGESTING, DEFERRED)
        for found in walk(self.root, None, lambda one: one.path not in own and name_problem(one.name) is None):
            facts = found.facts
            if not found.is_folder:
                if not is_deleted(found.name):
                    problem = refusal(found.name, facts.st_mode)
                    yield Entry(found.path, facts.st_size, facts.st_ctime_ns, problem)
            elif problem := name_problem(found.name) or found.trouble:
                yield Entry(found.path, 0, facts.st_ctime_ns, problem)

    def left_in(self, folder: Path) -> Iterator[Entry]:
        """The files in ``ingesting`` or ``deferred``."""
        return (one for one in _files_in(folder) if one.refusal is None)


def sync_folder(folder: Path) -> None:
    """Have what was moved into ``folder`` survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _files_in(folder: Path) -> Iterator[Entry]:
    """Files at the top of a folder, and what is refused there; folders in it are left alone."""
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                facts = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # gone since the directory was read
                continue
            if not stat.S_ISDIR(facts.st_mode) and not is_deleted(entry.name):
                yield Entry(entry.name, facts.st_size, facts.st_ctime_ns, refusal(entry.name, facts.st_mode))


def is_deleted(name: str) -> bool:
    """Whether it is a file that was deleted on NFS and that somebody still has open."""
    return name.startswith(".nfs")


def refusal(name: str, mode: int) -> str | None:
    """Why what is found under a name is not ingested; None: it may be.

    :param mode: of itself, not of what it links to.
    """
    if stat.S_ISLNK(mode):
        return "it is a symbolic link, and only regular files are ingested; transfer the file itself"
    if not stat.S_ISREG(mode):
        return "it is not a regular file"
    return name_problem(name)
