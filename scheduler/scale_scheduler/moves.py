"""The thread that moves source files where parse results want them: storage may be slow, and the scheduler must not."""

import logging
import threading
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from scale_core.db.troubles import is_passing, said
from scale_core.services.context import Context
from scale_core.services.moves import asked_moves, finish_move
from scale_scheduler.backoff import Backoff

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0
"""How often it is looked for moves that nobody told of: a commit may have happened whose answer was lost."""


class Moves:
    """Carries out the moves that are written down, from :meth:`open` on until it is closed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stopping = threading.Event()
        self._stuck: set[int] = set()
        self._thread = threading.Thread(target=self._work, name="moves", daemon=True)

    def open(self) -> None:
        """Start the thread, with the moves that an earlier process left; nothing if it is started."""
        if self._thread.ident is None:
            self._thread.start()

    def ask_to_end(self) -> None:
        """Begin no other move; returns at once."""
        self._stopping.set()
        self._context.moves_asked.set()

    def close(self, timeout_seconds: float) -> None:
        """Wait for the move that is under way, if there is one; what is left is done at the next start."""
        self.ask_to_end()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def _work(self) -> None:
        backoff = Backoff(longest=LOOK_SECONDS)
        while not self._stopping.is_set():
            try:
                self.finish()
            except SQLAlchemyError as error:
                delay = backoff.next()
                log.warning("Files cannot be moved now: %s; trying again in %g s", said(error), delay)
                self._stopping.wait(delay)
            else:
                backoff.reset()
                self._context.moves_asked.wait(LOOK_SECONDS)

    def finish(self) -> None:
        """Carry out what is asked for. What cannot be is logged, and tried again whenever this is called.

        :raises SQLAlchemyError: the database is in trouble.
        """
        for file_id in asked_moves(self._context):
            if self._stopping.is_set():
                return
            try:
                finish_move(self._context, file_id)
            except Exception as error:  # a broker may be broken in any way
                if is_passing(error):
                    raise
                if file_id not in self._stuck:
                    log.exception("File %d cannot be moved; it is tried again", file_id, extra={"file_id": file_id})
                self._stuck.add(file_id)
            else:
                self._stuck.discard(file_id)
