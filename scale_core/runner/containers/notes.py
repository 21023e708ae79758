"""Notes of the containers that there may be, so that none outlives the process that ran it.

Containers are not children of the worker that has them run: if it is killed, they go on. Therefore a worker first makes
a file ``.containers/<execution id>`` in the folder of executions, which it holds locked until the container is removed.
A file that nobody holds stands for a container that nobody looks after.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FOLDER: Final = ".containers"


class Note:
    """A container that there may be; this process looks after it until it closes the note, or ends."""

    def __init__(self, path: Path, name: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self.name = name
        """What the container is called."""

    def remove(self) -> None:
        """Note that the container is gone."""
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Look after it no longer."""
        os.close(self._descriptor)


class ContainerNotes:
    """The notes of one node agent.

    :param executions: its folder of executions.
    """

    def __init__(self, executions: Path) -> None:
        self._folder = executions / FOLDER
        self._prefix = f"scale-{hashlib.sha256(os.fsencode(executions)).hexdigest()[:16]}-"

    def any(self) -> bool:
        """Whether there are notes."""
        try:
            with os.scandir(self._folder) as entries:
                return next(entries, None) is not None
        except FileNotFoundError:
            return False

    @contextlib.contextmanager
    def take(self, execution_id: int) -> Iterator[Note]:
        """Note a container that is about to be made; it is looked after until the end of the block.

        :raises OSError: it cannot be noted.
        """
        self._folder.mkdir(exist_ok=True)
        note = self._open(str(execution_id), os.O_CREAT)
        try:
            fcntl.flock(note._descriptor, fcntl.LOCK_EX)
            yield note
        finally:
            note.close()

    def left(self) -> Iterator[Note]:
        """The containers that nobody looks after, each of which is looked after here while it is dealt with."""
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.iterdir()):
            try:
                note = self._open(path.name, 0)
            except FileNotFoundError:  # another process has dealt with it
                continue
            try:
                fcntl.flock(note._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield note
            except BlockingIOError:
                continue
            finally:
                note.close()

    def _open(self, name: str, flags: int) -> Note:
        path = self._folder / name
        return Note(path, self._prefix + name, os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600))
