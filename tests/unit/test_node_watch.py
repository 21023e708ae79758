"""How a watch on a node goes on."""

import os
import select
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from fakes.takers import Control
from scale_core.runner.control import ControlStop
from scale_core.runner.watching import PULSE_SECONDS, SETTLE_SECONDS, UNREACHABLE_SECONDS, NodeWatch
from scale_core.watching.messages import Answer, decode_question, encode_answer
from scale_core.watching.records import WatchOrder
from scale_generated.specs.strike import Strike

FIRST, EDITED = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


class AnsweringControl(Control):
    """Answers each question with when the Strike was edited; ``time`` is when it is."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self.revision = FIRST
        self.asked: list[str] = []
        self._descriptor = os.eventfd(0)
        self._answer: bytes | None = None

    def fd(self) -> int:
        return self._descriptor

    def canceled(self) -> bool:
        return self.is_canceled or bool(select.select([self._descriptor], [], [], 0)[0])

    def ask(self, question: bytes) -> None:
        one = decode_question(question)
        self.asked.append(one.asks)
        self._answer = encode_answer(Answer(one.number, revision=self.revision))

    def answer(self, seconds: float) -> bytes | None:
        assert seconds > 0
        return self._answer

    def cancel(self) -> None:
        os.eventfd_write(self._descriptor, 1)

    def close(self) -> None:
        os.close(self._descriptor)


@pytest.fixture
def control() -> Iterator[AnsweringControl]:
    control = AnsweringControl()
    yield control
    control.close()


def order() -> WatchOrder:
    configuration = {"version": "1.0", "mount": "/in", "transfer_suffix": "_tmp", "files_to_ingest": []}
    return WatchOrder(1, "s", Strike.from_document(configuration), FIRST)


def test_scale_is_asked_now_and_then_whether_the_strike_was_edited(control: AnsweringControl) -> None:
    watch = NodeWatch(1, dict, {}, control, lambda: control.time)
    control.time = PULSE_SECONDS
    assert watch.is_current(order())
    assert watch.is_current(order())
    assert len(control.asked) == 1, "an answer holds for a while"
    control.revision = EDITED
    control.time = 2 * PULSE_SECONDS
    assert not watch.is_current(order())


def test_a_watch_begins_anew_once_when_no_earlier_watcher_moves_anything_any_more(control: AnsweringControl) -> None:
    watch = NodeWatch(1, dict, {}, control, lambda: control.time)
    control.time = SETTLE_SECONDS - 1
    assert watch.is_current(order())
    control.time = SETTLE_SECONDS
    assert [watch.is_current(order()) for _ in range(3)] == [False, True, True]


def test_a_wait_ends_when_the_execution_is_to_end(control: AnsweringControl) -> None:
    stop = ControlStop(control)
    assert not stop.wait(0)
    control.cancel()
    assert stop.wait(3600)
    assert stop.is_set()


def test_storage_that_was_reached_is_tried_for_a_while_before_another_node_is(
    control: AnsweringControl,
) -> None:
    watch = NodeWatch(1, dict, {}, control, lambda: control.time)
    assert watch._is_cut_off(), "this node may never reach it"
    watch.succeeded()
    assert not watch._is_cut_off()
    control.time = UNREACHABLE_SECONDS - 1
    assert not watch._is_cut_off()
    watch.succeeded()
    control.time = 10 * UNREACHABLE_SECONDS
    assert not watch._is_cut_off(), "it counts from the first failure"
    control.time = 11 * UNREACHABLE_SECONDS
    assert watch._is_cut_off()
