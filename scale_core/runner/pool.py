"""The agent's workers."""

import logging
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import Final

from scale_core.runner.children import end_children, exit_code
from scale_core.runner.frames import CHUNK, Frame, FrameReader, Kind, frame
from scale_core.runner.worker import leaving_process

IDLE_SECONDS: Final = 60.0
"""How long a worker that is not needed is kept."""

END_SECONDS: Final = 2.0
"""How long a worker that was killed is waited for."""

QUICK_SECONDS: Final = 0.02
"""An execution that takes less is short."""

log = logging.getLogger(__name__)


class WorkerProcess:
    """The agent's side of a worker. ``assigned`` is what it runs and then what it is to run next; empty: it has had
    nothing to do since ``idle_since`` (monotonic)."""

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid = pid
        self.line = line
        self.assigned: deque[int] = deque()
        self.idle_since = 0.0
        self.is_asked_back = False
        """Whether it was asked for what it has not begun and has not answered."""

        self.is_quick = False
        """Whether what it ran last took next to no time."""

        self.is_gone = False
        self._busy_since = 0.0
        self._reader = FrameReader()

    def assign(self, launches: list[tuple[int, bytes]]) -> None:
        """Have it run executions after those that it has."""
        if not self.assigned:
            self._busy_since = time.monotonic()
        self.assigned += [execution_id for execution_id, _ in launches]
        self._send(b"".join([frame(Kind.LAUNCH, execution_id, plan) for execution_id, plan in launches]))

    def ended(self, count: int) -> None:
        """Note that ``count`` executions have ended since it was last heard."""
        now = time.monotonic()
        self.is_quick = now - self._busy_since < count * QUICK_SECONDS
        self._busy_since = now

    def ask_back(self) -> None:
        """Ask for what it has not begun."""
        if len(self.assigned) > 1 and not self.is_asked_back:
            self.is_asked_back = True
            self._send(frame(Kind.RETURN))

    def say(self, kind: Kind, execution_id: int, body: bytes) -> None:
        """Tell it something about an execution."""
        self._send(frame(kind, execution_id, body))

    def _send(self, data: bytes) -> None:
        """Workers listen while they run: it does not block for long. That one is gone is noticed when it is heard."""
        try:
            self.line.sendall(data)
        except OSError:
            log.debug("Worker %d is gone.", self.pid)

    def hear(self) -> list[Frame] | None:
        """What it has said; None: it is gone."""
        try:
            data = self.line.recv(CHUNK)
        except OSError:
            return None
        return self._reader.feed(data) if data else None


class WorkerPool:
    """As many workers as executions have run at one time; made when they are needed.

    :param work: what a worker does with its line to the agent.
    :param poller: is told of each worker's line.
    :param spared: gives the ids of this process's other children, which outlive workers.
    """

    def __init__(
        self, work: Callable[[socket.socket], None], poller: "select.epoll", spared: Callable[[], Collection[int]]
    ) -> None:
        self._work = work
        self._poller = poller
        self._spared = spared
        self._undead: set[int] = set()
        """Workers that were killed and have not ended: the kernel keeps what hangs in some file systems."""
        self._by_fd: dict[int, WorkerProcess] = {}
        self._idle: list[WorkerProcess] = []

    def run(self, execution_id: int, plan: bytes) -> WorkerProcess:
        """Have an execution run.

        :raises OSError: there can be no further worker.
        """
        worker = self._idle.pop() if self._idle else self._fork()
        worker.assign([(execution_id, plan)])
        return worker

    def at(self, descriptor: int) -> WorkerProcess | None:
        """The worker whose line it is."""
        return self._by_fd.get(descriptor)

    def all(self) -> Collection[WorkerProcess]:
        """All of them."""
        return self._by_fd.values()

    def rest(self, worker: WorkerProcess) -> None:
        """It has nothing to do, unless it is gone."""
        if worker.is_gone:
            return
        worker.idle_since = time.monotonic()
        self._idle.append(worker)

    def next_retirement(self) -> float | None:
        """When the worker that has nothing to do for longest is to go (monotonic)."""
        return self._idle[0].idle_since + IDLE_SECONDS if self._idle else None

    def retire(self, now: float) -> None:
        """Let those go that had nothing to do for long; each ends when its line does."""
        while self._idle and self._idle[0].idle_since + IDLE_SECONDS <= now:
            self._idle.pop(0).line.shutdown(socket.SHUT_WR)

    def bury(self, worker: WorkerProcess) -> int:
        """Take in the end of a worker and end what it left; returns its exit code (negative: the signal)."""
        worker.is_gone = True
        self._poller.unregister(worker.line)
        del self._by_fd[worker.line.fileno()]
        worker.line.close()
        if worker in self._idle:
            self._idle.remove(worker)
        os.kill(worker.pid, signal.SIGKILL)  # closing its line is the last thing it does
        code = exit_code(worker.pid, END_SECONDS)
        self._undead = {each for each in self._undead if exit_code(each, 0.0) is None}
        if code is None:
            log.error("Worker %d does not end though it was killed: what it does hangs.", worker.pid)
            self._undead.add(worker.pid)
        end_children({each.pid for each in self._by_fd.values()} | self._undead | set(self._spared()))
        return -signal.SIGKILL if code is None else code

    def _fork(self) -> WorkerProcess:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            self._become_worker(ours, theirs)
        theirs.close()
        worker = WorkerProcess(pid, ours)
        self._by_fd[ours.fileno()] = worker
        self._poller.register(ours, select.EPOLLIN)
        return worker

    def _become_worker(self, ours: socket.socket, theirs: socket.socket) -> None:
        """The life of a worker, in its own process. It keeps Scale's socket and the agent's lock open: both are free
        when the agent and all workers are gone."""
        with leaving_process():
            self._poller.close()
            ours.close()
            for other in self._by_fd.values():
                other.line.close()
            self._work(theirs)
