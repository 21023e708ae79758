"""The clock on a node: what is due is fired when it asks; one that is silent is given up (decision 0060)."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from scale_core.services.context import Context
from scale_core.services.node_clocks import NodeClockService
from scale_core.watching.messages import Answer, Question, encode_answer
from scale_scheduler.clock import Clock

log = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS: Final = 60.0
"""How long a node waits between two questions, at most."""

SILENT_SECONDS: Final = LONGEST_WAIT_SECONDS + 30.0
"""A node asks again every few seconds until it is answered; after so long it is cut off, or has not begun."""

SILENT: Final = f"Nothing has been heard for {SILENT_SECONDS:g} s of the node that keeps the time; another one does."


class NodeClock:
    """Ticks when the node that keeps the time asks, in a thread of its own: what is due may take a while, and watchers
    have questions too. What is asked meanwhile is left unanswered, for it is asked again.

    A question that is asked twice fires nothing twice: what is due is decided by this machine's clock, in the
    transaction that fires it.

    :param answer: is given an execution's id and the answer to what it asked; returns at once.
    :param monotonic: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        context: Context,
        clock: Clock,
        answer: Callable[[int, bytes], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = NodeClockService(context)
        self._clock = clock
        self._answer = answer
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._keeper: int | None = None
        self._heard = 0.0
        self._thread: threading.Thread | None = None
        self._is_busy = self._is_ending = False

    def asked(self, execution_id: int, question: Question) -> None:
        """Tick, unless that is being done; from any thread."""
        with self._lock:
            if execution_id == self._keeper:
                self._heard = self._monotonic()
            if self._is_ending or self._is_busy:
                return
            self._is_busy = True
            self._thread = threading.Thread(
                target=self._answer_one, args=(execution_id, question), name="clock-answer", daemon=True
            )
            self._thread.start()

    def silent(self) -> int | None:
        """The execution that keeps the time on a node and has not been heard of for long; None: there is none.

        :raises SQLAlchemyError: the database is in trouble.
        """
        keeper = self._service.keeper()
        with self._lock:
            if keeper != self._keeper:
                self._keeper, self._heard = keeper, self._monotonic()
            return keeper if self._monotonic() - self._heard >= SILENT_SECONDS else None

    def ask_to_end(self) -> None:
        """Answer nothing any more; returns at once."""
        with self._lock:
            self._is_ending = True

    def close(self, timeout_seconds: float) -> None:
        """Wait for what is being fired; what was not answered is asked again after the next start."""
        self.ask_to_end()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _answer_one(self, execution_id: int, question: Question) -> None:
        try:
            self._answer(execution_id, encode_answer(self._ticked(execution_id, question)))
        except Exception:  # whatever the database or an engine does, it is asked again
            log.exception("The clock cannot be answered; it asks again", extra={"execution_id": execution_id})

    def _ticked(self, execution_id: int, question: Question) -> Answer:
        try:
            over = self._service.why_over(execution_id, question)
            wait = None if over is not None else self._clock.tick()
            return Answer(question.number, wait, over)
        finally:
            # Before the answer, for the next question may be there right after it; once, for it is the next one's then.
            with self._lock:
                self._is_busy = False
