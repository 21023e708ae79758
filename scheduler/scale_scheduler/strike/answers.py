"""The thread that answers what watchers on nodes ask: what they tell is recorded there, not between two placements."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from scale_core.services.context import Context
from scale_core.services.node_strikes import NodeStrikeService
from scale_core.watching.messages import Asks, Question, decode_question, encode_answer

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0
"""How often it is looked who is silent."""

SILENT_SECONDS: Final = 60.0
"""A watcher asks something every few seconds; after so many, something is wrong with its directory or its node."""


class WatcherAnswers:
    """Answers from :meth:`open` on until it is closed. A watcher asks one question at a time, so only the last one of
    each is kept; one that cannot be answered now is asked again.

    :param answer: is given an execution's id and the answer to what it asked; returns at once.
    :param clock_asked: is given what the clock asks, which takes as long as what is due; returns at once.
    :param monotonic: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        context: Context,
        answer: Callable[[int, bytes], None],
        clock_asked: Callable[[int, Question], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = NodeStrikeService(context)
        self._answer = answer
        self._clock_asked = clock_asked
        self._monotonic = monotonic
        self._questions: dict[int, bytes] = {}
        self._heard: dict[int, float] = {}
        self._silent: set[int] = set()
        self._changed = threading.Condition()
        self._is_ending = False
        self._thread = threading.Thread(target=self._work, name="watcher-answers", daemon=True)

    def open(self) -> None:
        """Start the thread; nothing if it is started."""
        if self._thread.ident is None:
            self._thread.start()

    def asked(self, execution_id: int, question: bytes) -> None:
        """Take a question; from any thread."""
        with self._changed:
            self._questions[execution_id] = question
            self._heard[execution_id] = self._monotonic()
            self._changed.notify()

    def ask_to_end(self) -> None:
        """Answer no others; returns at once."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()

    def close(self, timeout_seconds: float) -> None:
        """Wait for what is being recorded; what was not answered is asked again after the next start."""
        self.ask_to_end()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def work_once(self, seconds: float) -> None:
        """Answer the question that has waited for longest, if one comes within so many seconds; else see who is
        silent."""
        asked = self._next(seconds)
        try:
            if asked is None:
                self._note_silent()
            else:
                self._answer_one(*asked)
        except Exception:  # the thread must outlive whatever the database does, or a watcher says
            log.exception("A watcher cannot be answered; it asks again")

    def _work(self) -> None:
        while not self._is_ending:
            self.work_once(LOOK_SECONDS)

    def _next(self, seconds: float) -> tuple[int, bytes] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_ending or self._questions, seconds)
            if self._is_ending or not self._questions:
                return None
            execution_id = next(iter(self._questions))
            return execution_id, self._questions.pop(execution_id)

    def _answer_one(self, execution_id: int, data: bytes) -> None:
        question = decode_question(data)
        if question.asks == Asks.TICK:
            self._heard.pop(execution_id, None)  # it is not a Strike that is silent then
            self._clock_asked(execution_id, question)
            return
        answer = self._service.answer(execution_id, question)
        if answer.over is not None:
            self._heard.pop(execution_id, None)
        elif execution_id in self._silent:
            self._service.heard(execution_id)
        self._silent.discard(execution_id)
        self._answer(execution_id, encode_answer(answer))

    def _note_silent(self) -> None:
        """Show on Strikes that nothing is heard of those who watch for them."""
        latest = self._monotonic() - SILENT_SECONDS
        for execution_id in [one for one, heard in list(self._heard.items()) if heard <= latest]:
            if execution_id in self._silent:
                continue
            if self._service.silent(execution_id, SILENT_SECONDS):
                self._silent.add(execution_id)
            else:
                self._heard.pop(execution_id, None)
