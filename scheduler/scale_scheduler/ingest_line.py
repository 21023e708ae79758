"""What waits for the threads that ingest: tasks, to be taken together, and files that are moved one by one."""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from scale_core.intake.orders import IngestOrder
from scale_core.services.executions import SystemTask

GROUP = 500
"""Tasks that are taken together, at most."""


@dataclass(frozen=True, slots=True)
class Moving:
    """A file that is moved by itself, for it is large or its storage is slow.

    :param order: what is to be done with it; None: its ingest has not begun.
    """

    task: SystemTask
    ingest_id: int
    order: IngestOrder | None = None


class Line:
    """Thread-safe. One worker is always free for tasks, one for single files."""

    def __init__(self, workers: int) -> None:
        self._most_moving = max(1, workers - 1)
        self._changed = threading.Condition()
        self._tasks: deque[SystemTask] = deque()
        self._aside: deque[Moving] = deque()
        self._moving = 0
        self._is_closed = False

    def add(self, tasks: Iterable[SystemTask]) -> None:
        """Have tasks taken."""
        with self._changed:
            self._tasks.extend(tasks)
            self._changed.notify()

    def put_aside(self, files: Iterable[Moving]) -> None:
        """Have files moved one by one."""
        with self._changed:
            self._aside.extend(files)
            self._changed.notify_all()

    def take(self) -> list[SystemTask] | Moving | None:
        """Wait for tasks, or for a file to move, which :meth:`moved` is to follow. None: the line is closed."""
        with self._changed:
            while not self._is_closed:
                may_move = self._aside and self._moving < self._most_moving
                if may_move and (not self._tasks or not self._moving):
                    self._moving += 1
                    return self._aside.popleft()
                if self._tasks:
                    return [self._tasks.popleft() for _ in range(min(GROUP, len(self._tasks)))]
                self._changed.wait()
        return None

    def moved(self) -> None:
        """Tell that a file that was taken is moved."""
        with self._changed:
            self._moving -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Give out nothing any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
