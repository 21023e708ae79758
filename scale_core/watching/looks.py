"""When a Strike process looks at its directory, and what it tells of a look that takes long."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from scale_core.watching.recorder import Stop

log = logging.getLogger(__name__)

RESCAN_SECONDS: Final = 5.0
"""How often a directory is looked at though it told of nothing."""

FOLDERS_SECONDS: Final = 1.0
"""The same where its folders are watched, which do not tell."""

REST: Final = 4.0
"""How many times as long as the last look lasted a directory is left alone that did not tell of a change."""

FOLDERS_REST: Final = 20.0
"""The same where all folders are walked through."""

TELL_SECONDS: Final = 2.0
"""How often it is told how far a look is."""


class Looks:
    """Says when to look.

    :param is_recursive: whether folders of the directory are watched.
    """

    def __init__(self, *, is_recursive: bool, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._often = FOLDERS_SECONDS if is_recursive else RESCAN_SECONDS
        self._rest = FOLDERS_REST if is_recursive else REST
        self._ended: float | None = None
        self._lasted = 0.0

    def is_due(self, *, changed: bool, unsettled: bool, due: float | None) -> bool:
        """Whether to look now.

        :param changed: the directory told that something happened.
        :param unsettled: the last look left something that may end without a change.
        :param due: when (monotonic) something is to be looked at; None: nothing is.
        """
        if changed or self._ended is None:
            return True
        now = self._monotonic()
        if now - self._ended < self._lasted * self._rest:
            return False
        return unsettled or (due is not None and now >= due) or now - self._ended >= self._often

    @contextmanager
    def timed(self) -> Iterator[None]:
        """A look."""
        began = self._monotonic()
        yield
        self._ended = self._monotonic()
        self._lasted = self._ended - began


class Progress:
    """Tells how far a look is that takes long.

    :param name: of the Strike process.
    :param note: shows it on the job execution.
    :param stop: set when Scale ends.
    """

    def __init__(
        self,
        name: str,
        note: Callable[[str], None],
        stop: Stop,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._note = note
        self._stop = stop
        self._monotonic = monotonic
        self._told = monotonic()
        self._before = 0

    def goes_on(self, found: int, taken: int) -> bool:
        """Take how many files a look has found and handed on so far; whether it is to go on."""
        now = self._monotonic()
        if found < self._before:
            self._told = now
        self._before = found
        if now - self._told >= TELL_SECONDS:
            self._told = now
            message = f"It takes in what is there: {found:,} files found so far, {taken:,} of them handed on."
            log.info("Strike %r: %s", self._name, message)
            self._note(message)
        return not self._stop.is_set()
