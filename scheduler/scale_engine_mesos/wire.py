"""What Scale's executor says in the ``data`` of a status update, and what it is given in the ``data`` of a task; and
messages, which may get lost.

A task's data is its execution plan. An update's data is a line of JSON that says what follows it: ``{"step": "job"}``,
or ``{"done": 4096}`` (bytes of a file), and nothing does; or ``{"piece": 0, "of": 3}``, and a piece of the execution
report does. All pieces but the last come with updates that the task runs, the last with its end; the agent delivers
them in order, each until it is acknowledged.
Steps and last pieces tell in ``directory`` where the execution's logs are, by the agent's own name of that folder, and
in ``executor`` who tells it, for agents may leave that out; last pieces tell the ``sizes`` of logs. A message to the
executor, ``{"forget": [4711]}``, names executions whose logs Scale has. A message of the executor is a question of an
execution's, behind the line ``{"asks": 4711}``; the answer to it comes behind ``{"answers": 4711}``.
"""

import base64
import binascii
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from scale_core.interfaces.engine import ExecutionPlan

PIECE_BYTES = 256 << 10
"""How much of a report an update carries: an agent keeps updates in its memory and on its disk."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an update says. ``step`` is empty where it carries a piece of the report, or says how many bytes of a file
    are ``done``."""

    step: str = ""
    done: int | None = None
    piece: int = 0
    of: int = 0
    content: bytes = b""
    directory: str = ""
    executor: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)


def encode_plan(plan: ExecutionPlan) -> str:
    """A task's data."""
    return base64.b64encode(orjson.dumps(plan.to_document())).decode("ascii")


def decode_plan(data: str) -> ExecutionPlan:
    """The plan that a task carries.

    :raises ValueError: it is none.
    """
    try:
        return ExecutionPlan.from_document(orjson.loads(base64.b64decode(data, validate=True)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"The data of the task is no execution plan: {error!r}") from error


def encode_step(step: str, directory: str = "", executor: str = "") -> str:
    """The data of an update that tells that a step has begun."""
    return _encode({"step": step, "directory": directory, "executor": executor}, b"")


def encode_progress(done: int) -> str:
    """The data of an update that tells how many bytes of a file are done."""
    return _encode({"done": done}, b"")


def encode_report(
    report: bytes,
    piece_bytes: int = PIECE_BYTES,
    directory: str = "",
    sizes: Mapping[str, int] | None = None,
    executor: str = "",
) -> Iterator[str]:
    """The data of the updates that carry a report; the last is for the task's end."""
    number = max(1, math.ceil(len(report) / piece_bytes))
    for piece in range(number):
        head: dict[str, object] = {"piece": piece, "of": number}
        if piece == number - 1:
            head |= {"directory": directory, "sizes": dict(sizes or {}), "executor": executor}
        yield _encode(head, report[piece * piece_bytes : (piece + 1) * piece_bytes])


def decode(data: str) -> Said:
    """What an update's data says.

    :raises ValueError: it is not Scale's.
    """
    try:
        head, _, content = base64.b64decode(data, validate=True).partition(b"\n")
        about = orjson.loads(head)
        directory, executor = str(about.get("directory", "")), str(about.get("executor", ""))
        if "step" in about:
            return Said(step=str(about["step"]), directory=directory, executor=executor)
        if "done" in about:
            return Said(done=int(about["done"]), directory=directory, executor=executor)
        piece, of = int(about["piece"]), int(about["of"])
        sizes = {str(stream): int(size) for stream, size in about.get("sizes", {}).items()}
        return Said(piece=piece, of=of, content=content, directory=directory, executor=executor, sizes=sizes)
    except (AttributeError, binascii.Error, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"The data of an update is not Scale's: {error!r}") from error


def encode_forget(execution_ids: Collection[int]) -> str:
    """The data of a message to an executor: it need not keep the logs of these executions."""
    return base64.b64encode(orjson.dumps({"forget": list(execution_ids)})).decode("ascii")


def decode_forget(data: str) -> list[int]:
    """The executions whose logs are not needed.

    :raises ValueError: the message is not Scale's.
    """
    try:
        return [int(one) for one in orjson.loads(base64.b64decode(data, validate=True))["forget"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"The message is not Scale's: {error!r}") from error


def encode_question(execution_id: int, question: bytes) -> str:
    """The data of a message of an executor's: what an execution asks."""
    return _encode({"asks": execution_id}, question)


def decode_question(data: str) -> tuple[int, bytes]:
    """The execution that asks, and what.

    :raises ValueError: the message is not Scale's.
    """
    asked = _addressed("asks", data)
    if asked is None:
        raise ValueError("The message is not Scale's: nobody asks")
    return asked


def encode_answer(execution_id: int, answer: bytes) -> str:
    """The data of a message to an executor: the answer to what an execution has asked."""
    return _encode({"answers": execution_id}, answer)


def decode_answer(data: str) -> tuple[int, bytes] | None:
    """The execution that is answered, and the answer; None: the message says something else.

    :raises ValueError: it is not Scale's.
    """
    return _addressed("answers", data)


def _addressed(name: str, data: str) -> tuple[int, bytes] | None:
    """The number that the first line has under a name, and what follows that line; None: it has none."""
    try:
        head, _, content = base64.b64decode(data, validate=True).partition(b"\n")
        about = orjson.loads(head)
        return (int(about[name]), content) if name in about else None
    except (TypeError, ValueError) as error:
        raise ValueError(f"The message is not Scale's: {error!r}") from error


def _encode(head: dict[str, object], content: bytes) -> str:
    return base64.b64encode(orjson.dumps(head) + b"\n" + content).decode("ascii")
