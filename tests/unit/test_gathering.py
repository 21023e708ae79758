"""Whether a pass waits for further ends."""

import threading
from pathlib import Path

import pytest

from fakes.engine import FakeEngine, HoldingEngine
from scale_core.interfaces.engine import EngineMode, EngineSettings
from scale_scheduler.gathering import FULL_SECONDS, Gathering


class Clock:
    """Stands still until it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class SubmittingEngine(FakeEngine):
    """An engine that places by itself."""

    mode = EngineMode.SUBMIT


def gathering(engine: type[FakeEngine] = FakeEngine) -> tuple[Gathering, Clock]:
    clock = Clock()
    return Gathering(engine(EngineSettings(Path("/nowhere"))), clock), clock


def test_with_nothing_offered_further_ends_are_waited_for_once_some_were_recorded() -> None:
    ours, clock = gathering()
    ours.passed(recorded=False, offered=False)
    assert ours.seconds_left() == 0
    ours.passed(recorded=True, offered=False)
    assert ours.seconds_left() == pytest.approx(FULL_SECONDS)
    ours.passed(recorded=False, offered=False)  # of something else, and without an effect on when
    clock.now += FULL_SECONDS / 4
    assert ours.seconds_left() == pytest.approx(FULL_SECONDS * 3 / 4)
    clock.now += FULL_SECONDS
    assert ours.seconds_left() == 0


def test_where_something_is_offered_nothing_is_waited_for() -> None:
    ours, _clock = gathering()
    ours.passed(recorded=True, offered=True)
    assert ours.seconds_left() == 0


@pytest.mark.parametrize("engine", [HoldingEngine, SubmittingEngine])
def test_an_engine_that_needs_no_offers_is_not_kept_waiting(engine: type[FakeEngine]) -> None:
    ours, _clock = gathering(engine)
    ours.passed(recorded=True, offered=False)
    assert ours.seconds_left() == 0


def test_an_offer_that_comes_meanwhile_or_came_before_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scale_scheduler.gathering.FULL_SECONDS", 3600.0)
    ours, _clock = gathering()
    ours.begin()
    ours.passed(recorded=True, offered=False)
    waiting = threading.Thread(target=ours.wait)
    waiting.start()
    ours.interrupt()
    waiting.join(30)
    assert not waiting.is_alive()
    ours.wait()  # as an offer that comes while a pass is made has it
