"""Documents in fewer bytes, for clients that take gzip (RFC 9110, section 12.5.3; decision 0063)."""

import gzip
import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scale_core.api.etags import JSON, NOT_MODIFIED
from scale_core.api.large import worked_out

LEAST_BYTES: Final = 1024
"""What is shorter fits into one packet either way."""

LEVEL: Final = 1
"""The quickest: 9 makes a list shorter by another fifth, and takes eight times as long."""

CODING: Final = re.compile(r"\s*(gzip|\*)\s*(?:;\s*q=(\d(?:\.\d{0,3})?)\s*)?", re.IGNORECASE)
VARY: Final = "Accept-Encoding"


def takes_gzip(headers: Headers) -> bool:
    """Whether the ``Accept-Encoding`` of a request allows gzip."""
    codings = ",".join(headers.getlist("accept-encoding")).split(",")
    found = [match for coding in codings if (match := CODING.fullmatch(coding))]
    weights = {match[1].lower(): float(match[2] or 1) for match in found}
    return weights.get("gzip", weights.get("*", 0)) > 0


class CompressionMiddleware:
    """Compresses JSON that is answered in one piece. Contents of files, whole or in part, are sent as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        is_http = scope["type"] == "http"
        await self._app(scope, receive, _Compressing(send, takes_gzip(Headers(scope=scope))) if is_http else send)


class _Compressing:
    """Sends an answer on, once it is seen whether all of it is there."""

    def __init__(self, send: Send, takes: bool) -> None:
        self._send = send
        self._takes = takes
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _may_vary(message):
            MutableHeaders(scope=message).add_vary_header(VARY)
            if self._takes and message["status"] != NOT_MODIFIED:
                self._start = message
                return
        start, self._start = self._start, None
        if start is not None:
            message = await _compressed(start, message)
            await self._send(start)
        await self._send(message)


def _may_vary(start: Message) -> bool:
    """Whether it is a document. Whoever gives a strong tag, or parts, promises the very bytes that there are."""
    headers = Headers(raw=start["headers"])
    is_fixed = headers.get("etag", "").startswith('"') or "accept-ranges" in headers or "content-encoding" in headers
    is_document = start["status"] == NOT_MODIFIED or JSON.fullmatch(headers.get("content-type", "")) is not None
    return is_document and not is_fixed


async def _compressed(start: Message, body: Message) -> Message:
    """The body that is sent; the headers are put right."""
    content = body.get("body", b"")
    if body.get("more_body") or len(content) < LEAST_BYTES:
        return body
    content = await worked_out(_gzip, content)
    headers = MutableHeaders(scope=start)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(content))
    return {**body, "body": content}


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, LEVEL, mtime=0)
