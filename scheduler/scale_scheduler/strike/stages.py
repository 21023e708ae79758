"""Steps of work that follow upon each other, each done by a thread of its own: while one does the third step of a
group, another does the second of the next."""

import threading
import time
from collections.abc import Callable
from queue import Full, Queue
from typing import Generic, Self, TypeVar

T = TypeVar("T")

AHEAD = 1
"""Groups that wait for a step, at most. Whoever has more waits with them, and may find by then that they are larger."""


class Stages(Generic[T]):
    """Does steps with groups; use it as a context.

    :param name: of the threads.
    :param steps: each makes of a group what the next one is given. Where one raises anything, that is the end of that
        group.
    :param end_seconds: how long the end waits for what is under way.
    """

    def __init__(
        self,
        name: str,
        *steps: Callable[[T], T],
        end_seconds: float,
    ) -> None:
        self._end_seconds = end_seconds
        self._queues: list[Queue[T | None]] = [Queue(AHEAD) for _ in steps]
        self._threads = [
            threading.Thread(target=self._work, args=(place, step), name=f"{name}-{place}", daemon=True)
            for place, step in enumerate(steps, 1)
        ]
        self.error: Exception | None = None
        """What was raised last: whoever puts groups has to look."""
        self.under_way = 0
        """Groups that were put and have not come to their end."""
        self._counting = threading.Lock()

    def __enter__(self) -> Self:
        """Start the threads."""
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Wait for what is under way, but not too long."""
        deadline = time.monotonic() + self._end_seconds
        try:
            self._queues[0].put(None, timeout=self._end_seconds)
        except Full:
            return
        for one in self._threads:
            one.join(max(0.0, deadline - time.monotonic()))

    def put(self, group: T) -> None:
        """Have the steps done; wait where too many groups do."""
        self._count(1)
        self._queues[0].put(group)

    def _count(self, more: int) -> None:
        with self._counting:
            self.under_way += more

    def _work(self, place: int, step: Callable[[T], T]) -> None:
        coming = self._queues[place - 1]
        going = self._queues[place] if place < len(self._queues) else None
        while (group := coming.get()) is not None:
            try:
                done = step(group)
            except Exception as error:  # noqa: BLE001 - it is raised where somebody can see to it
                self.error = error
                self._count(-1)
            else:
                if going is None:
                    self._count(-1)
                else:
                    going.put(done)
        if going is not None:
            going.put(None)
