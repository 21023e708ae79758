"""Where clients reach this API, where a proxy stands before it."""

from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

PUBLIC_URL: Final = "scale_public_url"
"""Where the address is left for those further in."""


class PublicUrlMiddleware:
    """Has absolute URLs begin with the address that clients know, and cookies be as safe as its scheme allows.

    Nothing of the request says it: whoever sends one could say anything.

    :param public_url: scheme, host and prefix, without a slash at the end.
    """

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._public_url = public_url
        self._scheme = urlsplit(public_url).scheme

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            extensions = {**scope.get("extensions", {}), PUBLIC_URL: self._public_url}
            scope = {**scope, "scheme": self._scheme, "extensions": extensions}
        await self._app(scope, receive, send)
