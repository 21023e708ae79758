"""The watched directory and its two folders, ``ingesting`` and ``deferred``."""

import errno
import fcntl
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from scale_scheduler.strike.mounts import WatchUnavailable

INGESTING = "ingesting"
DEFERRED = "deferred"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})


@dataclass(frozen=True, slots=True)
class Scan:
    """What is in the watched directory: sizes in bytes of regular files by name, and why other entries are refused."""

    files: dict[str, int]
    refused: dict[str, str]


class WatchedDirectory:
    """A directory that files are transferred into. It has one Strike process at a time: use it as a context.

    A file is moved to ``ingesting`` (or ``deferred``) before it is recorded. Hence a file at the top has never been
    recorded, and a name in ``ingesting`` belongs to the one ingest under way for it, or has yet to be recorded.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ingesting = root / INGESTING
        self.deferred = root / DEFERRED
        self._lock = -1

    def __enter__(self) -> Self:
        """Make the folders and keep other Strike processes out.

        :raises WatchUnavailable: the directory is missing or not writable, or another Strike process has it.
        """
        if not self.root.is_dir():
            raise WatchUnavailable(f"{self.root} is not a directory. Mount it, make it, or change the Strike process.")
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

    def scan(self) -> Scan:
        """Look at the top of the directory; folders in it are left alone.

        :raises OSError: it cannot be read.
        """
        files: dict[str, int] = {}
        refused: dict[str, str] = {}
        with os.scandir(self.root) as entries:
            for entry in entries:
                _sort(entry, files, refused)
        return Scan(files, refused)

    def names_in(self, folder: Path) -> dict[str, int]:
        """Sizes of the regular files in ``ingesting`` or ``deferred``, by name."""
        files: dict[str, int] = {}
        with os.scandir(folder) as entries:
            for entry in entries:
                _sort(entry, files, {})
        return files


def sync_folder(folder: Path) -> None:
    """Have what was moved into ``folder`` survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sort(entry: os.DirEntry[str], files: dict[str, int], refused: dict[str, str]) -> None:
    try:
        facts = entry.stat(follow_symlinks=False)
    except FileNotFoundError:  # gone since the directory was read
        return
    if stat.S_ISDIR(facts.st_mode) or entry.name.startswith(".nfs"):  # .nfs…: a deleted file that is still open
        return
    if reason := _refusal(entry.name, facts.st_mode):
        refused[entry.name] = reason
    else:
        files[entry.name] = facts.st_size


def _refusal(name: str, mode: int) -> str | None:
    if stat.S_ISLNK(mode):
        return "it is a symbolic link, and only regular files are ingested; transfer the file itself"
    if not stat.S_ISREG(mode):
        return "it is not a regular file"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8; rename it"
    if _CONTROL.search(name):
        return "its name has control characters; rename it"
    return None
