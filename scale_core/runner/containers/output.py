"""What a container writes to stdout and stderr, on its way to the logs."""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from scale_core.runner.folder import RunFolder
from scale_core.runner.process import LOG_FLAGS

HEADER: Final = struct.Struct(">BxxxL")
"""The stream, and the length of what follows."""

STDOUT, STDERR = 1, 2
CHUNK: Final = 1 << 16


class Demultiplexer:
    """Takes apart what the Docker engine sends of both streams, however it is cut into pieces."""

    def __init__(self) -> None:
        self._header = b""
        self._stream = 0
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """What has come, as pieces of streams; the number of a stream is that of its descriptor."""
        at = 0
        while at < len(data):
            if self._left:
                piece = data[at : at + self._left]
                self._left -= len(piece)
                at += len(piece)
                yield self._stream, piece
                continue
            rest = data[at : at + HEADER.size - len(self._header)]
            self._header += rest
            at += len(rest)
            if len(self._header) == HEADER.size:
                self._stream, self._left = HEADER.unpack(self._header)
                self._header = b""


class ContainerOutput:
    """Writes the output of a container to the logs in an execution's folder. What comes beyond the limit of a log is
    counted and not kept.

    :param descriptor: of the socket that the Docker engine sends it on; it stays the caller's.
    :param limit: bytes of each log; 0: none.
    """

    def __init__(self, descriptor: int, folder: RunFolder, limit: int) -> None:
        self._limit = limit
        self._line = socket.socket(fileno=os.dup(descriptor))
        self._line.setblocking(False)
        self._parts = Demultiplexer()
        self._files = {
            STDOUT: os.open(folder.stdout, LOG_FLAGS | os.O_CLOEXEC, 0o644),
            STDERR: os.open(folder.stderr, LOG_FLAGS | os.O_CLOEXEC, 0o644),
        }
        self._lengths = dict.fromkeys(self._files, 0)
        self.is_over = False
        """Whether nothing more will come."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self.cut()
        self._line.close()
        for descriptor in self._files.values():
            os.close(descriptor)

    @property
    def longest(self) -> int:
        """Bytes of the longer stream."""
        return max(self._lengths.values())

    def fd(self) -> int:
        """A descriptor that can be read from when there is something to take."""
        return self._line.fileno()

    def take(self) -> None:
        """Write what has come to the logs.

        :raises OSError: the logs cannot be written.
        """
        try:
            data = self._line.recv(CHUNK)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        self.is_over = not data
        for stream, piece in self._parts.feed(data):
            if stream in self._files:
                if not self._limit or self._lengths[stream] <= self._limit:
                    _write_all(self._files[stream], piece)
                self._lengths[stream] += len(piece)

    def cut(self) -> None:
        """Take no more: the Docker engine ends no container whose output waits to be taken."""
        self.is_over = True
        with contextlib.suppress(OSError):  # the other end is gone
            self._line.shutdown(socket.SHUT_RDWR)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
