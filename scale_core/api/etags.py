"""Entity tags of answers (RFC 9110, sections 8.8.3 and 13.1): who asks again is told that nothing changed."""

import hashlib
import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scale_core.api.large import worked_out

ETAGS: Final = re.compile(r'(W/)?("[^"]*")')
JSON: Final = re.compile(r"application/(?:[\w.-]+\+)?json(?:;.*)?", re.IGNORECASE)
DIGEST_BYTES: Final = 16
OK: Final = 200
NOT_MODIFIED: Final = 304


def is_known(header: str, tag: str) -> bool:
    """Whether ``If-None-Match`` names what there is.

    :param tag: in quotes, without the ``W/`` of a weak one, which makes no difference here.
    """
    return header.strip() == "*" or any(tag == named for _, named in ETAGS.findall(header))


def is_the_same(header: str, tag: str | None) -> bool:
    """Whether ``If-Match`` names what there is; a weak one names nothing.

    :param tag: in quotes, a strong one; None: what there is has none.
    """
    return header.strip() == "*" or any(tag == named and not weak for weak, named in ETAGS.findall(header))


class EtagMiddleware:
    """Gives documents that are answered to GET a tag that follows from their bytes, and answers 304 to who has them.

    The tag is weak: it is the same however the document is compressed on its way (decision 0063).

    What was worked out is not sent once more. It is worked out all the same: a count of changes would say less than
    the answer does, in which times go by and addresses expire (decision 0057).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        await self._app(scope, receive, _Tagging(send, known))


class _Tagging:
    """Sends an answer on, once it is seen whether all of it is there."""

    def __init__(self, send: Send, known: str) -> None:
        self._send = send
        self._known = known
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_document(message):
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            message = await self._tagged(start, message)
            await self._send(start)
        await self._send(message)

    async def _tagged(self, start: Message, body: Message) -> Message:
        """The body that is sent: none to who has it. The headers are put right."""
        content = body.get("body", b"")
        if body.get("more_body"):
            return body  # a document of many pieces has its tag only when it is sent
        tag = await worked_out(_tag, content)
        headers = MutableHeaders(scope=start)
        headers["ETag"] = f"W/{tag}"
        if not is_known(self._known, tag):
            return body
        start["status"] = NOT_MODIFIED
        for name in ("content-length", "content-type"):
            del headers[name]
        return {**body, "body": b""}


def _tag(content: bytes) -> str:
    return f'"{hashlib.blake2b(content, digest_size=DIGEST_BYTES).hexdigest()}"'


def _is_document(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    is_json = JSON.fullmatch(headers.get("content-type", "")) is not None
    return is_json and start["status"] == OK and "etag" not in headers
