"""Ingests whose files are in a folder that does not answer: they wait, and take nothing from others."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from scale_core.services.executions import SystemTask
from scale_core.storage.answering import Answering
from scale_scheduler.ingest_crew import Batch, Crew, Worker

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.5
"""How often is looked for threads that wait, and for folders that answer again."""

MOST_ASIDE: Final = 20_000
"""Waiting tasks that leave their places in the pool to others, at most."""


class WaitingRoom:
    """Looks, in a thread, for workers whose folder does not answer, and keeps tasks until theirs does. Thread-safe.

    :param lost: is told of a worker that is given up, the batch that it hangs in, those that it has not begun, and the
        folder that does not answer.
    :param again: takes tasks whose folder answers again.
    """

    def __init__(
        self,
        answering: Answering,
        crew: Crew,
        lost: Callable[[Worker, Batch, Sequence[Batch], str], None],
        again: Callable[[Sequence[SystemTask]], None],
    ) -> None:
        self._answering = answering
        self._crew = crew
        self._lost = lost
        self._again = again
        self._lock = threading.Lock()
        self._lost_with: dict[Worker, int] = {}
        self._tasks: defaultdict[str, list[SystemTask]] = defaultdict(list)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="ingest-waiting", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def end(self) -> None:
        """Look no more; returns at once. What waits is left."""
        self._ended.set()

    def join(self, timeout_seconds: float) -> None:
        """Wait for the end of the thread that looks."""
        self._thread.join(timeout_seconds)

    def folder_to_wait_for(self, folders: Sequence[str]) -> str | None:
        """The one of a batch's folders that is known not to answer, for which the batch has to wait."""
        return next((one for one in folders if self._answering.is_known_to_hang(f"{one}/")), None)

    def keep(self, folder: str, tasks: Sequence[SystemTask]) -> None:
        """Keep tasks until their folder answers."""
        with self._lock:
            self._tasks[folder] += tasks
            number = len(self._tasks[folder])
        if number == len(tasks):
            log.warning("Ingests wait for %s, which does not answer", folder)

    def places_left(self) -> int:
        """How many of the waiting tasks leave their places to others."""
        with self._lock:
            return min(MOST_ASIDE, sum(map(len, self._tasks.values())) + sum(self._lost_with.values()))

    def came_back(self, worker: Worker) -> None:
        """Tell that a worker that was given up has done its batch."""
        with self._lock:
            self._lost_with.pop(worker, None)

    def _look_on(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            try:
                self._look()
            except Exception:  # it must outlive whatever the database does
                log.exception("It cannot be told now which ingests wait")

    def _look(self) -> None:
        for worker in self._crew.workers():
            silence = worker.silent_on()
            if silence is None or silence[1] < self._answering.patience_seconds:
                continue
            batch, _seconds = silence
            hanging = [one for one in batch.folders if self._answering.hangs(one)]
            if hanging:
                self._give_up(worker, batch, hanging[0])
        self._take_up()

    def _give_up(self, worker: Worker, batch: Batch, folder: str) -> None:
        with self._lock:  # before it may come back
            left = worker.lose(batch)
            if left is None:
                return
            self._lost_with[worker] = len(batch.ingest_ids)
        log.error("%s does not answer: %d ingests hang in it", folder, len(batch.ingest_ids))
        self._lost(worker, batch, left, folder)

    def _take_up(self) -> None:
        with self._lock:
            waiting = list(self._tasks)
        for folder in waiting:
            # Both are asked: the one tells of folders above, too.
            if not self._answering.hangs(folder) and self.folder_to_wait_for([folder]) is None:
                with self._lock:
                    tasks = self._tasks.pop(folder)
                log.info("%s answers again: %d ingests go on", folder, len(tasks))
                self._again(tasks)
