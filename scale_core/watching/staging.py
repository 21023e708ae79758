"""Copies of files of a bucket that wait on this machine for their ingest."""

import logging
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from scale_core.interfaces.broker import Broker, ContentChanged, FileMissing, ListedFile, PathRefused
from scale_core.watching.directory import sync_folder
from scale_core.watching.recorder import Recorder
from scale_core.watching.records import Arrival, file_name

log = logging.getLogger(__name__)

AT_ONCE: Final = 4
"""Files of a group that are copied at a time."""

MOST_STAGED: Final = 256
MOST_BYTES: Final = 8 << 30
"""Where so many files, or bytes, wait here for their ingest, no others are copied: the disk is not to fill up."""


class Staging:
    """A folder of this machine, which nobody else uses.

    :param broker: of the workspace whose files are copied.
    """

    def __init__(self, folder: Path, broker: Broker) -> None:
        self._folder = folder
        self._broker = broker

    def recover(self, recorder: Recorder) -> None:
        """Make the folder, and remove from it what an earlier process copied and did not come to record."""
        self._folder.mkdir(parents=True, exist_ok=True)
        there = {one.name: str(one) for one in self._folder.iterdir()}
        for name in recorder.unrecorded(there):
            (self._folder / name).unlink()

    def has(self, name: str) -> bool:
        """Whether a copy of that name waits."""
        return os.path.lexists(self._folder / name)

    def has_room(self) -> bool:
        """Whether others may be copied."""
        sizes = [entry.stat(follow_symlinks=False).st_size for entry in _entries(self._folder)]
        return len(sizes) < MOST_STAGED and sum(sizes) < MOST_BYTES

    def copies(self, files: Sequence[ListedFile]) -> list[tuple[ListedFile, Arrival]]:
        """Copy files here, durably; those that are gone again, or cannot be read, are left out.

        :raises BrokerError: the storage cannot be read now.
        """
        with ThreadPoolExecutor(AT_ONCE, "strike-copies") as pool:
            copied = [one for one in pool.map(self._copy, files) if one is not None]
        sync_folder(self._folder)
        return copied

    def _copy(self, file: ListedFile) -> tuple[ListedFile, Arrival] | None:
        target = self._folder / file_name(file)
        try:
            self._broker.retrieve(file.path, target)
        except (ContentChanged, FileMissing, PathRefused) as error:
            log.info("%r is not ingested: %s", file.path, error)
            return None
        descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        return file, Arrival(file_name(file), file.path, str(target), size)


def _entries(folder: Path) -> Iterable[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from entries
