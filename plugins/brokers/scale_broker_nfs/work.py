"""A process that works on one export, so that it can be given up when the server hangs (decision 0041).

It hears orders on its standard input and answers on its standard output. While it works it tells how far it is: what
says nothing for too long is killed. It ends when its standard input does.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from scale_broker_nfs.reach import reach
from scale_broker_nfs.wire import line, pack, refusal
from scale_core.interfaces.broker import Broker, BrokerError

TELL_SECONDS: Final = 0.2
"""How often it says how far it is."""


class Helper:
    """Does what it is told with the broker of an export, which is reached at the first order."""

    def __init__(self, configuration: Mapping[str, Any], options: Mapping[str, Any], answers: BinaryIO) -> None:
        self._configuration = configuration
        self._options = options
        self._answers = answers
        self._broker: Broker | None = None
        self._streams: dict[int, BinaryIO] = {}
        self._told = 0.0

    def do(self, kind: str, arguments: list[Any]) -> None:
        """Carry out one order, and answer it."""
        work: Callable[..., Any] | None = getattr(self, f"_{kind}", None)
        payload = b""
        try:
            result = getattr(self._reached(), kind)(*arguments) if work is None else work(*arguments)
            payload = result if isinstance(result, bytes) else b""
            answer = {"result": len(payload) if payload is result else pack(result)}
        except BrokerError as error:
            answer = {"error": refusal(error)}
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever asked has to hear of it
            answer = {"error": ["StorageUnavailable", f"{type(error).__name__}: {error}"]}
        self._answers.write(line(answer))
        self._answers.write(payload)
        self._answers.flush()

    def close(self, numbers: Sequence[int]) -> None:
        """Close files that nobody reads any more."""
        for number in numbers:
            if (stream := self._streams.pop(number, None)) is not None:
                with suppress(OSError, BrokerError):  # nothing was written
                    stream.close()

    def _reached(self) -> Broker:
        if self._broker is None:
            self._broker = reach(self._configuration, self._options).with_progress(self._tell)
        return self._broker

    def _tell(self, done: int) -> None:
        now = time.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            self._answers.write(line({"told": done}))
            self._answers.flush()

    def _store(self, source: str, path: str, move: bool) -> Any:
        return self._reached().store(Path(source), path, move=move)

    def _store_many(self, files: list[list[str]], move: bool, replace: bool) -> Any:
        pairs = [(Path(source), path) for source, path in files]
        return self._reached().store_many(pairs, move=move, replace=replace)

    def _link_many(self, files: list[list[str]]) -> Any:
        return self._reached().link_many([(source, path) for source, path in files])

    def _is_linked(self, source: str, path: str) -> bool:
        return self._reached().is_linked(Path(source), path)

    def _retrieve(self, path: str, destination: str, checksum: str | None, link: bool) -> None:
        if checksum is None:
            self._reached().retrieve(path, Path(destination), link=link)
        else:
            self._reached().retrieve_verified(path, Path(destination), checksum, link=link)

    def _open(self, number: int, path: str) -> tuple[int, str | None]:
        """Size and version of the file that is open as ``number`` now."""
        stream = self._streams[number] = self._reached().open(path)
        return stream.seek(0, os.SEEK_END), self._reached().version(stream)

    def _read(self, number: int, offset: int, size: int) -> bytes:
        stream = self._streams[number]
        stream.seek(offset)
        return stream.read(size)


def main() -> None:
    """Work until there are no more orders."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gives the orders
    orders = sys.stdin.buffer
    about = json.loads(orders.readline())
    helper = Helper(about["configuration"], about["options"], sys.stdout.buffer)
    while order := orders.readline():
        closed, kind, *arguments = json.loads(order)
        helper.close(closed)
        helper.do(kind, arguments)


if __name__ == "__main__":
    main()
