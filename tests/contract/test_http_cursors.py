"""Links between pages: in the orders that cost the same however long a list is, they hold a cursor."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from fakes.waiting import SECONDS
from scale_core.api.document import document_bytes

PATHS = json.loads(document_bytes())["paths"]
FLAT = {
    path: operations["get"]["x-scale-flat-orders"]
    for path, operations in PATHS.items()
    if "x-scale-flat-orders" in operations.get("get", {})
}
CURSOR = {"$ref": "#/components/parameters/cursor"}


@pytest.fixture(scope="module")
def seeded_http(seeded_url: str) -> Iterator[httpx.Client]:
    """A client of an installation that has processed files."""
    with httpx.Client(base_url=seeded_url, timeout=SECONDS, trust_env=False) as client:
        yield client


def walked(http: httpx.Client, first: str, link: str) -> list[dict[str, Any]]:
    """The first page, and those that its links lead to."""
    pages = [http.get(first).raise_for_status().json()]
    while pages[-1][link] is not None:
        assert len(pages) < 1000
        pages.append(http.get(pages[-1][link]).raise_for_status().json())
    return pages


def results(pages: list[dict[str, Any]]) -> list[Any]:
    """All results on the pages."""
    return [one for page in pages for one in page["results"]]


def test_lists_with_flat_orders_take_cursors_and_no_others_do() -> None:
    takes = {path for path, operations in PATHS.items() if CURSOR in operations.get("get", {}).get("parameters", ())}
    assert takes == set(FLAT)


@pytest.mark.parametrize("path", FLAT)
def test_next_leads_through_the_whole_list_and_previous_back(seeded_http: httpx.Client, path: str) -> None:
    for order in ("", *(f"&order={direction}{field}" for field in FLAT[path] for direction in ("", "-"))):
        whole = seeded_http.get(f"{path}?page_size=1000{order}").json()
        pages = walked(seeded_http, f"{path}?page_size=3{order}", "next")
        assert results(pages) == whole["results"], order
        assert {page["count"] for page in pages} == {whole["count"]}
        assert all("cursor=" in page["next"] and "page=" not in page["next"] for page in pages[:-1])
        if len(pages) > 1:
            # From the last page's own link, back to the first.
            back = walked(seeded_http, pages[-2]["next"], "previous")
            assert [page["results"] for page in back] == [page["results"] for page in reversed(pages)]


def test_links_keep_order_and_filters(seeded_http: httpx.Client) -> None:
    page = seeded_http.get("/jobs/?page=1&page_size=1&order=-last_modified&status=COMPLETED").json()
    sent = parse_qs(urlsplit(page["next"]).query)
    assert set(sent) == {"page_size", "order", "status", "cursor"}
    assert (sent["page_size"], sent["order"], sent["status"]) == (["1"], ["-last_modified"], ["COMPLETED"])


def test_other_orders_have_numbers_in_their_links(seeded_http: httpx.Client) -> None:
    for order in ("order=priority", "order=status&order=-id"):
        page = seeded_http.get(f"/jobs/?page_size=1&{order}").json()
        assert parse_qs(urlsplit(page["next"]).query)["page"] == ["2"]


@pytest.mark.parametrize("path", FLAT)
@pytest.mark.parametrize("cursor", ["x", "AAAA", "%00", "é", "AAAAAAAAAAAAWzAsMSwxXQ", "a" * 4096])
def test_what_is_no_cursor_is_400_and_named(seeded_http: httpx.Client, path: str, cursor: str) -> None:
    answer = seeded_http.get(f"{path}?cursor={cursor}")
    assert answer.status_code == 400, answer.text
    assert [one["pointer"] for one in answer.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ("order=-id", "cursor"),
        ("order=created", "cursor"),
        ("order=priority", "cursor"),
        ("order=id&order=created", "cursor"),
        ("status=COMPLETED", "cursor"),
        ("page=2", "page"),
    ],
)
def test_a_cursor_of_another_list_is_400(seeded_http: httpx.Client, changed: str, pointer: str) -> None:
    following = seeded_http.get("/jobs/?page_size=1&order=id").json()["next"]
    (cursor,) = parse_qs(urlsplit(following).query)["cursor"]
    answer = seeded_http.get(f"/jobs/?page_size=1&{changed}&cursor={cursor}")
    assert answer.status_code == 400, answer.text
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert seeded_http.get(f"/jobs/updates/?page_size=1&order=id&cursor={cursor}").status_code == 400
    assert seeded_http.get(f"/jobs/?page_size=2&order=id&cursor={cursor}").status_code == 200
