"""On PostgreSQL, too, a page costs what is on it, in each order that the document says to be flat.

What the server has read is looked at; of SQLite it is the plans (tests/integration/test_flat_costs.py).
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text
from starlette.testclient import TestClient

from bench.history import fill
from bench.orders import FILTERED_ORDERS, FILTERS
from fakes.databases import new_database
from fakes.waiting import until
from scale_core.api.app import create_app
from scale_core.db.database import Database
from scale_core.plugin.registry import load_registry
from scale_core.services.context import Context
from scale_core.services.installation import prepare
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]

JOBS = 12_000
SIZE = 20
MOST_READ = 1_000
"""Rows that a step of a plan may read: far more than a page has, far fewer than there are of what is listed."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("history")
    database = new_database(folder, alone=True)  # plans depend on what the server remembers of tables
    prepare(Context(database, load_registry(), SpecLibrary.packaged(), Settings(folder)))
    fill(database, JOBS)
    vacuum(database)
    yield database
    database.close()


def vacuum(database: Database) -> None:
    """Have indexes read without their tables, as they are once the server has come round to vacuum them: it cannot as
    long as an older transaction is open, such as its own of analyzing."""
    hidden = text("SELECT count(*) FROM pg_class WHERE relname = 'scale_file' AND relallvisible < relpages")
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:

        def is_vacuumed() -> bool:
            connection.execute(text("VACUUM ANALYZE scale_file"))
            return not connection.scalar(hidden)

        until(is_vacuumed)


@pytest.fixture(scope="module")
def http(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    context = Context(database, load_registry(), SpecLibrary.packaged(), Settings(tmp_path_factory.mktemp("web")))
    with TestClient(create_app(context), base_url="http://127.0.0.1") as client:
        yield client


def test_no_page_in_a_flat_order_reads_what_is_not_on_it(http: TestClient, database: Database) -> None:
    said: list[tuple[str, Any]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: said.append((given[2], given[3])))
    dear = {}
    asked = 0
    for url in urls(http):
        said.clear()
        assert http.get(url).status_code == 200, url
        asked += 1
        if most := max((read(database, *one) for one in said[:] if one[0].startswith("SELECT")), default=0):
            dear[url] = most
    assert asked > 100
    assert {url: most for url, most in dear.items() if most > MOST_READ} == {}


def urls(http: TestClient) -> Iterator[str]:
    """The first page of each list in each flat order, both ways, without filters and with those that stay flat."""
    for path, operations in http.get("/openapi.json").json()["paths"].items():
        for order in operations.get("get", {}).get("x-scale-flat-orders", ()):
            for direction in ("", "-"):
                filters = ("", *(FILTERS.get(path, ()) if order in FILTERED_ORDERS else ()))
                yield from (f"{path}?order={direction}{order}&page_size={SIZE}&{one}" for one in filters)


def read(database: Database, statement: str, parameters: Any) -> int:
    """The most rows that a step of a statement's plan has read, as the server counted when it was executed again."""
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        ((plans,),) = cursor.fetchall()
        return max(steps(plans[0]["Plan"]))
    finally:
        connection.close()


def steps(step: dict[str, Any]) -> Iterator[int]:
    """How many rows each step has looked at."""
    left_out = step.get("Rows Removed by Filter", 0)
    yield int((step["Actual Rows"] + left_out) * step["Actual Loops"])
    for below in step.get("Plans", ()):
        yield from steps(below)
