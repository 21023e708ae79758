"""Many small calls on one connection, each sent before the one before it is answered (RFC 9112, 9.3.2)."""

import http.client
import ssl
from collections.abc import Mapping, Sequence

import httptools
import orjson

from scale_engine_mesos.transport import Refused, connect

READ_BYTES = 1 << 16
MOST = 100
"""So many calls are sent at once: they and their answers fit into what the system buffers, so that neither side waits
for the other to read."""


class Pipeline:
    """A connection to a master; arguments as for :func:`transport.connect`."""

    def __init__(self, master: str, tls: ssl.SSLContext | None, timeout: float) -> None:
        self._host = master
        self._connection = connect(master, tls, timeout)

    def post(self, path: str, calls: Sequence[object], headers: Mapping[str, str]) -> None:
        """Send calls, :data:`MOST` at most, and read all answers.

        :raises Refused: the master does not want one of them.
        :raises OSError, http.client.HTTPException: how many arrived is not known.
        """
        if self._connection.sock is None:
            self._connection.connect()
        self._connection.sock.sendall(b"".join(self._request(path, call, headers) for call in calls))
        answers = _Answers()
        parser = httptools.HttpResponseParser(answers)
        answers.parser = parser
        while len(answers.statuses) < len(calls):
            data = self._connection.sock.recv(READ_BYTES)
            if not data:
                raise http.client.RemoteDisconnected("The master ended the connection before it had answered")
            try:
                parser.feed_data(data)
            except httptools.HttpParserError as error:
                raise http.client.BadStatusLine(str(error)) from error
        for status, said in answers.statuses:
            if not 200 <= status < 300:
                raise Refused(status, said)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _request(self, path: str, call: object, headers: Mapping[str, str]) -> bytes:
        body = orjson.dumps(call)
        given = {
            "Host": self._host,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Content-Length": str(len(body)),
        } | dict(headers)
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


class Pipelines:
    """A pipeline to the master that is asked, kept from one group of calls to the next; for one thread.

    :param timeout: seconds that a master may take to answer.
    """

    def __init__(self, tls: ssl.SSLContext | None, timeout: float) -> None:
        self._tls, self._timeout = tls, timeout
        self._link: tuple[str, Mapping[str, str]] | None = None
        self._pipeline: Pipeline | None = None

    def post(self, master: str, path: str, calls: Sequence[object], headers: Mapping[str, str]) -> None:
        """Do what :meth:`Pipeline.post` does, on a connection of its own for each master and subscription.

        :param headers: they tell one subscription from another.
        """
        if self._pipeline is None or self._link != (master, headers):
            self.close()
            self._pipeline, self._link = Pipeline(master, self._tls, self._timeout), (master, headers)
        try:
            self._pipeline.post(path, calls, headers)
        except Exception:  # answers that were not read belong to no later call
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline = None


class _Answers:
    """What the parser calls: the status of each answer, and the beginning of what it said."""

    parser: httptools.HttpResponseParser

    def __init__(self) -> None:
        self.statuses: list[tuple[int, str]] = []
        self._said = b""

    def on_message_begin(self) -> None:
        self._said = b""

    def on_body(self, body: bytes) -> None:
        self._said = (self._said + body)[:1000]

    def on_message_complete(self) -> None:
        self.statuses.append((self.parser.get_status_code(), self._said.decode(errors="replace")))
