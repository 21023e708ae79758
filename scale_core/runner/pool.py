"""The agent's workers."""

import logging
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Final

from scale_core.runner.children import end_children
from scale_core.runner.frames import Frame, FrameReader, Kind, frame

CHUNK: Final = 1 << 18
IDLE_SECONDS: Final = 60.0
"""How long a worker that is not needed is kept."""

log = logging.getLogger(__name__)


class WorkerProcess:
    """The agent's side of a worker. ``execution_id`` is what it runs; 0: nothing, since ``idle_since`` (monotonic)."""

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid = pid
        self.line = line
        self.execution_id = 0
        self.idle_since = 0.0
        self._reader = FrameReader()

    def say(self, kind: Kind, execution_id: int, body: bytes) -> None:
        """Tell it something. Workers listen while they run, and plans are small: it does not block for long. That it
        is gone is noticed when it is listened to."""
        try:
            self.line.sendall(frame(kind, execution_id, body))
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
    """

    def __init__(self, work: Callable[[socket.socket], None], poller: "select.epoll") -> None:
        self._work = work
        self._poller = poller
        self._by_fd: dict[int, WorkerProcess] = {}
        self._idle: list[WorkerProcess] = []

    def run(self, execution_id: int, plan: bytes) -> WorkerProcess:
        """Have an execution run.

        :raises OSError: there can be no further worker.
        """
        worker = self._idle.pop() if self._idle else self._fork()
        worker.execution_id = execution_id
        worker.say(Kind.LAUNCH, execution_id, plan)
        return worker

    def at(self, descriptor: int) -> WorkerProcess | None:
        """The worker whose line it is."""
        return self._by_fd.get(descriptor)

    def running(self) -> Iterator[WorkerProcess]:
        """Those that run something."""
        return (worker for worker in self._by_fd.values() if worker.execution_id)

    def rest(self, worker: WorkerProcess) -> None:
        """It has nothing to do."""
        worker.execution_id = 0
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
        self._poller.unregister(worker.line)
        del self._by_fd[worker.line.fileno()]
        worker.line.close()
        if worker in self._idle:
            self._idle.remove(worker)
        os.kill(worker.pid, signal.SIGKILL)  # closing its line is the last thing it does
        _, status = os.waitpid(worker.pid, 0)
        end_children({each.pid for each in self._by_fd.values()})
        return os.waitstatus_to_exitcode(status)

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
        code = 1
        try:
            self._poller.close()
            ours.close()
            for other in self._by_fd.values():
                other.line.close()
            self._work(theirs)
            code = 0
        except Exception:  # the end of a process: there is nobody above it
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
