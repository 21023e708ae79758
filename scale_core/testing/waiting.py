"""Waiting for what other threads and processes do at their own time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SECONDS = 120.0
"""Met by what hangs alone, however busy the machine."""


def until(
    look: Callable[[], T],
    holds: Callable[[T], object] = bool,
    *,
    seconds: float = SECONDS,
    pause: float = 0.01,
    told: Callable[[], object] | None = None,
) -> T:
    """What ``look`` gives, once that ``holds``; without it, once it is true.

    :param pause: seconds from one look to the next.
    :param told: further things that a failure should tell.
    :raises AssertionError: it does not come to hold; tells what was seen last.
    """
    deadline = time.monotonic() + seconds
    while not holds(found := look()):
        if time.monotonic() > deadline:
            more = "" if told is None else f"\n{told()}"
            raise AssertionError(f"still not after {seconds:g} s; last seen: {found!r}{more}")
        time.sleep(pause)
    return found
