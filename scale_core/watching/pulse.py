"""Signs of life of a thread that works on a folder."""

import time
from collections.abc import Callable
from pathlib import Path


class Pulse:
    """When a thread last showed that it goes on, and which folder it works on; read from any other thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._now: tuple[str | None, float] = (None, monotonic())

    def beat(self, folder: Path | None) -> None:
        """It goes on, and works on ``folder`` next; None: on none."""
        self._now = (None if folder is None else str(folder), self._monotonic())

    def silent_on(self) -> tuple[str, float] | None:
        """The folder that it works on, and for how many seconds without a sign; None: it works on none."""
        folder, beaten = self._now
        return None if folder is None else (folder, self._monotonic() - beaten)
