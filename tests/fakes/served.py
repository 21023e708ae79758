"""A real server for an installation, whose answers are checked against the document."""

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from importlib import resources
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scale_core.api.app import create_app
from scale_core.services.context import Context
from scale_generated.routes import OPERATIONS


class Documented:
    """Notes which operations answer a status that the document does not say of them."""

    def __init__(self, app: ASGIApp) -> None:
        self.undocumented: set[tuple[str, int]] = set()
        self._app = app
        document: dict[str, Any] = json.loads((resources.files("scale_generated") / "openapi.json").read_bytes())
        self._operations = [
            (
                operation,
                re.compile(re.sub(r"{\w+}", "[^/]+", operation.path)),
                set(map(int, document["paths"][operation.path][operation.method.lower()]["responses"])),
            )
            # What has nothing to fill in is meant rather than what has.
            for operation in sorted(OPERATIONS, key=lambda one: len(one.path_parameters))
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def look(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._look(scope["method"], scope["path"].removeprefix("/v3"), message["status"])
            await send(message)

        await self._app(scope, receive, look if scope["type"] == "http" else send)

    def _look(self, method: str, path: str, status: int) -> None:
        found = next((operation.path for operation, pattern, _ in self._operations if pattern.fullmatch(path)), None)
        for operation, _, documented in self._operations:
            if (operation.path, operation.method) == (found, method) and status not in documented:
                self.undocumented.add((operation.operation_id, status))


@contextlib.contextmanager
def serving(context: Context) -> Iterator[str]:
    """Where an installation answers while the block runs."""
    app = Documented(create_app(context, validate_responses=True))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
    assert not app.undocumented, f"the document does not say that these answer that: {sorted(app.undocumented)}"
