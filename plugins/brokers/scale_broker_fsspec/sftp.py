"""What an SFTP server tells of names, with those that are not UTF-8.

A name is bytes there. Here it is a text as Python reads it from a directory (``surrogateescape``). paramiko decodes
names strictly, so that one that is not UTF-8 would keep its whole folder from being listed: its requests are made here.
"""

from collections.abc import Iterator
from typing import Any, Final

from paramiko import SFTPAttributes
from paramiko.message import Message
from paramiko.sftp import CMD_CLOSE, CMD_OPENDIR, CMD_READDIR, CMD_REALPATH, CMD_STATUS, SFTP_EOF

AHEAD: Final = 50
"""Requests for parts of a folder that are under way at a time."""


class SftpNames:
    """Asks over the connection of a paramiko client, which nobody else uses meanwhile.

    :param client: a ``paramiko.SFTPClient``.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def real_path(self, place: str) -> str:
        """The path without symbolic links.

        :raises OSError: the server does not resolve it.
        """
        answer = self._ask(CMD_REALPATH, _raw(place))
        answer.get_int()  # how many there are: one
        return _text(answer.get_string())

    def entries(self, place: str) -> Iterator[SFTPAttributes]:
        """What is in a folder, bit by bit; take all of it before anything else is asked.

        :raises OSError: there is no such folder, or it may not be read.
        """
        handle = self._ask(CMD_OPENDIR, _raw(place)).get_string()
        while True:
            for _ in range(AHEAD):
                self._client._async_request(type(None), CMD_READDIR, handle)
            for _ in range(AHEAD):
                kind, data = self._client._read_packet()
                answer = Message(data)
                answer.get_int()  # the number of the request: each is answered with what comes next
                if kind == CMD_STATUS and _is_end(data):
                    self._ask(CMD_CLOSE, handle)
                    return
                if kind == CMD_STATUS:
                    self._client._convert_status(answer)
                yield from _named(answer)

    def _ask(self, kind: int, argument: bytes) -> Message:
        answer: Message = self._client._request(kind, argument)[1]
        return answer


def _is_end(data: bytes) -> bool:
    answer = Message(data)
    answer.get_int()
    return bool(answer.get_int() == SFTP_EOF)


def _named(answer: Message) -> Iterator[SFTPAttributes]:
    for _ in range(answer.get_int()):
        name = _text(answer.get_string())
        answer.get_string()  # the same for people to read
        attributes = SFTPAttributes._from_msg(answer, name)
        if name not in (".", ".."):
            yield attributes


def _text(name: bytes) -> str:
    return name.decode(errors="surrogateescape")


def _raw(name: str) -> bytes:
    return name.encode(errors="surrogateescape")
