"""Linking files for one Strike process: a few here, many in a process apart (decision 0024)."""

import logging
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Final

from scale_core.interfaces.broker import Broker
from scale_scheduler.strike.linker import READY, from_answer, to_order
from scale_scheduler.strike.linking import Link, Linked, NotLinked, link

log = logging.getLogger(__name__)

COMMAND: Final = (sys.executable, "-P", "-m", "scale_scheduler.strike.linker")

MANY: Final = 50
"""From so many files on it is worth asking another process, and having one."""

END_SECONDS: Final = 2.0
"""How long the process gets to end when it is not needed any more."""


class Linker:
    """Links files, until it is closed. The process is started when there is much to do, ends by itself when there is
    nothing, and what it cannot do is done here."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False

    def close(self) -> None:
        """End the process, if there is one."""
        self._end()

    def link(self, broker: Broker, configuration: Mapping[str, Any], files: Sequence[Link]) -> list[Linked | NotLinked]:
        """Link files into the workspace of ``broker``, whose configuration is given; the results in order.

        :raises Exception: whatever a broker that is broken raises.
        """
        if len(files) < MANY:
            return link(broker, files)
        try:
            pipes = self._pipes()
            answer = pipes and _ask(*pipes, to_order(type(broker), configuration, files))
        except OSError as error:
            log.info("The process that links files for Strike is gone: %s", error)
            self._end()
            answer = None
        # What it had linked before it was gone is left to the queue.
        return from_answer(answer) if answer else link(broker, files)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]] | None:
        """Where to write orders and read answers; None: the process has only been started, and does not listen yet.

        :raises OSError: it cannot be started, or ended before it was ready.
        """
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._is_ready = False
        orders, answers = self._process.stdin, self._process.stdout
        if orders is None or answers is None:
            raise OSError("it has no pipes")
        if not self._is_ready and select.select([answers], [], [], 0)[0]:
            if answers.readline() != READY:
                raise OSError("it did not get ready")
            self._is_ready = True
        return (orders, answers) if self._is_ready else None

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


def _ask(orders: IO[bytes], answers: IO[bytes], order: bytes) -> bytes:
    """The answer to an order.

    :raises OSError: there is none.
    """
    orders.write(order)
    orders.flush()
    answer = answers.readline()
    if not answer.endswith(b"\n"):
        raise OSError("it ended before it had answered")
    return answer
