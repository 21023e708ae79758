"""A process that links files for Strike, so that neither waits for the other's turn at Python's lock.

It is told what to do on its standard input and answers on its standard output, a line of JSON each: an order names the
class of a broker, the workspace's configuration of it and the files; the answer has a result for each, or says what the
broker raised. It ends when its standard input does, or when nothing was asked of it for a while: it takes 20 MiB.
"""

import select
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, BinaryIO, Final

import orjson

from scale_core.interfaces.broker import Broker
from scale_scheduler.strike.linking import Link, Linked, NotLinked, link

IDLE_SECONDS: Final = 10.0
"""How long it waits for the next order."""


READY: Final = b"ready\n"
"""What it says before it is told anything."""


def to_order(broker: type[Broker], configuration: Mapping[str, Any], files: Sequence[Link]) -> bytes:
    """An order as it travels; ``configuration`` is that of the workspace's broker."""
    return _line([broker.__module__, broker.__qualname__, configuration, files])


def from_answer(line: bytes) -> list[Linked | NotLinked]:
    """The results in an answer.

    :raises RuntimeError: the broker raised what is no :class:`~scale_core.interfaces.broker.BrokerError`.
    """
    answer = orjson.loads(line)
    if isinstance(answer, str):
        raise RuntimeError(answer)
    return [NotLinked(*one) if isinstance(one[1], bool) else Linked(*one) for one in answer]


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Answer orders until there are no more, or none comes for :data:`IDLE_SECONDS`."""
    answers.write(READY)
    answers.flush()
    while select.select([orders], [], [], IDLE_SECONDS)[0] and (line := orders.readline()):
        answers.write(_line(_answer(line)))
        answers.flush()


def _line(document: object) -> bytes:
    return orjson.dumps(document, tuple) + b"\n"  # orjson asks what to make of a named tuple


def _answer(line: bytes) -> list[Linked | NotLinked] | str:
    module, name, configuration, files = orjson.loads(line)
    try:
        broker = getattr(import_module(module), name).from_configuration(configuration)
        return link(broker, [Link(*one) for one in files])
    except Exception as error:  # noqa: BLE001 - a broker may be broken in any way
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gives the orders
    serve(sys.stdin.buffer, sys.stdout.buffer)
