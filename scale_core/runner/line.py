"""A worker's line to its agent."""

import math
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

import orjson

from scale_core.runner.control import FolderInUse
from scale_core.runner.frames import CHUNK, SECONDS, Frame, FrameReader, Kind, frame
from scale_core.runner.unstarted import canceled_report

GROUP_SECONDS: Final = 0.01
"""How long news may wait for more while the next execution is there already."""

STOPPED: Final = b"Scale was stopped while it ran."


class AgentGone(Exception):
    """The agent is not there any more."""


class AgentLine:
    """The worker's line to its agent; the control of the execution that runs."""

    def __init__(self, line: socket.socket, kill_grace: float) -> None:
        self._line = line
        self._reader = FrameReader()
        self._launches: deque[Frame] = deque()
        self._news: list[bytes] = []
        self._told = 0.0
        self._poller = select.poll()
        self._poller.register(line, select.POLLIN)
        self._usual_grace = self._grace = kill_grace
        self._running = 0
        self._answers: deque[bytes] = deque()
        self._canceled = False
        self.gone = False
        self.unreported = False
        """Whether the end of the execution is nobody's wish, so that it does not count."""

    def next_launch(self) -> Frame:
        """Wait for the next execution.

        :raises AgentGone: there will be none.
        """
        self._running = 0
        while not self._launches:
            self.flush()
            self._receive()
            if self.gone:
                raise AgentGone
        launch = self._launches.popleft()
        self._running = launch.execution_id
        self._answers.clear()
        self._canceled = self.unreported = False
        self._grace = self._usual_grace
        return launch

    def tell_end(self, kind: Kind, body: bytes) -> None:
        """Tell the end of the execution that runs; later, if the next is there already.

        :raises AgentGone: there is nobody to tell.
        """
        self._news.append(frame(kind, self._running, body))
        if not self._launches or time.monotonic() >= self._told + GROUP_SECONDS:
            self.flush()

    def tell(self, news: bytes) -> None:
        """Tell something now.

        :raises AgentGone: there is nobody to tell.
        """
        self._news.append(news)
        self.flush()

    def flush(self) -> None:
        """Tell what has not been told.

        :raises AgentGone: there is nobody to tell.
        """
        if self._news:
            data = b"".join(self._news)
            self._news.clear()
            self._told = time.monotonic()
            try:
                self._line.sendall(data)
            except OSError as error:
                raise AgentGone from error

    def fd(self) -> int:
        """The line's descriptor."""
        return self._line.fileno()

    def canceled(self) -> bool:
        """Whether the agent wants the execution to end, or is gone."""
        while not self.gone and self._poller.poll(0):
            self._receive()
        return self._canceled or self.gone

    def kill_grace(self) -> float:
        """Nothing waits for an agent that is gone."""
        return 0.0 if self.gone else self._grace

    def step_started(self, step: str) -> None:
        """Tell the agent."""
        self.tell(frame(Kind.STARTED, self._running, step.encode()))

    def works_in(self, folders: Sequence[FolderInUse]) -> None:
        """Tell the agent; that it is none any more, with the next news."""
        self._news.append(frame(Kind.WORKS_IN, self._running, orjson.dumps([tuple(one) for one in folders])))
        if folders:
            self.flush()

    def progressed(self, done: int) -> None:
        """Tell the agent."""
        self.tell(frame(Kind.PROGRESS, self._running, str(done).encode()))

    def ask(self, question: bytes) -> None:
        """Tell the agent."""
        self.tell(frame(Kind.ASKED, self._running, question))

    def answer(self, seconds: float) -> bytes | None:
        """The next answer, within so many seconds; None: none comes, or the execution is to end."""
        deadline = time.monotonic() + seconds
        while not self.canceled():
            if self._answers:
                return self._answers.popleft()
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._poller.poll(math.ceil(left * 1000))
        return None

    def _receive(self) -> None:
        try:
            data = self._line.recv(CHUNK)
        except OSError:  # it is gone, with something of ours unread
            data = b""
        self.gone = not data
        for got in self._reader.feed(data):
            if got.kind == Kind.LAUNCH:
                self._launches.append(got)
            elif got.kind == Kind.RETURN:
                self._give_back()
            elif got.kind == Kind.ANSWER:
                if got.execution_id == self._running:
                    self._answers.append(got.body)
            elif got.execution_id == self._running:
                (grace,) = SECONDS.unpack(got.body)
                self._grace = min(self._grace, grace) if self._canceled else grace
                self._canceled = True
                self.unreported = got.kind == Kind.STOP
            else:
                self._drop(got)

    def _give_back(self) -> None:
        """Give back all but the one that runs, which for the agent is the first one even before it begins."""
        kept = 0 if self._running else 1
        ids = [launch.execution_id for launch in self._launches][kept:]
        self._launches = deque(islice(self._launches, kept))
        self.tell(frame(Kind.RETURNED, body=orjson.dumps(ids)))

    def _drop(self, order: Frame) -> None:
        """End an execution that has not begun; one that has ended is told to have."""
        execution_id = order.execution_id
        remaining = deque(launch for launch in self._launches if launch.execution_id != execution_id)
        if len(remaining) == len(self._launches):
            return
        self._launches = remaining
        if order.kind == Kind.STOP:
            self.tell(frame(Kind.LOST, execution_id, STOPPED))
        else:
            self.tell(frame(Kind.FINISHED, execution_id, canceled_report(execution_id)))
