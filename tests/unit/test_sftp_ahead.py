"""Reading ahead over SFTP, whatever the order and the size of what the server gives."""

import random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paramiko.message import Message
from paramiko.sftp import CMD_DATA, CMD_READ, CMD_STATUS, SFTP_EOF

from scale_broker_fsspec.ahead import AHEAD, PIECE, ReadAhead


class Client:
    """Answers as paramiko's does, for a file of ``content``."""

    def __init__(self, content: bytes, most: int, seed: int) -> None:
        self._content, self._most, self._random = content, most, random.Random(seed)  # noqa: S311 - not for secrets
        self._open: dict[int, tuple[Any, int, int]] = {}
        self.asked = self.most_open = 0

    def _async_request(self, reader: Any, kind: int, handle: bytes, offset: Any, length: int) -> int:
        assert (kind, handle) == (CMD_READ, b"handle")
        self.asked += 1
        self._open[self.asked] = (reader, int(offset), length)
        self.most_open = max(self.most_open, len(self._open))
        return self.asked

    def _read_response(self) -> None:
        number = self._random.choice(sorted(self._open))
        reader, offset, length = self._open.pop(number)
        data = self._content[offset : offset + min(length, self._most)]
        message = Message()
        if data:
            message.add_string(data)
        else:
            message.add_int(SFTP_EOF)
        message.rewind()
        reader._async_response(CMD_DATA if data else CMD_STATUS, message, number)

    def _convert_status(self, message: Message) -> None:
        assert message.get_int() == SFTP_EOF
        raise EOFError


def read_all(client: Client, size: int) -> bytes:
    ahead = ReadAhead(SimpleNamespace(sftp=client, handle=b"handle"), size)
    return b"".join(iter(lambda: ahead.read(4 * PIECE), b""))


@given(st.integers(0, 9 * PIECE), st.integers(1000, PIECE), st.integers(0, 100))
def test_all_is_read_in_order(size: int, most: int, seed: int) -> None:
    content = random.Random(size).randbytes(size)  # noqa: S311 - not for secrets
    assert read_all(Client(content, most, seed), size) == content


@pytest.mark.parametrize("pieces", [1, AHEAD, 3 * AHEAD])
def test_each_piece_is_asked_for_once_and_not_too_many_at_a_time(pieces: int) -> None:
    client = Client(bytes(pieces * PIECE), PIECE, 1)
    assert len(read_all(client, pieces * PIECE)) == pieces * PIECE
    assert client.asked == pieces
    assert client.most_open == min(pieces, AHEAD)


def test_a_file_that_has_become_shorter_ends_early() -> None:
    content = bytes(PIECE + 10)
    assert read_all(Client(content, PIECE, 1), 5 * PIECE) == content
