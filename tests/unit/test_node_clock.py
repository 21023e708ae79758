"""How the clock on a node goes on."""

import os
import select
from collections.abc import Iterator

import pytest

from fakes.takers import Control
from scale_core.runner.clock import CANCELED, NodeClock
from scale_core.runner.failures import StepFailed
from scale_core.watching import asking
from scale_core.watching.messages import Answer, Asks, decode_question, encode_answer

LONGEST = 60.0


class Wire(Control):
    """Answers the questions of a clock as a test says: a wait, an end, trouble, or nothing (None). ``time`` is when it
    is; it passes by waiting. When nothing is left to answer the execution is canceled."""

    def __init__(self, *answers: Answer | float | None) -> None:
        super().__init__()
        self.time = 0.0
        self.asked: list[tuple[int, float]] = []
        self._answers = list(answers)
        self._answer: bytes | None = None
        self._descriptor = os.eventfd(0)

    def fd(self) -> int:
        return self._descriptor

    def canceled(self) -> bool:
        return bool(select.select([self._descriptor], [], [], 0)[0])

    def ask(self, question: bytes) -> None:
        one = decode_question(question)
        assert one.asks == Asks.TICK
        self.asked.append((one.number, self.time))
        if not self._answers:
            os.eventfd_write(self._descriptor, 1)
            return
        given = self._answers.pop(0)
        if isinstance(given, Answer):
            self._answer = encode_answer(given)
        else:
            self._answer = None if given is None else encode_answer(Answer(one.number, given))

    def answer(self, seconds: float) -> bytes | None:
        assert seconds > 0
        if self._answer is None:
            self.time += seconds
        return self._answer

    def close(self) -> None:
        os.close(self._descriptor)


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    made: list[Wire] = []
    yield made
    for one in made:
        one.close()


def kept(wire: Wire, wires: list[Wire], longest: float = LONGEST) -> str:
    """What a clock says as it ends, whose waits pass at once."""
    wires.append(wire)
    clock = NodeClock(longest, wire, lambda: wire.time)

    def wait(seconds: float) -> bool:
        wire.time += seconds
        return wire.canceled()

    clock._stop.wait = wait  # type: ignore[method-assign, assignment]
    return clock.keep()


def test_it_asks_at_once_and_then_after_as_long_as_it_is_told(wires: list[Wire]) -> None:
    wire = Wire(30.0, 0.5, 60.0)
    with pytest.raises(StepFailed, match=CANCELED):
        kept(wire, wires)
    assert wire.asked == [(1, 0.0), (2, 30.0), (3, 30.5), (4, 90.5)]


def test_it_never_waits_longer_than_its_plan_says_nor_less_than_nothing(wires: list[Wire]) -> None:
    wire = Wire(3600.0, -5.0)
    with pytest.raises(StepFailed, match=CANCELED):
        kept(wire, wires, longest=10.0)
    assert [when for _number, when in wire.asked] == [0.0, 10.0, 10.0]


def test_a_question_without_an_answer_is_asked_again_as_it_is(wires: list[Wire]) -> None:
    wire = Wire(None, None, 60.0)
    with pytest.raises(StepFailed, match=CANCELED):
        kept(wire, wires)
    again = asking.AGAIN_SECONDS
    assert wire.asked == [(1, 0.0), (1, again), (1, 2 * again), (2, 2 * again + 60.0)]


def test_where_nobody_answers_for_long_it_goes_on_asking(wires: list[Wire]) -> None:
    tries = int(asking.PATIENCE_SECONDS / asking.AGAIN_SECONDS)
    wire = Wire(*[None] * (tries + 1), 60.0)
    with pytest.raises(StepFailed, match=CANCELED):
        kept(wire, wires)
    numbers = [number for number, _when in wire.asked]
    assert numbers == [1] * tries + [2] * 2 + [3]


def test_trouble_with_an_answer_is_tried_again_after_pauses_that_grow(wires: list[Wire]) -> None:
    wire = Wire(Answer(1, trouble="no database"), Answer(2, trouble="no database"), 60.0)
    with pytest.raises(StepFailed, match=CANCELED):
        kept(wire, wires)
    assert [when for _number, when in wire.asked] == [0.0, 0.5, 1.5, 61.5]


def test_it_ends_when_it_is_told_that_it_does_not_run_any_more(wires: list[Wire]) -> None:
    assert kept(Wire(60.0, Answer(2, over="Another one does.")), wires) == "Another one does."
