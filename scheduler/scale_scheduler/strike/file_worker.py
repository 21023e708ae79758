"""The work on files of one Strike process: a little of it is done here, much in a process apart (decision 0024)."""

import logging
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Final, Self

from scale_core.interfaces.broker import Broker
from scale_core.watching.moving import Taken, take
from scale_scheduler.strike.file_work import (
    IDLE_SECONDS,
    READY,
    link_order,
    linked,
    move_order,
    moved,
    remove,
    remove_order,
    result_of,
)
from scale_scheduler.strike.linking import Link, Linked, NotLinked, link

log = logging.getLogger(__name__)

COMMAND: Final = (sys.executable, "-P", "-m", "scale_scheduler.strike.file_work")

MANY: Final = 50
"""From so many files on it is worth asking another process, and having one."""

END_SECONDS: Final = 2.0
"""How long the process gets to end when it is not needed any more."""


class FileWorker:
    """Works on files for the threads of a Strike process; use it as a context. The process is started when there is
    much to do, ends by itself when there is nothing, and what it cannot do is done here."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        self._used = 0.0

    def __enter__(self) -> Self:
        """Nothing: the process is started when it is needed."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the process, if there is one."""
        with self._turn:
            self._end()

    def move(self, top: str, names: Sequence[str], folder: str) -> Taken:
        """As :func:`scale_core.watching.moving.take`.

        :raises OSError: the folder cannot be read, or the process is gone in the middle of it: nobody knows what it has
            moved.
        """
        answer = self._ask(move_order(top, names, folder)) if len(names) >= MANY else None
        return take(top, names, folder) if answer is None else moved(result_of(answer))

    def link(
        self, broker: Broker, configuration: Mapping[str, Any], options: Mapping[str, Any], files: Sequence[Link]
    ) -> list[Linked | NotLinked]:
        """Link files into the workspace of ``broker``, whose configuration and options are given; the results in order.

        :raises Exception: whatever a broker that is broken raises.
        """
        answer = None
        if len(files) >= MANY:
            with suppress(OSError):  # what it had linked before it was gone is left to the queue
                answer = self._ask(link_order(type(broker), configuration, options, files))
        return link(broker, files) if answer is None else linked(result_of(answer))

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files, if they are there.

        :raises OSError: one cannot be removed; those after it are left.
        """
        answer = None
        if len(paths) >= MANY:
            with suppress(OSError):
                answer = self._ask(remove_order(paths))
        if answer is None:
            remove(paths)
        else:
            result_of(answer)

    def _ask(self, order: bytes) -> bytes | None:
        """The process's answer to an order; None: there is none that takes it yet.

        :raises OSError: it is gone, and may have done some of it.
        """
        with self._turn:
            try:
                pipes = self._pipes()
            except OSError as error:
                log.warning("The process that works on files for Strike does not start: %s", error)
                self._end()
                return None
            if pipes is None:
                return None
            try:
                answer = _exchange(*pipes, order)
            except OSError as error:
                log.info("The process that works on files for Strike is gone: %s", error)
                self._end()
                raise
            self._used = time.monotonic()
            return answer

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]] | None:
        """Where to write orders and read answers; None: the process has only been started, and does not listen yet.

        :raises OSError: it cannot be started, or ended before it was ready.
        """
        if self._process is not None and (self._process.poll() is not None or self._is_about_to_end()):
            self._end()
        if self._process is None:
            self._process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._is_ready, self._used = False, time.monotonic()
        orders, answers = self._process.stdin, self._process.stdout
        if orders is None or answers is None:
            raise OSError("it has no pipes")
        if not self._is_ready and select.select([answers], [], [], 0)[0]:
            if answers.readline() != READY:
                raise OSError("it did not get ready")
            self._is_ready = True
        return (orders, answers) if self._is_ready else None

    def _is_about_to_end(self) -> bool:
        """Whether nothing was asked of it for so long that it may end before it hears of an order."""
        return self._is_ready and time.monotonic() - self._used > IDLE_SECONDS / 2

    def _end(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _exchange(orders: IO[bytes], answers: IO[bytes], order: bytes) -> bytes:
    """The answer to an order.

    :raises OSError: there is none.
    """
    orders.write(order)
    orders.flush()
    answer = answers.readline()
    if not answer.endswith(b"\n"):
        raise OSError("it ended before it had answered")
    return answer
