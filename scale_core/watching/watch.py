"""The loop that watches a directory."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from scale_core.storage.mounts import is_network, mounted
from scale_core.watching.changes import changes
from scale_core.watching.directory import WatchedDirectory
from scale_core.watching.looks import Looks, Progress
from scale_core.watching.moving import take
from scale_core.watching.recorder import Prompt, Recorder, Stop
from scale_core.watching.records import WatchOrder
from scale_core.watching.tracker import Move, Stopped, Tracker

log = logging.getLogger(__name__)

REVISION_SECONDS: Final = 1.0
"""How often it is looked whether the Strike process was edited."""


class Observer(Protocol):
    """Is told how a watch goes on."""

    def lives(self, root: Path) -> None:
        """Called again and again while the directory answers."""

    def succeeded(self) -> None:
        """Called after each look that was whole."""

    def progress(self, message: str) -> None:
        """Called with how far a look is that takes long."""

    def is_current(self, order: WatchOrder) -> bool:
        """Whether the Strike process is as it was; asked about every :data:`REVISION_SECONDS`."""


def watch_directory(
    directory: WatchedDirectory,
    order: WatchOrder,
    recorder: Recorder,
    observer: Observer,
    stop: Stop,
    prompt: Prompt,
    move: Move = take,
    *,
    poll: bool | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Watch until stopped, or until the Strike process or what is mounted there changes.

    :param directory: entered already.
    :param poll: whether to look instead of listening; None: as the file system needs.
    :raises OSError: the directory cannot be read, or files in it cannot be moved.
    """
    root, is_recursive = directory.root, order.configuration.recursive
    poll = is_network(root.resolve(), mounted()) if poll is None else poll
    progress = Progress(order.name, observer.progress, stop)
    tracker = Tracker(recorder, order, directory, prompt, move, progress.goes_on)
    identity = directory.identity()
    events = changes(root, stop, poll=poll)
    recorder.watches(order)
    tracker.recover()
    log.info("Strike %r watches %s", order.name, root, extra={"strike_id": order.strike_id})
    looks, checked = Looks(is_recursive=is_recursive), monotonic()
    for changed in events:
        observer.lives(root)
        prompt.check()
        if looks.is_due(changed=changed, unsettled=tracker.unsettled, due=tracker.due):
            with looks.timed(), suppress(Stopped):
                tracker.look()
                observer.succeeded()
        if monotonic() - checked >= REVISION_SECONDS:
            checked = monotonic()
            if directory.identity() != identity or not observer.is_current(order):
                return
