"""Threads that sleep until a commit gives them something to do."""

import threading
import time
from collections.abc import Callable

from fakes.waiting import SECONDS, join, until
from scale_core.services.context import Wakeup


def run_rounds(wakeup: Wakeup, work: Callable[[], None], ended: threading.Event) -> threading.Thread:
    """A thread that works each time that it is woken."""

    def rounds() -> None:
        while not ended.is_set():
            if wakeup.wait(SECONDS):
                work()

    thread = threading.Thread(target=rounds)
    thread.start()
    return thread


def until_it_sleeps(wakeup: Wakeup) -> None:
    """Wait until the thread has nothing to do."""
    until(lambda: wakeup._sleeps and not wakeup._event.is_set())


def test_who_gives_way_goes_on_when_the_work_is_done() -> None:
    wakeup, ended, done = Wakeup(), threading.Event(), list[str]()

    def work() -> None:
        time.sleep(0.05)
        done.append("work")

    thread = run_rounds(wakeup, work, ended)
    until_it_sleeps(wakeup)
    wakeup.set()
    wakeup.give_way(SECONDS)
    assert done == ["work"]
    ended.set()
    wakeup.set()
    join(thread)


def test_who_gives_way_waits_no_longer_than_it_may() -> None:
    wakeup, ended, goes_on = Wakeup(), threading.Event(), threading.Event()

    def work() -> None:
        goes_on.wait(SECONDS)

    thread = run_rounds(wakeup, work, ended)
    until_it_sleeps(wakeup)
    wakeup.set()
    began = time.monotonic()
    wakeup.give_way(0.01)
    assert time.monotonic() - began < SECONDS
    ended.set()
    goes_on.set()
    wakeup.set()
    join(thread)


def test_nobody_waits_where_nobody_was_woken() -> None:
    wakeup = Wakeup()
    wakeup.set()
    began = time.monotonic()
    wakeup.give_way(SECONDS)
    assert time.monotonic() - began < SECONDS


def test_what_is_asked_while_it_works_is_done_in_a_round_of_its_own() -> None:
    wakeup, ended, rounds = Wakeup(), threading.Event(), list[int]()
    in_work, goes_on = threading.Event(), threading.Event()

    def work() -> None:
        rounds.append(1)
        in_work.set()
        goes_on.wait(SECONDS)

    thread = run_rounds(wakeup, work, ended)
    until_it_sleeps(wakeup)
    wakeup.set()
    assert in_work.wait(SECONDS)
    wakeup.set()
    goes_on.set()
    wakeup.give_way(SECONDS)
    assert len(rounds) == 2
    ended.set()
    wakeup.set()
    join(thread)
