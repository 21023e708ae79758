"""One scheduler at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scale_core.settings import SettingsError

LOCK_FILE = "scheduler.lock"


@contextmanager
def only_scheduler(data_dir: Path) -> Iterator[None]:
    """Keep other schedulers away from ``data_dir``: a second one would take what the first runs for left over.

    The lock ends with the process, however it ends.

    :raises SettingsError: another scheduler has it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(
                f"data_dir: another scheduler runs on {data_dir.absolute()}. Stop it, or choose another folder."
            ) from error
        yield
    finally:
        os.close(descriptor)
