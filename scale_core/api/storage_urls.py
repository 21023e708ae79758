"""Has the addresses that storages give their files at hand where responses are written."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from scale_core.services.storage_urls import StorageUrls

STORAGE_URLS: Final = "scale_storage_urls"
"""Where they are left for those further in."""


class StorageUrlMiddleware:
    """Leaves ``urls`` in the scope of each request."""

    def __init__(self, app: ASGIApp, urls: StorageUrls) -> None:
        self._app = app
        self._urls = urls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            # In the same dictionary, for whoever is further out looks there for what those further in have left.
            scope.setdefault("extensions", {})[STORAGE_URLS] = self._urls
        await self._app(scope, receive, send)
