"""What a watcher on a node asks, and how it waits for answers."""

from collections import deque
from datetime import UTC, datetime

import pytest

from scale_core.watching import asking
from scale_core.watching.asking import Asking, WatchEnded
from scale_core.watching.messages import (
    MOST_BYTES,
    MOST_ITEMS,
    Answer,
    Asks,
    Question,
    decode_answer,
    decode_question,
    encode_answer,
    encode_question,
    portions,
)
from scale_core.watching.mounts import WatchUnavailable

NOW = datetime(2026, 11, 29, 3, 4, 5, 678, tzinfo=UTC)


class Line:
    """Has answers, a list of them for each time that something is asked; ``time`` passes only while it waits."""

    def __init__(self, *answers: list[bytes]) -> None:
        self._coming = deque(answers)
        self._there: deque[bytes] = deque()
        self.asked: list[Question] = []
        self.time = 0.0
        self.is_canceled = False

    def canceled(self) -> bool:
        return self.is_canceled

    def ask(self, question: bytes) -> None:
        self.asked.append(decode_question(question))
        self._there += self._coming.popleft() if self._coming else []

    def answer(self, seconds: float) -> bytes | None:
        if self._there:
            return self._there.popleft()
        self.time += seconds
        return None


def asking_on(line: Line) -> Asking:
    return Asking(line, lambda: line.time)


def test_questions_and_answers_arrive_as_they_were_sent() -> None:
    question = Question(4, Asks.REFUSED, [["/in/caf\udce9", "no text"]], "1.2.3")
    assert decode_question(encode_question(question)) == question
    answer = Answer(4, {"a": [1, "b"]}, None, None, NOW)
    assert decode_answer(encode_answer(answer)) == answer
    assert decode_answer(encode_answer(Answer(1, over="gone"))) == Answer(1, over="gone")


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b"[]", b"3", b'["x", "order", null, "1"]', b"\xff"])
def test_what_is_no_message_is_refused(data: bytes) -> None:
    for decode in (decode_question, decode_answer):
        with pytest.raises(ValueError, match="neither a node's question nor an answer"):
            decode(data)


def test_what_is_asked_at_once_is_bounded_in_number_and_bytes() -> None:
    assert [len(one) for one in portions(range(2 * MOST_ITEMS + 1))] == [MOST_ITEMS, MOST_ITEMS, 1]
    long = "x" * (MOST_BYTES // 3)
    assert [len(one) for one in portions([long] * 5)] == [2, 2, 1]
    assert [len(one) for one in portions(["x" * 2 * MOST_BYTES, "y"])] == [1, 1]
    assert list(portions([])) == []


def test_a_question_is_asked_again_as_it_is_until_it_is_answered() -> None:
    line = Line([], [], [encode_answer(Answer(1, "yes", revision=NOW))])
    asks = asking_on(line)
    assert asks.ask(Asks.ARRIVED, ["a"]) == "yes"
    assert line.asked == [Question(1, Asks.ARRIVED, ["a"])] * 3
    assert (asks.revision, asks.heard) == (NOW, 2 * asking.AGAIN_SECONDS)


def test_an_answer_to_an_earlier_question_is_not_taken_for_one_to_this() -> None:
    line = Line(
        [encode_answer(Answer(1, "first"))], [encode_answer(Answer(1, "first")), encode_answer(Answer(2, "second"))]
    )
    asks = asking_on(line)
    assert [asks.ask(Asks.CURRENT), asks.ask(Asks.CURRENT)] == ["first", "second"]
    assert [one.number for one in line.asked] == [1, 2]


def test_a_watcher_gives_up_where_nobody_answers() -> None:
    line = Line()
    with pytest.raises(WatchUnavailable, match="has not answered for 60 s"):
        asking_on(line).ask(Asks.ORDER)
    assert line.time == asking.PATIENCE_SECONDS
    assert len(line.asked) == asking.PATIENCE_SECONDS / asking.AGAIN_SECONDS


def test_a_watcher_that_is_told_so_ends() -> None:
    with pytest.raises(WatchEnded, match="not any more"):
        asking_on(Line([encode_answer(Answer(9, over="not any more"))])).ask(Asks.ORDER)
    canceled = Line()
    canceled.is_canceled = True
    with pytest.raises(WatchEnded, match="canceled"):
        asking_on(canceled).ask(Asks.ORDER)


def test_what_scale_cannot_answer_is_trouble() -> None:
    with pytest.raises(WatchUnavailable, match="no question 'x'"):
        asking_on(Line([encode_answer(Answer(1, trouble="Scale knows no question 'x'."))])).ask(Asks.ORDER)
