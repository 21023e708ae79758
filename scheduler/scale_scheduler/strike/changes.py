"""Waiting for something to change in a directory."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import watchfiles
from watchfiles._rust_notify import WatchfilesRustInternalError

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
"""How long a waiting watch goes without a look around."""

POLL_SECONDS = 0.3
"""How often a directory is looked at that does not tell of its changes."""

# Of a burst of changes, the first is told after this much silence, or this much time.
_SILENCE_MS = 10
_BURST_MS = 30


def changes(directory: Path, stop: threading.Event, *, poll: bool) -> Iterator[bool]:
    """Yield True when the directory may have changed, False about every :data:`TICK_SECONDS` when it has not.

    What changes before the first value may be told or not: look at the directory after it.

    :param poll: look instead of listening.
    """
    if not poll:
        try:
            yield from _listening(directory, stop)
        except (OSError, WatchfilesRustInternalError) as error:
            log.warning("%s does not tell of its changes (%s); looking every %g s", directory, error, POLL_SECONDS)
    yield from _looking(stop)


def _looking(stop: threading.Event) -> Iterator[bool]:
    while not stop.wait(POLL_SECONDS):
        yield True


def _listening(directory: Path, stop: threading.Event) -> Iterator[bool]:
    for changed in watchfiles.watch(
        directory,
        watch_filter=None,
        debounce=_BURST_MS,
        step=_SILENCE_MS,
        stop_event=stop,
        rust_timeout=int(TICK_SECONDS * 1000),
        yield_on_timeout=True,
        raise_interrupt=False,
        force_polling=False,
        recursive=False,
    ):
        yield bool(changed)
