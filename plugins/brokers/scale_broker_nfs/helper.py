"""The side of a helper that gives it orders."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from scale_broker_nfs.wire import error_of, line, unpack
from scale_core.interfaces.broker import BrokerError, StorageUnavailable
from scale_core.storage.ending import end

COMMAND: Final = (sys.executable, "-P", "-m", "scale_broker_nfs.work")

CHUNK: Final = 1 << 16
END_SECONDS: Final = 2.0
"""How long the end of a killed process is waited for: one that hangs in the kernel ends when that lets it go."""


class Helper:
    """A process that works on one export for one caller at a time, and is killed when it makes no progress.

    :param about: the configuration and the options of the broker.
    :param name: of the export, for messages.
    :param timeout: seconds without a word after which it is given up.
    """

    def __init__(self, about: Mapping[str, Any], name: str, timeout: float) -> None:
        self._name = name
        self._timeout = timeout
        self._told = bytearray()
        self._process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: PT018, S101 - they are pipes
        self._orders, self._answers = self._process.stdin, self._process.stdout
        os.set_blocking(self._orders.fileno(), False)
        self._first = line(about)
        self._closed: list[int] = []
        self.is_gone = False

    def forget(self, number: int) -> None:
        """Have it close a file that it has open, with the next order: this may be called from anywhere at any time."""
        self._closed.append(number)

    def ask(self, kind: str, *arguments: Any, told: Callable[[int], None] | None = None) -> Any:
        """Give an order; its result.

        :param told: takes the bytes that are done, from time to time.
        :raises BrokerError: the work failed, as it tells.
        :raises StorageUnavailable: it told nothing for too long, or is gone; it is not to be asked again.
        """
        try:
            closed, self._closed = self._closed, []
            self._send(self._first + line([closed, kind, *arguments]))
            self._first = b""
            while "told" in (answer := json.loads(self._line())):
                if told is not None:
                    told(answer["told"])
            if "error" in answer:
                raise error_of(*answer["error"])
            return self._bytes(answer["result"]) if kind == "read" else unpack(answer["result"])
        except BrokerError:
            raise
        except OSError as error:
            self.end()
            raise StorageUnavailable(
                f"The process that works on {self._name} has ended ({error}). The operation may be tried again."
            ) from error
        except TimedOut:
            self.end()
            raise StorageUnavailable(
                f"{self._name} made no progress for {self._timeout:g} s, so that the work on it was given up. Check "
                "that its server runs and that the network reaches it."
            ) from None
        except BaseException:  # the caller breaks off: the answer that is to come is nobody else's
            self.end()
            raise

    def end(self) -> None:
        """End the process, whatever it does."""
        self.is_gone = True
        for pipe in (self._orders, self._answers):
            with suppress(OSError):
                pipe.close()
        end(self._process, END_SECONDS)

    def _send(self, data: bytes) -> None:
        while data:
            self._await(self._orders.fileno(), is_answer=False)
            data = data[os.write(self._orders.fileno(), data) :]

    def _line(self) -> bytes:
        seen = 0
        while (end := self._told.find(b"\n", seen)) < 0:
            seen = len(self._told)
            self._hear()
        found = self._bytes(end)
        del self._told[:1]
        return found

    def _bytes(self, size: int) -> bytes:
        while len(self._told) < size:
            self._hear()
        found = bytes(self._told[:size])
        del self._told[:size]
        return found

    def _hear(self) -> None:
        self._await(self._answers.fileno(), is_answer=True)
        heard = os.read(self._answers.fileno(), CHUNK)
        if not heard:
            raise BrokenPipeError("it has answered nothing")
        self._told += heard

    def _await(self, descriptor: int, *, is_answer: bool) -> None:
        deadline = time.monotonic() + self._timeout
        pipe = select.poll()
        pipe.register(descriptor, select.POLLIN if is_answer else select.POLLOUT)
        if not pipe.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimedOut


class TimedOut(Exception):
    """Nothing was heard for too long."""
