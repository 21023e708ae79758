"""How large a request may be."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scale_core.services.exceptions import TooLarge


class BodyLimitMiddleware:
    """Refuses bodies that are too large: by what the request says of itself, or by what comes.

    A body that comes in parts is collected first: connexion takes one of unknown length for none.

    :param most_mib: the largest body, in MiB.
    """

    def __init__(self, app: ASGIApp, most_mib: float) -> None:
        self._app = app
        self._most = int(most_mib * 1024 * 1024)
        self._refusal = (
            f"The body has more than {most_mib:g} MiB, the most that is taken: send less at once, "
            "or have max_request_mib raised."
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request.

        :raises TooLarge: it is.
        """
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            length = headers.get("content-length")
            if length is None and "transfer-encoding" in headers:
                body = await self._collected(receive)
                scope = {**scope, "headers": [*scope["headers"], (b"content-length", str(len(body)).encode())]}
                receive = _replayed(body, receive)
            # The server reads no more than the request says.
            elif length is not None and int(length) > self._most:
                raise TooLarge(self._refusal)
        await self._app(scope, receive, send)

    async def _collected(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size = 0
        is_more = True
        while is_more:
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._most:
                raise TooLarge(self._refusal)
            is_more = message.get("more_body", False)
        return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, then what comes after it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
