"""What holds for every operation (endpoints: Settled 1 to 3, 7, 15, 16, 18)."""

import json
from dataclasses import replace
from importlib import resources
from typing import Any

import httpx
import pytest

from fakes.served import serving
from fakes.waiting import SECONDS
from scale_core.api.problems import TITLES
from scale_core.services.context import Context
from scale_generated.routes import OPERATIONS, Operation

LISTS = [
    operation.path
    for operation in OPERATIONS
    if operation.method == "GET" and "{" not in operation.path and operation.query is not None
]
PAGED = [path for path in LISTS if path != "/configuration/"]
ORDERED = ["/errors/", "/jobs/", "/job-types/", "/recipes/", "/sources/", "/products/", "/ingests/", "/nodes/"]
BY_ID = [
    operation.path
    for operation in OPERATIONS
    if operation.method == "GET" and len(operation.integer_path_parameters) == 1 and "{stream}" not in operation.path
]


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem of an error response."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["detail"]
    return body


FIXED = sorted({operation.path for operation in OPERATIONS if "{" not in operation.path})


@pytest.mark.parametrize("path", [path for path in FIXED if not path.startswith("/stac/")])
def test_a_path_without_its_slash_answers_308_to_the_one_with_it(reading_http: httpx.Client, path: str) -> None:
    response = reading_http.get(f"{path.rstrip('/')}?page=2")
    assert response.status_code == 308
    assert response.headers["location"] == f"{path}?page=2"


def test_everything_is_served_under_v3_too_and_its_urls_stay_there(reading_http: httpx.Client) -> None:
    first = reading_http.get("/v3/errors/?page_size=1").json()
    assert first["next"].startswith(f"{reading_http.base_url}/v3/errors/?".replace("//v3", "/v3"))
    assert reading_http.get(first["next"]).json()["results"] != first["results"]
    assert reading_http.get("/v3/errors").headers["location"] == "/v3/errors/"


@pytest.mark.parametrize("path", PAGED)
@pytest.mark.parametrize("query", ["page=0", "page=x", "page_size=0", "page_size=1001", "nonsense=1"])
def test_a_wrong_parameter_is_400_and_named(reading_http: httpx.Client, path: str, query: str) -> None:
    body = problem(reading_http.get(f"{path}?{query}"), 400)
    assert [error["pointer"] for error in body["errors"]] == [query.partition("=")[0]]


@pytest.mark.parametrize("path", ORDERED)
def test_an_unknown_order_is_400_and_names_what_can_be_ordered_by(reading_http: httpx.Client, path: str) -> None:
    body = problem(reading_http.get(f"{path}?order=-nonsense"), 400)
    assert "nonsense" in body["detail"]
    assert "last_modified" in body["detail"]


@pytest.mark.parametrize("path", ORDERED)
def test_every_list_takes_repeated_orders(reading_http: httpx.Client, path: str) -> None:
    assert reading_http.get(f"{path}?order=-created&order=id").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "started=2015-01-01T00:00:00",
        "started=yesterday",
        "ended=2015-13-01T00:00:00Z",
        "started=2020-01-01T00:00:00Z&ended=2019-01-01T00:00:00Z",
        "started=P1X",
    ],
)
def test_a_time_that_is_none_is_400(reading_http: httpx.Client, query: str) -> None:
    body = problem(reading_http.get(f"/errors/?{query}"), 400)
    assert [error["pointer"] for error in body["errors"]] == [query.partition("=")[0]]


@pytest.mark.parametrize(("query", "count"), [("started=PT1H", True), ("ended=2015-01-01T00:00:00Z", False)])
def test_times_select_by_last_modified(reading_http: httpx.Client, query: str, count: bool) -> None:
    assert bool(reading_http.get(f"/errors/?{query}").json()["count"]) is count


@pytest.mark.parametrize("path", BY_ID)
@pytest.mark.parametrize("wrong", ["abc", "0", "-1", "1.5", "99999999999999999999"])
def test_a_malformed_id_is_400(reading_http: httpx.Client, path: str, wrong: str) -> None:
    head, _, rest = path.partition("{")
    body = problem(reading_http.get(f"{head}{wrong}{rest.partition('}')[2]}"), 400)
    assert "id" in body["detail"]


@pytest.mark.parametrize("path", BY_ID)
def test_an_unknown_id_is_404(reading_http: httpx.Client, path: str) -> None:
    head, _, rest = path.partition("{")
    body = problem(reading_http.get(f"{head}987654321{rest.partition('}')[2]}"), 404)
    assert "987654321" in body["detail"]


@pytest.mark.parametrize("path", ["/metrics/a%0A/", "/sources/%0A/", "/ingests/a%0Ab/"])
def test_what_has_a_line_break_in_its_name_is_404(reading_http: httpx.Client, path: str) -> None:
    assert "line break" in problem(reading_http.get(path), 404)["detail"]


def test_a_client_that_asks_for_text_gets_the_message_as_text(reading_http: httpx.Client) -> None:
    response = reading_http.get("/errors/987654321/", headers={"accept": "text/plain"})
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text == reading_http.get("/errors/987654321/").json()["detail"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation_id)
def test_every_operation_says_the_same_to_a_client_that_asks_for_text(
    reading_http: httpx.Client, operation: Operation
) -> None:
    path = operation.path.format(**dict.fromkeys(operation.path_parameters, "987654321"))
    asked = [
        reading_http.request(operation.method, f"{path}?nonsense=1", json={}, headers={"accept": accept})
        for accept in ("application/json", "text/plain")
    ]
    body = problem(asked[0], 400)
    assert "nonsense" in [error["pointer"] for error in body["errors"]]
    assert body["instance"] == path
    assert (asked[1].status_code, asked[1].text) == (400, body["detail"])
    assert asked[1].headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation_id)
def test_a_method_that_is_not_there_is_405_with_those_that_are(
    reading_http: httpx.Client, operation: Operation
) -> None:
    path = operation.path.format(**dict.fromkeys(operation.path_parameters, "1"))
    response = reading_http.options(path)
    there = {one.method for one in OPERATIONS if one.path == operation.path}
    assert set(response.headers["allow"].split(", ")) - {"HEAD"} == there
    assert "OPTIONS" in problem(response, 405)["detail"]


def test_the_titles_of_the_document_are_those_that_are_answered() -> None:
    document = json.loads((resources.files("scale_generated") / "openapi.json").read_text())
    errors = [one for name, one in document["components"]["responses"].items() if name != "NotModified"]
    for response in errors:
        example = response["content"]["application/problem+json"]["example"]
        assert TITLES[example["status"]] == example["title"]


def test_a_request_that_cannot_be_read_is_wrong_as_a_whole(reading_http: httpx.Client) -> None:
    response = reading_http.post("/errors/", headers={"content-type": "application/json"})
    assert [error["pointer"] for error in problem(response, 400)["errors"]] == [""]


def test_what_a_reading_request_says_of_a_body_is_not_looked_at(reading_http: httpx.Client) -> None:
    response = reading_http.get("/version/", headers={"content-type": "multipart/form-data"})
    assert response.status_code == 200


def test_an_unknown_path_is_a_problem_too(reading_http: httpx.Client) -> None:
    problem(reading_http.get("/nothing/here/"), 404)
    problem(reading_http.delete("/errors/"), 405)


def test_a_body_that_is_no_json_says_where(reading_http: httpx.Client) -> None:
    response = reading_http.post(
        "/errors/", content=b'{"name": "x",\n "name": 1}', headers={"content-type": "application/json"}
    )
    assert "line 2" in problem(response, 400)["detail"]


def test_a_body_of_another_media_type_is_415(reading_http: httpx.Client) -> None:
    problem(reading_http.post("/errors/", data={"name": "x"}), 415)


def test_a_missing_body_is_400(reading_http: httpx.Client) -> None:
    problem(reading_http.post("/errors/", headers={"content-type": "application/json"}), 400)


def test_everything_wrong_with_a_body_is_said_at_once_with_pointers(reading_http: httpx.Client) -> None:
    body = problem(
        reading_http.post("/errors/", json={"name": "no spaces please", "category": "NONE", "extra": 1}), 400
    )
    assert {error["pointer"] for error in body["errors"]} == {"/name", "/category", "/extra"}


@pytest.mark.parametrize("path", ["/errors/1/", "/nodes/1/", "/scheduler/"])
def test_an_empty_update_is_400(reading_http: httpx.Client, path: str) -> None:
    problem(reading_http.patch(path, json={}), 400)


def test_a_foreign_host_name_is_refused(reading_http: httpx.Client) -> None:
    assert reading_http.get("/version/", headers={"host": "evil.example"}).status_code == 400


def test_the_document_and_its_documentation_are_served(reading_http: httpx.Client) -> None:
    document = reading_http.get("/openapi.json").json()
    assert {operation.path for operation in OPERATIONS} == set(document["paths"])
    assert document == json.loads((resources.files("scale_generated") / "openapi.json").read_text())
    assert reading_http.get("/v3/openapi.json").json() == document
    assert reading_http.get("/").headers["location"] == "/docs/"
    assert reading_http.get("/v3/").headers["location"] == "/v3/docs/"
    page = reading_http.get("/docs/")
    assert page.status_code == 200
    assert "swagger" in page.text.lower()


def test_absolute_urls_begin_with_the_public_url(served_context: Context) -> None:
    settings = replace(served_context.settings, public_url="https://scale.example/api")
    with serving(replace(served_context, settings=settings)) as address:
        page = httpx.get(f"{address}/errors/?page_size=1", trust_env=False, timeout=SECONDS)
        by_name = httpx.get(f"{address}/version/", headers={"Host": "scale.example"}, trust_env=False, timeout=SECONDS)
        foreign = httpx.get(f"{address}/version/", headers={"Host": "other.example"}, trust_env=False, timeout=SECONDS)
    assert page.json()["next"].startswith("https://scale.example/api/errors/?")
    assert (by_name.status_code, foreign.status_code) == (200, 400)
