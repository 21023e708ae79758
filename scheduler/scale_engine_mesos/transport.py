"""HTTP to masters and agents: calls that are answered at once, and the stream of events."""

import http.client
import re
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import orjson

READ_BYTES = 1 << 18
NUMBERS = re.compile(r"\d+(?:\.\d+)*")


class NotConnected(Exception):
    """There is no link to a master now."""


class Refused(Exception):
    """A master answered with something else than success; the message says what."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"HTTP {status}: {message}")
        self.status = status


class Redirected(Exception):
    """Another master leads."""

    def __init__(self, master: str) -> None:
        super().__init__(f"{master} leads")
        self.master = master


class Unsuitable(Exception):
    """A master cannot do what the options ask for; the message says what."""


class Broken(Exception):
    """What came is no stream of events."""


def connect(master: str, tls: ssl.SSLContext | None, timeout: float) -> http.client.HTTPConnection:
    """A connection, not opened yet, to ``host:port``. ``timeout``: seconds that anything on it may take."""
    host, _, port = master.rpartition(":")
    host = host.strip("[]")
    if tls is None:
        return http.client.HTTPConnection(host, int(port), timeout=timeout)
    return http.client.HTTPSConnection(host, int(port), timeout=timeout, context=tls)


def post(
    connection: http.client.HTTPConnection, path: str, call: object, headers: dict[str, str]
) -> http.client.HTTPResponse:
    """Send a call; the answer's body is still to be read.

    :raises Redirected: another master leads.
    :raises Refused: the master does not want it.
    :raises OSError: there is no connection, or it broke.
    :raises http.client.HTTPException: it broke.
    """
    given = {"Content-Type": "application/json", "Accept": "application/json"} | headers
    connection.request("POST", path, body=orjson.dumps(call), headers=given)
    return _answer(connection)


def get(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    """Ask for something; raises what :func:`post` does."""
    connection.request("GET", path, headers=headers)
    return _answer(connection)


def release(master: str, tls: ssl.SSLContext | None, timeout: float, headers: dict[str, str]) -> str:
    """A master's release, such as ``1.11.0``, whatever builders have put behind it; empty: it does not tell.

    :raises OSError: there is no connection, or it broke.
    :raises http.client.HTTPException: it broke.
    """
    connection = connect(master, tls, timeout)
    try:
        connection.request("GET", "/version", headers=headers)
        answer = connection.getresponse()
        told = orjson.loads(answer.read())["version"] if answer.status == http.HTTPStatus.OK else ""
        return match[0] if (match := NUMBERS.match(told)) else ""
    except (ValueError, KeyError, TypeError):
        return ""
    finally:
        connection.close()


def _answer(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    answer = connection.getresponse()
    if 200 <= answer.status < 300:
        return answer
    said = answer.read(1000).decode(errors="replace").strip() or answer.reason
    if answer.status == http.HTTPStatus.TEMPORARY_REDIRECT and (location := answer.getheader("Location")):
        raise Redirected(urlsplit(location).netloc or location)
    raise Refused(answer.status, said)


def records(answer: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    """The events of a stream (RecordIO: the length in decimal, a newline, that many bytes), until it ends.

    :raises TimeoutError: nothing came for as long as the connection's timeout says.
    :raises OSError: the connection broke.
    :raises Broken: what came is no stream of events.
    """
    buffered = bytearray()
    while piece := answer.read1(READ_BYTES):
        buffered += piece
        taken = 0
        while (end := buffered.find(b"\n", taken)) >= 0:
            start = end + 1
            size = _size(bytes(buffered[taken:end]))
            if len(buffered) - start < size:
                break
            yield _event(bytes(buffered[start : start + size]))
            taken = start + size
        del buffered[:taken]


def _size(line: bytes) -> int:
    if not line.isdigit():
        raise Broken(f"A record begins with {line[:40]!r} where its length should be")
    return int(line)


def _event(record: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(record)
    except ValueError as error:
        raise Broken(f"A record is no JSON: {error}") from error
    if not isinstance(event, dict):
        raise Broken(f"A record is {type(event).__name__}, not an event")
    return event
