"""A real server for an installation, whose answers are checked against the document."""

import contextlib
import threading
from collections.abc import Iterator

import uvicorn

from scale_core.api.app import create_app
from scale_core.services.context import Context


@contextlib.contextmanager
def serving(context: Context) -> Iterator[str]:
    """Where an installation answers while the block runs."""
    app = create_app(context, validate_responses=True)
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
