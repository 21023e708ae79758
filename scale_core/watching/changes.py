"""Waiting for something to change in a directory."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

from scale_core.watching.inotify import Bell
from scale_core.watching.recorder import Stop

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
"""How long a waiting watch goes without a look around."""

POLL_SECONDS = 0.3
"""How often a directory is looked at that does not tell of its changes."""

GATHERING_SECONDS = 0.005
"""How long a change is kept to oneself: often it is the first of many."""

BETWEEN_SECONDS = 0.03
"""How long at least from one change that is told to the next: of a file that is written to, there are thousands."""


def changes(directory: Path, stop: Stop, *, poll: bool) -> Iterator[bool]:
    """Yield True when the directory may have changed, False about every :data:`TICK_SECONDS` when it has not.

    What changes before the first value may be told or not: look at the directory after it.

    :param poll: look instead of listening.
    """
    if not poll:
        try:
            yield from _listening(directory, stop)
        except OSError as error:
            log.warning("%s does not tell of its changes (%s); looking every %g s", directory, error, POLL_SECONDS)
    yield from _looking(stop)


def _looking(stop: Stop) -> Iterator[bool]:
    while not stop.wait(POLL_SECONDS):
        yield True


def _listening(directory: Path, stop: Stop) -> Iterator[bool]:
    told = -BETWEEN_SECONDS
    with Bell(directory) as bell:
        while not stop.is_set():
            if bell.wait(TICK_SECONDS):
                stop.wait(max(GATHERING_SECONDS, told + BETWEEN_SECONDS - time.monotonic()))
                told = time.monotonic()
                bell.set()  # before anybody looks, so that what changes meanwhile is told
                yield True
            else:
                yield False
