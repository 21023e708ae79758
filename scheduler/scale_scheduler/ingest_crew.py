"""The threads that ingest: one whose files do not answer is left alone, and another one takes its place."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scale_core.services.executions import SystemTask


@dataclass(frozen=True, slots=True)
class Batch:
    """Work on files that are in, and go to, the same folders of this machine.

    :param folders: those that could hang by themselves: of the files, and of workspaces.
    :param ingest_ids: of the ingests whose files they are.
    :param release: gives the tasks of those, which are another's then.
    """

    folders: Sequence[str]
    ingest_ids: Sequence[int]
    work: Callable[[], None]
    release: Callable[[], list[SystemTask]]


class Worker:
    """What one thread works on, batch after batch; its methods are called by itself, but for :meth:`silent_on` and
    :meth:`lose`."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._batches: deque[Batch] = deque()
        self._now: tuple[Batch, float] | None = None
        self.is_moving = False
        """Whether it moves a single file."""
        self.is_lost = False
        """Whether another thread has taken its place: it ends when it can."""

    def take(self, batches: Iterable[Batch]) -> None:
        """Have batches to do."""
        with self._lock:
            self._batches.extend(batches)

    def next(self) -> Batch | None:
        """Tell that the batch before is done. The next one; None: there is none, or it is another thread's now."""
        with self._lock:
            batch = self._batches.popleft() if self._batches else None
            self._now = None if batch is None else (batch, self._monotonic())
            return batch

    def stop_work(self) -> None:
        """Tell that the batch broke off, and the others are not done."""
        with self._lock:
            self._batches.clear()
            self._now = None

    def silent_on(self) -> tuple[Batch, float] | None:
        """The batch that is under way, and for how many seconds."""
        with self._lock:
            return None if self._now is None else (self._now[0], self._monotonic() - self._now[1])

    def lose(self, batch: Batch) -> list[Batch] | None:
        """Give it up, if it still works on ``batch``: the batches that it has not begun. None: it does not."""
        with self._lock:
            if self._now is None or self._now[0] is not batch:
                return None
            self.is_lost = True
            left = list(self._batches)
            self._batches.clear()
            return left


class Crew:
    """So many threads that work, each with a :class:`Worker`.

    :param work: what each does, until it ends or is lost.
    """

    def __init__(
        self, number: int, work: Callable[[Worker], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._work = work
        self._monotonic = monotonic
        self._number = number
        self._lock = threading.Lock()
        self._threads: dict[Worker, threading.Thread] = {}

    def fill_up(self) -> None:
        """Start as many threads as are missing, in place of those that are lost."""
        with self._lock:
            self._threads = {one: thread for one, thread in self._threads.items() if not one.is_lost}
            while len(self._threads) < self._number:
                worker = Worker(self._monotonic)
                name = f"ingest-{len(self._threads)}"
                thread = self._threads[worker] = threading.Thread(
                    target=self._work, args=(worker,), name=name, daemon=True
                )
                thread.start()

    def workers(self) -> list[Worker]:
        """Those that are not lost."""
        with self._lock:
            return [one for one in self._threads if not one.is_lost]

    def join(self, timeout_seconds: float) -> None:
        """Wait for the end of those that are not lost."""
        deadline = time.monotonic() + timeout_seconds
        with self._lock:
            threads = [thread for one, thread in self._threads.items() if not one.is_lost]
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
