"""Files on agents, read through their API: READ_FILE of ``/api/v1``, or ``/files/read`` where an agent is older."""

import base64
import http.client
import json
import ssl
from typing import Any, Final
from urllib.parse import quote

from scale_engine_mesos.transport import Broken, Redirected, Refused, connect, get, post

ANSWER_SECONDS: Final = 10.0
PIECE_BYTES: Final = 1 << 16
"""What an agent gives at once, at the most."""

WITHHELD: Final = (
    "The agent asks who reads its files, and the secret is not sent over a link that is not encrypted: encrypt it "
    "(option 'tls_ca', SCALE_MESOS_TLS_CA), or allow that (option 'secret_unencrypted', "
    "SCALE_MESOS_SECRET_UNENCRYPTED)."
)

FAULTS: Final = (OSError, http.client.HTTPException, Refused, Redirected, Broken)
"""What is raised where an agent does not answer as it should."""


class AgentFiles:
    """:param credential: the headers that prove who asks.
    :param withholds: whether there is a secret that is not shown, for the link is not encrypted."""

    def __init__(self, tls: ssl.SSLContext | None, credential: dict[str, str], *, withholds: bool = False) -> None:
        self._tls, self._credential, self._withholds = tls, credential, withholds

    def read(self, address: str, path: str, offset: int, limit: int) -> tuple[bytes, int]:
        """Up to ``limit`` bytes from ``offset`` on, and how many there are in the file; of no file: none.

        :param address: ``host:port`` of the agent.
        :raises OSError, http.client.HTTPException, Refused, Redirected, Broken: the agent does not tell.
        """
        connection = connect(address, self._tls, ANSWER_SECONDS)
        data = bytearray()
        try:
            while True:
                piece, size = self._piece(connection, path, offset + len(data), min(limit - len(data), PIECE_BYTES))
                data += piece
                if not piece or len(data) >= limit:
                    return bytes(data), size
        finally:
            connection.close()

    def _piece(self, connection: http.client.HTTPConnection, path: str, offset: int, length: int) -> tuple[bytes, int]:
        asked = {"path": path, "offset": offset, "length": length}
        try:
            answer = _read(post(connection, "/api/v1", {"type": "READ_FILE", "read_file": asked}, self._credential))
            return base64.b64decode(answer["read_file"].get("data", "")), int(answer["read_file"]["size"])
        except Refused as error:
            if error.status == http.HTTPStatus.UNAUTHORIZED and self._withholds:
                raise Broken(WITHHELD) from error
            if error.status not in {http.HTTPStatus.NOT_FOUND, http.HTTPStatus.NOT_IMPLEMENTED}:
                raise
        except (KeyError, TypeError, ValueError) as error:
            raise Broken(f"The answer to READ_FILE is not understood: {error!r}") from error
        return self._old_piece(connection, path, offset, length)

    def _old_piece(
        self, connection: http.client.HTTPConnection, path: str, offset: int, length: int
    ) -> tuple[bytes, int]:
        place = f"/files/read?path={quote(path, safe='')}"
        try:
            size = int(_read(get(connection, f"{place}&offset=-1", self._credential))["offset"])
            answer = _read(get(connection, f"{place}&offset={offset}&length={length}", self._credential))
            return answer["data"].encode("utf-8", "surrogateescape"), size
        except Refused as error:
            if error.status == http.HTTPStatus.NOT_FOUND:
                return b"", 0
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise Broken(f"The answer to /files/read is not understood: {error!r}") from error


def _read(answer: http.client.HTTPResponse) -> dict[str, Any]:
    """The document; what is no UTF-8 in an old agent's is kept as surrogates.

    :raises ValueError: it is none.
    """
    document: dict[str, Any] = json.loads(answer.read().decode("utf-8", "surrogateescape"))
    return document
