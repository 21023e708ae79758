"""A parser of one HTTP response, with the methods of http-parser that pymesos calls."""

from httptools import HttpParserError, HttpResponseParser

FAULT = 1
"""What :meth:`HttpParser.get_errno` says of any fault; pymesos only prints it."""


class HttpParser:
    """Parses a response piece by piece. There is no public ``errno``: by that pymesos knows http-parser's own parser in
    Python, and looks for its module."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._are_headers_complete = self._is_complete = self._has_failed = False

    def execute(self, data: bytes, length: int) -> int:
        """Parse ``length`` bytes.

        :return: how many could be parsed: all, or 0 where they are no HTTP.
        """
        try:
            self._parser.feed_data(data[:length])
        except HttpParserError:
            self._has_failed = True
            return 0
        return length

    def get_errno(self) -> int:
        """0 while all was HTTP."""
        return FAULT if self._has_failed else 0

    def get_status_code(self) -> int:
        """The response's status."""
        return self._parser.get_status_code()

    def get_headers(self) -> dict[str, str]:
        """The headers by their names as they came; values of one name are joined."""
        return self._headers

    def is_headers_complete(self) -> bool:
        """Whether the body has begun."""
        return self._are_headers_complete

    def is_chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return any(
            name.lower() == "transfer-encoding" and value.lower() == "chunked" for name, value in self._headers.items()
        )

    def is_partial_body(self) -> bool:
        """Whether :meth:`recv_body` has something to give."""
        return bool(self._body)

    def is_message_complete(self) -> bool:
        """Whether the response is over."""
        return self._is_complete

    def recv_body(self) -> bytes:
        """What has come of the body since it was last asked for."""
        body = b"".join(self._body)
        self._body.clear()
        return body

    # What httptools calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        key, text = name.decode("latin-1"), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """Note it."""
        self._are_headers_complete = True

    def on_body(self, data: bytes) -> None:
        """Keep it until it is asked for."""
        self._body.append(data)

    def on_message_complete(self) -> None:
        """Note it."""
        self._is_complete = True
