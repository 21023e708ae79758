"""Reading a file over SFTP, with the next pieces asked for before they are needed.

paramiko's own ``prefetch`` takes it for the end when all that was asked for has come, though its thread may only not
have come to ask for more. It reads the rest once more then, and keeps what the thread goes on to ask for: a second time
the traffic, and the whole file in memory.
"""

from collections import deque
from typing import Any, Final

from paramiko.message import Message
from paramiko.sftp import CMD_READ, CMD_STATUS, int64

PIECE: Final = 1 << 15
"""Bytes that are asked for at a time: what each server gives."""

AHEAD: Final = 64
"""Pieces that are asked for and have not been read, at most."""


class ReadAhead:
    """Reads a file from its start on. Nobody else uses its connection meanwhile.

    :param file: a ``paramiko.SFTPFile``.
    :param size: of it, in bytes.
    """

    def __init__(self, file: Any, size: int) -> None:
        self._client = file.sftp
        self._handle = file.handle
        self._size = size
        self._next = 0
        self._asked: deque[tuple[int, int, int]] = deque()
        """Number, offset and length of each piece, in the order of the file."""
        self._answers: dict[int, tuple[int, Message]] = {}

    def read(self, size: int) -> bytes:
        """The next bytes, fewer at the end only.

        :param size: a multiple of :data:`PIECE`.
        :raises OSError: the server does not give them.
        """
        pieces, count = [], 0
        while count < size and (piece := self._piece()):
            pieces.append(piece)
            count += len(piece)
        return b"".join(pieces)

    def _piece(self) -> bytes:
        while self._next < self._size and len(self._asked) < AHEAD:
            length = min(PIECE, self._size - self._next)
            self._asked.append((self._ask(self._next, length), self._next, length))
            self._next += length
        if not self._asked:
            return b""
        number, offset, length = self._asked.popleft()
        data = self._answer(number)
        while data and len(data) < length:  # a server may give less
            more = self._answer(self._ask(offset + len(data), length - len(data)))
            if not more:
                break
            data += more
        return data

    def _ask(self, offset: int, length: int) -> int:
        number: int = self._client._async_request(self, CMD_READ, self._handle, int64(offset), length)
        return number

    def _answer(self, number: int) -> bytes:
        """What was read; nothing at the end of the file."""
        while number not in self._answers:
            self._client._read_response()
        kind, message = self._answers.pop(number)
        try:
            if kind == CMD_STATUS:
                self._client._convert_status(message)
        except EOFError:
            return b""
        data: bytes = message.get_string()
        return data

    def _async_response(self, kind: int, message: Message, number: int) -> None:
        """Called by paramiko for each answer, in whatever order the server gives them."""
        self._answers[number] = (kind, message)
