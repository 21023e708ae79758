"""Counts requests, by what of the contract they ask for."""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scale_core.services.telemetry import Telemetry
from scale_generated.routes import Operation

OTHER: Final = "other"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ROUTING: Final = "connexion_routing"
"""Where connexion leaves the operation that it found."""

CLIENT_GONE: Final = 499
"""What a request without an answer counts as: the client left, or the answer broke off before it began."""


class CountingMiddleware:
    """Counts each request with its operation, method, status and duration. A client cannot make up labels."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, operations: tuple[Operation, ...]) -> None:
        self._app = app
        self._telemetry = telemetry
        self._operations = frozenset(operation.operation_id for operation in operations)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = CLIENT_GONE

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        # Whoever changes the scope further in changes a copy, but copies share this dictionary.
        extensions = scope.setdefault("extensions", {})
        began = time.perf_counter()
        try:
            await self._app(scope, receive, watched)
        finally:
            found = extensions.get(ROUTING, {}).get("operation_id")
            operation = found if found in self._operations else OTHER
            method = scope["method"] if scope["method"] in METHODS else OTHER
            self._telemetry.request_done(operation, method, status, time.perf_counter() - began)
