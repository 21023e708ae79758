"""A process that works on files for Strike, so that neither waits for the other's turn at Python's lock.

It is told what to do on its standard input and answers on its standard output, a line of JSON each. An order names its
kind and what it takes: to move files out of the watched directory, to link them into a workspace (with the class of its
broker and the workspace's configuration of it), to remove them. The answer has the results, or says what went wrong.
The process ends when its standard input does, or when nothing was asked of it for a while: it takes 20 MiB.
"""

import os
import select
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, BinaryIO, Final

import orjson

from scale_core.interfaces.broker import Broker
from scale_core.watching.moving import Taken, take
from scale_scheduler.strike.linking import Link, Linked, NotLinked, link

IDLE_SECONDS: Final = 10.0
"""How long it waits for the next order."""


READY: Final = b"ready\n"
"""What it says before it is told anything."""


def remove(paths: Sequence[str]) -> None:
    """Remove files, if they are there."""
    for path in paths:
        with suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - for each of many files


def move_order(top: str, names: Sequence[str], folder: str) -> bytes:
    """An order to move files, as it travels."""
    return _line(["move", top, names, folder])


def link_order(
    broker: type[Broker], configuration: Mapping[str, Any], options: Mapping[str, Any], files: Sequence[Link]
) -> bytes:
    """An order to link files; ``configuration`` is that of the workspace's broker, ``options`` are the installation's
    for all of its type."""
    return _line(["link", broker.__module__, broker.__qualname__, configuration, options, files])


def remove_order(paths: Sequence[str]) -> bytes:
    """An order to remove files."""
    return _line(["remove", paths])


def moved(answer: Any) -> Taken:
    """What the answer to a :func:`move_order` tells."""
    names, waiting, error = answer
    return Taken(names, waiting, None if error is None else OSError(*error))


def linked(answer: Any) -> list[Linked | NotLinked]:
    """What the answer to a :func:`link_order` tells."""
    return [NotLinked(*one) if isinstance(one[1], bool) else Linked(*one) for one in answer]


def result_of(line: bytes) -> Any:
    """What an answer tells.

    :raises OSError: the system refused the work.
    :raises RuntimeError: the work broke off otherwise, as a broker's that is broken does.
    """
    answer = orjson.loads(line)
    if "refusal" in answer:
        raise OSError(*answer["refusal"])
    if "failure" in answer:
        raise RuntimeError(answer["failure"])
    return answer["result"]


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Answer orders until there are no more, or none comes for :data:`IDLE_SECONDS`."""
    answers.write(READY)
    answers.flush()
    while select.select([orders], [], [], IDLE_SECONDS)[0] and (line := orders.readline()):
        answers.write(_line(_answer(line)))
        answers.flush()


def _line(document: object) -> bytes:
    return orjson.dumps(document, tuple) + b"\n"  # orjson asks what to make of a named tuple


def _answer(line: bytes) -> dict[str, Any]:
    kind, *arguments = orjson.loads(line)
    try:
        return {"result": _WORK[kind](*arguments)}
    except OSError as error:
        return {"refusal": _facts(error)}
    except Exception as error:  # noqa: BLE001 - a broker may be broken in any way
        return {"failure": f"{type(error).__name__}: {error}"}


def _facts(error: OSError) -> Sequence[Any]:
    return error.errno, error.strerror or str(error), error.filename


def _move(top: str, names: Sequence[str], folder: str) -> Sequence[Any]:
    moved_names, waiting, error = take(top, names, folder)
    return moved_names, waiting, None if error is None else _facts(error)


def _link(
    module: str,
    name: str,
    configuration: Mapping[str, Any],
    options: Mapping[str, Any],
    files: Sequence[Sequence[str]],
) -> list[Linked | NotLinked]:
    broker = getattr(import_module(module), name).from_settings(configuration, options)
    return link(broker, [Link(*one) for one in files])


_WORK: Final[Mapping[str, Callable[..., Any]]] = {"move": _move, "link": _link, "remove": remove}


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gives the orders
    serve(sys.stdin.buffer, sys.stdout.buffer)
