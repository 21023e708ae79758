"""Scale's side of a node agent: starts the process, keeps it running, and talks to it."""

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import orjson

from scale_core.interfaces.engine import (
    AgentSettings,
    EngineEvent,
    ExecutionAsked,
    ExecutionFinished,
    ExecutionLost,
    ExecutionPlan,
    ExecutionProgress,
    ExecutionReport,
    ExecutionStarted,
)
from scale_core.runner.apart import make_apart
from scale_core.runner.folders import ExecutionFolders
from scale_core.runner.frames import CHUNK, NEEDS, SECONDS, Frame, FrameReader, Kind, frame
from scale_core.runner.journal import log_again
from scale_core.runner.leftovers import end_leftovers
from scale_core.runner.settings import write_settings

Tell = Callable[[Sequence[EngineEvent]], None]

COMMAND: Final = (sys.executable, "-P", "-m", "scale_core.runner.agent")
SEND_BUFFER: Final = 4 << 20
"""Bytes that may wait for the agent, so that a launch does not."""

WORKERS_END: Final = 5.0
"""Seconds that workers get to end what they run when their agent has died."""

RESTART_SECONDS: Final = (0.0, 1.0, 5.0, 30.0)
"""How long to wait before an agent is started that has died again and again without ever getting ready."""

log = logging.getLogger(__name__)


def start_agent(settings: AgentSettings, tell: Tell) -> "AgentClient":
    """Start a node agent on this machine; see :class:`~scale_core.interfaces.engine.AgentStarter`.

    :raises OSError: the process or its folder cannot be made.
    """
    make_apart(settings.folder)
    return AgentClient(settings, tell)


class AgentClient:
    """A :class:`~scale_core.interfaces.engine.NodeAgent`."""

    def __init__(self, settings: AgentSettings, tell: Tell) -> None:
        self._settings = settings
        self._tell = tell
        self._lock = threading.Lock()
        self._known: set[int] = set()
        """Executions whose end is still to be told."""
        self._stopping = threading.Event()
        self._process, self._line = self._start()
        self._thread = threading.Thread(target=self._listen, name="node-agent", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The agent's process."""
        return self._process.pid

    def launch(self, plans: Sequence[ExecutionPlan]) -> None:
        """Run executions."""
        orders = []
        for plan in plans:
            needs = plan.resources
            body = NEEDS.pack(needs.cpus, needs.mem, needs.disk_in + needs.disk_out)
            orders.append(frame(Kind.LAUNCH, plan.execution_id, body + orjson.dumps(plan.to_document())))
        with self._lock:
            self._known.update(plan.execution_id for plan in plans)
            self._send(b"".join(orders))

    def kill(self, execution_id: int, grace_seconds: float | None = None) -> None:
        """End an execution."""
        body = b"" if grace_seconds is None else SECONDS.pack(grace_seconds)
        with self._lock:
            self._send(frame(Kind.KILL, execution_id, body))

    def answer(self, execution_id: int, answer: bytes) -> None:
        """Answer an execution."""
        with self._lock:
            self._send(frame(Kind.ANSWER, execution_id, answer))

    def reconcile(self, execution_ids: Sequence[int]) -> None:
        """Have the agent tell what became of executions."""
        with self._lock:
            self._known.update(execution_ids)
            self._send(frame(Kind.RECONCILE, body=orjson.dumps(list(execution_ids))))

    def stop(self, grace_seconds: float) -> None:
        """End all executions and the agent."""
        self._stopping.set()
        with self._lock:
            self._send(frame(Kind.STOP, body=SECONDS.pack(grace_seconds)))
        self._thread.join(grace_seconds + WORKERS_END)
        self._end_group()
        self._thread.join()

    def _start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        try:
            process = subprocess.Popen(
                COMMAND, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, start_new_session=True
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.sendall(frame(Kind.SETTINGS, body=write_settings(self._settings)))
        return process, ours

    def _send(self, data: bytes) -> None:
        try:
            self._line.sendall(data)
        except OSError:
            log.debug("The node agent is gone; it is asked again when it is back.")

    def _listen(self) -> None:
        """The thread: hear one agent after the other."""
        failures = 0
        while True:
            failures = 0 if self._hear_one() else failures + 1
            with self._lock:
                code = self._process.wait()
                self._line.close()
            if self._stopping.is_set():
                break
            log.error("The node agent ended unexpectedly, with exit code %d; it is started again.", code)
            while not self._restarted(failures):
                failures += 1
            if self._stopping.is_set():
                break
        self._give_up_rest()

    def _restarted(self, failures: int) -> bool:
        """Start an agent and ask it what became of what the last one ran; True too where there is to be none."""
        if self._stopping.wait(RESTART_SECONDS[min(failures, len(RESTART_SECONDS) - 1)]):
            return True
        with self._lock:
            try:
                self._process, self._line = self._start()
            except OSError as error:
                log.error("The node agent cannot be started: %s.", error)
                return False
            if self._known:
                self._send(frame(Kind.RECONCILE, body=orjson.dumps(sorted(self._known))))
            if self._stopping.is_set():
                self._send(frame(Kind.STOP, body=SECONDS.pack(0.0)))
        return True

    def _hear_one(self) -> bool:
        """Hear an agent until it and all its workers are gone, whose line it is too; whether it ever was ready."""
        reader, was_ready, line = FrameReader(), False, self._line
        handle = os.pidfd_open(self._process.pid)
        poller = select.poll()
        poller.register(line, select.POLLIN)
        poller.register(handle, select.POLLIN)
        died: float | None = None
        try:
            while died is None or time.monotonic() < died + WORKERS_END:
                ready = [each for each, _ in poller.poll(None if died is None else WORKERS_END * 1000)]
                if handle in ready:
                    poller.unregister(handle)
                    died = time.monotonic()
                if line.fileno() in ready:
                    data = _received(line)
                    if not data:
                        return was_ready
                    frames = reader.feed(data)
                    was_ready = was_ready or any(each.kind == Kind.READY for each in frames)
                    self._take(frames)
            self._end_group()
            return was_ready
        finally:
            os.close(handle)

    def _take(self, frames: Sequence[Frame]) -> None:
        for each in frames:
            if each.kind == Kind.LOGGED:
                log_again(each)
        with self._lock:
            events = [event for each in frames if (event := self._event(each)) is not None]
        if events:
            self._tell(events)

    def _event(self, told: Frame) -> EngineEvent | None:
        execution_id = told.execution_id
        if told.kind == Kind.LOGGED or execution_id not in self._known:
            return None
        if told.kind == Kind.STARTED:
            return ExecutionStarted(execution_id, told.body.decode())
        if told.kind == Kind.PROGRESS:
            return ExecutionProgress(execution_id, int(told.body))
        if told.kind == Kind.ASKED:
            return ExecutionAsked(execution_id, told.body)
        self._known.remove(execution_id)
        if told.kind == Kind.FINISHED:
            return ExecutionFinished(ExecutionReport.from_document(orjson.loads(told.body)))
        return ExecutionLost(execution_id, told.body.decode())

    def _give_up_rest(self) -> None:
        """Tell the loss of what no agent can tell any more."""
        with self._lock:
            rest = sorted(self._known)
            self._known.clear()
        if rest:
            folders = ExecutionFolders(self._settings.folder)
            end_leftovers([folders.path(each) for each in rest])
            self._tell([ExecutionLost(each, "Scale was stopped; the execution did not end in time.") for each in rest])

    def _end_group(self) -> None:
        """Kill the agent and its workers, if there still are any. Its number is its own until it is waited for."""
        with self._lock:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(CHUNK)
    except OSError:  # it ended with something of ours unread
        return b""
