"""How often it is recorded how far an ingest is."""

import pytest
from sqlalchemy.exc import OperationalError

from scale_scheduler.ingest_progress import TELL_SECONDS, Progress


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_progress_is_recorded_once_a_while_and_not_for_what_takes_less() -> None:
    recorded: list[int] = []
    clock = Clock()
    progress = Progress(recorded.append, clock)
    for step in range(10):
        progress(step)
        clock.now += TELL_SECONDS / 4
    assert recorded == [4, 8]


@pytest.mark.parametrize("trouble", [OperationalError("UPDATE", {}, Exception("database is locked"))])
def test_a_database_that_does_not_take_it_does_not_stop_the_ingest(trouble: Exception) -> None:
    clock = Clock()
    calls: list[int] = []

    def fail(done: int) -> None:
        calls.append(done)
        raise trouble

    progress = Progress(fail, clock)
    clock.now += TELL_SECONDS
    progress(1)
    progress(2)
    assert calls == [1]
