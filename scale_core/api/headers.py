"""What browsers are told of every answer: to guess no types, to show it in no other page, to tell no one where it was
read, and to come back by TLS only."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scale_core.api.document import DOCS_PATH
from scale_core.api.interface import INTERFACE_PATH
from scale_core.api.problems import PREFIX

NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"
"""The policy of answers that are no page: nothing in them is run or fetched."""

DOCS: Final = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The policy of the documentation, whose one page has its script and styles inside."""

INTERFACE: Final = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; script-src 'self'; style-src 'self'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
"""The policy of the web interface: everything comes from here, and nothing is written into the page."""

ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # What one client was shown is kept for no other, and asked for again.
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TLS_ONLY: Final = {"Strict-Transport-Security": "max-age=31536000"}


def _policy(path: str) -> str:
    path = path.removeprefix(PREFIX)
    if path.startswith(f"{INTERFACE_PATH}/"):
        return INTERFACE
    return DOCS if path.startswith(f"{DOCS_PATH}/") else NOTHING


class SecurityHeadersMiddleware:
    """Adds the headers to every answer that does not have them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = ALWAYS | {"Content-Security-Policy": _policy(scope["path"])}
        if scope["scheme"] == "https":
            wanted |= TLS_ONLY

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in wanted.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)
