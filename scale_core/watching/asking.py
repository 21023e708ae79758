"""Asking Scale from a node, until there is an answer."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from scale_core.watching.messages import Asks, Question, decode_answer, encode_question
from scale_core.watching.mounts import WatchUnavailable

AGAIN_SECONDS: Final = 5.0
"""After how long a question is asked again that was not answered."""

PATIENCE_SECONDS: Final = 60.0
"""How long an answer is waited for. A watcher that gets none lets go of its directory: another may have to watch it."""


class WatchEnded(Exception):
    """The watcher is to end; the message says why."""


class Line(Protocol):
    """What carries questions to Scale, and answers back; either may get lost, or come twice."""

    def canceled(self) -> bool:
        """Whether the watcher is to end now."""

    def ask(self, question: bytes) -> None:
        """Ask."""

    def answer(self, seconds: float) -> bytes | None:
        """The next answer that comes within so many seconds; None: none does, or the watcher is to end."""


class Asking:
    """Asks one question after the other.

    :param monotonic: seconds of a clock that never goes back.

    ``revision`` is when the Strike process was last edited, as far as the last answer tells; ``heard`` when that came.
    """

    def __init__(self, line: Line, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._line = line
        self._monotonic = monotonic
        self._number = 0
        self._given: Any = None
        self.revision = datetime.min.replace(tzinfo=UTC)
        self.heard = monotonic()

    def ask(self, asks: Asks, about: Any = None) -> Any:
        """The answer to a question.

        :raises WatchEnded: the watcher is to end.
        :raises WatchUnavailable: there is none.
        """
        self._number += 1
        question = encode_question(Question(self._number, asks, about))
        deadline = self._monotonic() + PATIENCE_SECONDS
        while self._monotonic() < deadline:
            self._line.ask(question)
            again = min(deadline, self._monotonic() + AGAIN_SECONDS)
            while (left := again - self._monotonic()) > 0:
                data = self._line.answer(left)
                if self._line.canceled():
                    raise WatchEnded("The execution was canceled.")
                if data is not None and self._is_answer(data):
                    return self._given
        raise WatchUnavailable(f"Scale has not answered for {PATIENCE_SECONDS:g} s. What arrives waits until it does.")

    def _is_answer(self, data: bytes) -> bool:
        """Whether it is the answer that is waited for, and not one to an earlier question.

        :raises WatchEnded: it says that the watcher is to end.
        :raises WatchUnavailable: it says why there is no answer.
        """
        one = decode_answer(data)
        if one.over is not None:
            raise WatchEnded(one.over)
        if one.number != self._number:
            return False
        self.revision, self.heard = one.revision or self.revision, self._monotonic()
        if one.trouble is not None:
            raise WatchUnavailable(one.trouble)
        self._given = one.answer
        return True
