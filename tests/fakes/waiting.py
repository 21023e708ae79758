"""Waiting for what other threads and processes do at their own time."""

import threading
from collections.abc import Callable

from scale_core.testing.waiting import SECONDS, until

__all__ = ["SECONDS", "join", "until", "until_equal"]


def until_equal(look: Callable[[], object], expected: object) -> None:
    """Wait until ``look`` gives what is expected.

    :raises AssertionError: it does not; tells what it gave last.
    """
    until(look, lambda found: found == expected, told=lambda: f"expected: {expected!r}")


def join(thread: threading.Thread) -> None:
    """Wait until a thread has ended.

    :raises AssertionError: it does not end.
    """
    thread.join(SECONDS)
    assert not thread.is_alive(), f"{thread.name} does not end"
