"""Steps that follow upon each other in threads of their own."""

import threading
import time

import pytest

from fakes.waiting import SECONDS, join
from scale_scheduler.strike.stages import Stages


class Steps:
    """Two of them; the second waits for leave."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.done: list[str] = []

    def first(self, group: str) -> str:
        if group == "bad":
            raise OSError("a bad one")
        return group + "1"

    def second(self, group: str) -> str:
        assert self.may_go_on.wait(SECONDS)
        self.done.append(group + "2")
        return group

    def stages(self, end_seconds: float = SECONDS) -> Stages[str]:
        return Stages("test", self.first, self.second, end_seconds=end_seconds)


@pytest.fixture
def steps() -> Steps:
    return Steps()


def test_each_group_goes_through_all_steps_in_order_before_the_end(steps: Steps) -> None:
    steps.may_go_on.set()
    with steps.stages() as stages:
        for name in "abcdefgh":
            stages.put(name)
    assert steps.done == [f"{name}12" for name in "abcdefgh"]
    assert stages.error is None


def test_what_is_under_way_is_counted_until_its_end_be_it_a_bad_one(steps: Steps) -> None:
    with steps.stages() as stages:
        stages.put("a")
        stages.put("bad")
        assert stages.under_way > 0
        steps.may_go_on.set()
    assert stages.under_way == 0


def test_who_has_more_than_a_step_can_do_has_to_wait(steps: Steps) -> None:
    put: list[str] = []

    def put_all() -> None:
        for name in "abcdefgh":
            stages.put(name)
            put.append(name)

    with steps.stages() as stages:
        thread = threading.Thread(target=put_all)
        thread.start()
        thread.join(0.3)
        assert len(put) < 8
        steps.may_go_on.set()
        join(thread)
    assert len(steps.done) == 8


def test_a_step_that_fails_is_told_and_the_next_group_is_done(steps: Steps) -> None:
    steps.may_go_on.set()
    with steps.stages() as stages:
        stages.put("bad")
        stages.put("a")
    assert str(stages.error) == "a bad one"
    assert steps.done == ["a12"]


def test_the_end_does_not_wait_for_ever(steps: Steps) -> None:
    began = time.monotonic()
    with steps.stages(end_seconds=0.1) as stages:
        for name in "abc":
            stages.put(name)
    assert time.monotonic() - began < SECONDS
    assert steps.done == []
    steps.may_go_on.set()
