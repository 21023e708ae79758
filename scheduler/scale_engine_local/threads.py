"""Threads that are started when they are needed and kept for the next time."""

import queue
import threading
from collections.abc import Callable

Task = Callable[[], None]


class WarmThreads:
    """Runs each task at once in a thread of its own, a waiting one if there is one. Tasks do not raise."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._threads: list[threading.Thread] = []

    def submit(self, task: Task) -> None:
        """Run ``task``."""
        with self._lock:
            if self._waiting:
                self._waiting -= 1
            else:
                thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads) + 1}", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._tasks.put(task)

    def stop(self) -> None:
        """End the threads once their tasks are done; does not wait for them."""
        with self._lock:
            threads, self._threads, self._waiting = self._threads, [], 0
        for _ in threads:
            self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
            with self._lock:
                self._waiting += 1
