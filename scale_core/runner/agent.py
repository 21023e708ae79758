"""The node agent: runs executions on one machine for a Scale that talks to it over its standard input, a socket.

It is one process of one thread, started anew (``python -m scale_core.runner.agent``), which makes it safe to fork
workers, and it imports little. Its life hangs on that socket: when it closes, everything that runs is ended at once.
"""

import fcntl
import gc
import os
import signal
import socket
import time
from typing import Final

from scale_core.interfaces.engine import AgentSettings
from scale_core.runner.cgroup import GroupFolder
from scale_core.runner.children import become_subreaper, end_children
from scale_core.runner.containers.sweep import sweep_containers
from scale_core.runner.dispatcher import Dispatcher, ScaleGone
from scale_core.runner.folders import ExecutionFolders
from scale_core.runner.frames import CHUNK, Frame, FrameReader
from scale_core.runner.journal import send_logs
from scale_core.runner.outbox import Outbox
from scale_core.runner.runner import RunnerSettings
from scale_core.runner.settings import read_settings
from scale_core.runner.worker import IGNORED, work

LOCK_FILE: Final = ".agent.lock"
LOCK_SECONDS: Final = 30.0
"""How long the last processes of an earlier agent may take to end."""


def main() -> None:
    """Work for the Scale at the other end of standard input."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    scale = _take_standard_input()
    outbox = Outbox(scale)
    send_logs(outbox.add)
    groups: GroupFolder | None = None
    settings: AgentSettings | None = None
    try:
        reader = FrameReader()
        first, *frames = _hear(scale, reader)
        settings = read_settings(first.body)
        lock(settings)
        become_subreaper()
        groups = GroupFolder.make(settings.folder) if settings.limits else None
        sweep_containers(settings)
        gc.freeze()
        scale.setblocking(False)
        Dispatcher(scale, outbox, settings, groups, lambda line: _work(line, settings, groups)).run(frames, reader)
    except ScaleGone:
        pass  # there is nobody to tell
    finally:
        end_children()
        if settings is not None:
            sweep_containers(settings)
        if groups is not None:
            groups.remove()


def lock(settings: AgentSettings) -> int:
    """Wait until no process of an earlier agent has the folder of executions, and take it, until this process and all
    its workers have ended; returns the descriptor that holds it.

    :raises TimeoutError: there still is one.
    """
    settings.folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(settings.folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"Another node agent works in {settings.folder}.") from None
            time.sleep(0.01)
        else:
            return descriptor


def _work(line: socket.socket, settings: AgentSettings, groups: GroupFolder | None) -> None:
    """The life of a worker, in its own process."""
    runner = RunnerSettings(settings.search_path, settings.log_limit, settings.limits, settings.storage)
    group = None if groups is None else groups.group(os.getpid())
    work(line, ExecutionFolders(settings.folder), runner, settings.kill_grace, group, settings.containers)


def _take_standard_input() -> socket.socket:
    """The line to Scale; commands inherit an empty standard input instead."""
    line = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return line


def _hear(line: socket.socket, reader: FrameReader) -> list[Frame]:
    """Wait for the first frames."""
    while True:
        data = line.recv(CHUNK)
        if not data:
            raise ScaleGone
        frames = reader.feed(data)
        if frames:
            return frames


if __name__ == "__main__":
    main()
