"""What is answered takes as many statements with a hundred rows as with one, and few."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, event, insert, update

from bench.history import FIRST_ID, fill
from fakes.served import serving
from fakes.waiting import SECONDS
from scale_core.api.document import document_bytes
from scale_core.db.models import FileAncestry, Strike
from scale_core.plugin.registry import load_registry
from scale_core.services.context import Context

pytestmark = pytest.mark.sqlite  # the history is made there

MOST = 4
JOBS = 300
MANY = 50


def _lists() -> list[str]:
    """The path of everything that comes in pages."""
    document = json.loads(document_bytes())
    components = document["components"]["parameters"]
    found = []
    for path, operations in document["paths"].items():
        parameters = operations.get("get", {}).get("parameters", [])
        names = {components[one["$ref"].rpartition("/")[2]]["name"] for one in parameters if "$ref" in one}
        if "page_size" in names:
            found.append(path)
    return found


LISTS = _lists()
FILTERED = [
    "/jobs/?job_type_name=type-1&job_type_name=type-2&order=-job_type__name",
    "/jobs/?job_type_category=category-1&status=FAILED&started=P2D&order=-last_modified",
    "/job-executions/?job_type_name=type-3&order=node__hostname",
    "/job-executions/?order=job__job_type__title&order=-created",
    "/products/?job_type_name=type-3&is_operational=true&order=job_type__version",
    "/files/?workspace_name=history&order=workspace__name",
    "/sources/?data_started=P30D&data_ended=PT1S&order=-created",
    "/recipes/?type_name=type-0&order=recipe_type__name",
    "/ingests/?status=ERRORED&order=-created",
    "/load/?job_type_name=type-1",
]


class Statements:
    """Counts what a database is asked."""

    def __init__(self, context: Context) -> None:
        self.asked: list[str] = []
        event.listen(context.database.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            self.asked.append(statement)

    def of(self, http: httpx.Client, url: str) -> list[str]:
        """What a request asks."""
        self.asked.clear()
        http.get(url).raise_for_status()
        return list(self.asked)


@pytest.fixture
def http(context: Context) -> Iterator[httpx.Client]:
    """A Scale with a history."""
    fill(context.database, JOBS, context.now())
    with context.database.write() as session:
        session.execute(update(Strike).values(job_id=FIRST_ID + 1))
    with (
        serving(replace(context, registry=load_registry())) as url,
        httpx.Client(base_url=url, timeout=SECONDS) as client,
    ):
        yield client


def test_statements_do_not_grow_with_the_page(context: Context, http: httpx.Client) -> None:
    statements = Statements(context)
    names = [one["name"] for one in http.get("/metrics/").json()["results"]]
    paths = [*(path.format(metric_name=names[0], recipe_type_id=FIRST_ID) for path in LISTS), *FILTERED]
    counted = {}
    for path in paths:
        mark = "&" if "?" in path else "?"
        counted[path] = [len(statements.of(http, f"{path}{mark}page_size={size}")) for size in (1, 100)]
    assert {path: numbers for path, numbers in counted.items() if numbers[0] != numbers[1] or max(numbers) > MOST} == {}
    assert len(counted) > 30


@pytest.mark.parametrize("kind", ["sources", "products"])
def test_statements_do_not_grow_with_the_files_that_a_file_is_shown_with(
    context: Context, http: httpx.Client, kind: str
) -> None:
    statements = Statements(context)
    other = "products" if kind == "sources" else "sources"
    own = http.get(f"/{kind}/?page_size=1").json()["results"][0]["id"]
    others = [one["id"] for one in http.get(f"/{other}/?page_size={MANY}").json()["results"]]
    counted = []
    for number in (1, MANY):
        relate(context, kind, own, others[:number])
        counted.append(len(statements.of(http, f"/{kind}/{own}/")))
        assert len(http.get(f"/{kind}/{own}/").json()[other]) == number
    assert counted[0] == counted[1] <= MOST


def relate(context: Context, kind: str, own: int, others: Sequence[int]) -> None:
    """A source file has these products, or a product these source files, and no file has any other."""
    ends = ("ancestor_id", "descendant_id") if kind == "sources" else ("descendant_id", "ancestor_id")
    by = {"job_id": FIRST_ID + 1, "job_exe_id": FIRST_ID + 1, "is_direct": True}
    with context.database.write() as session:
        session.execute(delete(FileAncestry))
        session.execute(insert(FileAncestry), [{**dict(zip(ends, (own, one), strict=True)), **by} for one in others])


def test_the_pages_are_not_empty(http: httpx.Client) -> None:
    for path in (
        "/jobs/",
        "/job-executions/",
        "/products/",
        "/ingests/",
        "/recipes/",
        "/trigger-events/",
        *FILTERED[:-1],
    ):
        assert http.get(path).json()["results"], path
