"""Telling how far the ingest of a large file is."""

import logging
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)

TELL_SECONDS: Final = 1.0
"""How often it is recorded."""


class Progress:
    """Records the bytes of one file that are stored, now and then; where that fails, the file is stored all the same.

    :param record: takes the bytes, and keeps them.
    """

    def __init__(self, record: Callable[[int], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._record = record
        self._monotonic = monotonic
        self._next = monotonic() + TELL_SECONDS

    def __call__(self, done: int) -> None:
        """Take the bytes that are stored by now."""
        if self._monotonic() < self._next:
            return
        try:
            self._record(done)
        except SQLAlchemyError as error:
            log.info("How far an ingest is cannot be recorded: %s", error)
        self._next = self._monotonic() + TELL_SECONDS
