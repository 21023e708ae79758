"""When a Strike process looks, and what it tells of a look that takes long."""

import threading

from scale_core.watching.looks import FOLDERS_SECONDS, RESCAN_SECONDS, REST, TELL_SECONDS, Looks, Progress


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def look(looks: Looks, time: Time, seconds: float) -> None:
    with looks.timed():
        time.now += seconds


def is_due(looks: Looks, *, changed: bool = False, unsettled: bool = False, due: float | None = None) -> bool:
    return looks.is_due(changed=changed, unsettled=unsettled, due=due)


def test_it_looks_at_once_after_a_change_and_now_and_then_without() -> None:
    time = Time()
    looks = Looks(is_recursive=False, monotonic=time)
    assert is_due(looks)
    look(looks, time, 0.0)
    assert is_due(looks, changed=True)
    assert is_due(looks, unsettled=True)
    assert not is_due(looks)
    time.now += RESCAN_SECONDS
    assert is_due(looks)


def test_folders_are_looked_at_more_often() -> None:
    time = Time()
    looks = Looks(is_recursive=True, monotonic=time)
    look(looks, time, 0.0)
    assert not is_due(looks)
    time.now += FOLDERS_SECONDS
    assert is_due(looks)


def test_what_may_be_whole_by_now_is_looked_at() -> None:
    time = Time()
    looks = Looks(is_recursive=False, monotonic=time)
    look(looks, time, 0.0)
    assert not is_due(looks, due=time.now + 1)
    time.now += 1
    assert is_due(looks, due=time.now)


def test_a_long_look_is_followed_by_a_rest_unless_something_changes() -> None:
    time = Time()
    looks = Looks(is_recursive=False, monotonic=time)
    look(looks, time, 10.0)
    assert not is_due(looks, unsettled=True)
    assert is_due(looks, changed=True)
    time.now += 10.0 * REST
    assert is_due(looks, unsettled=True)


def test_how_far_a_long_look_is_is_told_now_and_then_until_it_is_to_stop() -> None:
    time, told, stop = Time(), list[str](), threading.Event()
    progress = Progress("s", told.append, stop, time)
    assert progress.goes_on(10, 5)
    time.now += TELL_SECONDS
    assert progress.goes_on(20_000, 19_000)
    assert progress.goes_on(20_001, 19_001)
    assert told == ["It takes in what is there: 20,000 files found so far, 19,000 of them handed on."]
    stop.set()
    assert not progress.goes_on(20_002, 19_002)
