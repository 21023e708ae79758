"""A served Scale for contract tests: real HTTP, a real database, responses checked against the document."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from fakes import documents
from scale_core.api.app import create_app
from scale_core.db import schema
from scale_core.db.base import Base
from scale_core.db.database import Database
from scale_core.plugin.registry import load_registry
from scale_core.services.context import Context
from scale_core.services.installation import prepare
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary


@pytest.fixture(scope="session")
def served_context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """An installation without a scheduler."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    database = Database(settings.url)
    schema.upgrade(database)
    context = Context(database, load_registry(), SpecLibrary.packaged(), settings)
    prepare(context)
    yield context
    database.close()


@pytest.fixture(scope="session")
def base_url(served_context: Context) -> Iterator[str]:
    """Where the installation answers."""
    app = create_app(served_context, validate_responses=True)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def reading_http(base_url: str) -> Iterator[httpx.Client]:
    """A client for tests that change nothing; redirects are not followed."""
    with httpx.Client(base_url=base_url, timeout=30) as client:
        yield client


@pytest.fixture
def http(served_context: Context, reading_http: httpx.Client) -> httpx.Client:
    """A client of an installation that is as good as new."""
    with served_context.database.write() as session:
        session.connection().exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    prepare(served_context)
    return reading_http


@pytest.fixture
def workspace(http: httpx.Client, tmp_path: Path) -> dict[str, Any]:
    """A workspace called products."""
    body = documents.workspace("products", tmp_path / "products")
    return documents.created(http.post("/workspaces/", json=body))
