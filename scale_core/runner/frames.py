"""What Scale, its node agent and the agent's workers say to each other: frames over a stream.

A frame is a kind, the id of an execution (0 where it is about none) and a body. Bodies that are documents (plans,
reports) are JSON and go through the agent as they are: it does not parse them.
"""

import struct
from enum import IntEnum
from typing import Final, NamedTuple

HEADER: Final = struct.Struct("<IBq")
"""Bytes of the body, kind, execution id."""

NEEDS: Final = struct.Struct("<ddd")
"""cpus, mem and disk (MiB)."""

SECONDS: Final = struct.Struct("<d")

CHUNK: Final = 1 << 15
"""Bytes to read at a time. Far larger ones make each read ask the system for memory and give it back."""


class Kind(IntEnum):
    """What a frame says, who says it to whom, and what its body is."""

    SETTINGS = 1  # Scale to agent: the settings as JSON; the first frame
    LAUNCH = 2  # Scale to agent: NEEDS and the plan; agent to worker: the plan, to be run after those before it
    KILL = 3  # Scale to agent: SECONDS of grace, or nothing for the usual; agent to worker: SECONDS of grace
    STOP = 4  # Scale to agent: SECONDS of grace; agent to worker: end it unreported, SECONDS of grace
    RECONCILE = 5  # Scale to agent
    READY = 6  # agent to Scale: it works
    STARTED = 7  # to Scale: the step's name
    FINISHED = 8  # to Scale: the report
    LOST = 9  # to Scale: why
    LOGGED = 10  # to Scale: what was logged, as JSON
    RETURN = 11  # agent to worker: give back what has not begun
    RETURNED = 12  # worker to agent: the ids of what it gives back, as JSON
    PROGRESS = 13  # to Scale: the bytes of a file that are done, as text
    ASKED = 14  # to Scale: a question of an execution's
    ANSWER = 15  # Scale to agent, agent to worker: the answer
    WORKS_IN = 16  # worker to agent: the folders that may hang in which it works now, with kinds of failure, as JSON


class Frame(NamedTuple):
    """One message; ``raw`` is the whole of it as it travels."""

    kind: int
    execution_id: int
    body: bytes
    raw: bytes


def frame(kind: Kind, execution_id: int = 0, body: bytes = b"") -> bytes:
    """A frame as it travels."""
    return HEADER.pack(len(body), kind, execution_id) + body


class FrameReader:
    """Cuts a stream into frames."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._have = 0
        self._need = 0

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes."""
        if self._parts:
            self._parts.append(data)
            self._have += len(data)
            if self._have < self._need:  # put together only once, however long the frame is
                return []
            data = b"".join(self._parts)
            self._parts.clear()
        frames: list[Frame] = []
        at, size, need = 0, len(data), HEADER.size
        while at + HEADER.size <= size:
            length, kind, execution_id = HEADER.unpack_from(data, at)
            need = HEADER.size + length
            end = at + need
            if end > size:
                break
            frames.append(Frame(kind, execution_id, data[at + HEADER.size : end], data[at:end]))
            at, need = end, HEADER.size
        if at < size:
            self._parts.append(data[at:])
            self._have, self._need = size - at, need
        return frames
