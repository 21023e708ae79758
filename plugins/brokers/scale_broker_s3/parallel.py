"""Doing some things at once, but not too many."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_order(work: Callable[[T], R], things: Iterable[T], at_once: int) -> Iterator[R]:
    """The results of ``work`` on each of the things, in order. So many are worked on or wait to be taken at once.

    What an item's work raises is raised here, after the rest of what was begun has ended.
    """
    with ThreadPoolExecutor(at_once, "s3") as pool:
        under_way: deque[Future[R]] = deque()
        try:
            for thing in things:
                if len(under_way) >= at_once:
                    yield under_way.popleft().result()
                under_way.append(pool.submit(work, thing))
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()
