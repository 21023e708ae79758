"""Errors have one shape and come from one table: what the document says of each operation, and what is answered."""

import json
from importlib import resources
from typing import Any, Final

import httpx
import pytest

from scale_core.api.problems import STATUSES, TITLES
from scale_core.services.errors import ErrorService
from scale_generated.routes import OPERATIONS, Operation

pytestmark = pytest.mark.any_database

DOCUMENT: Final[dict[str, Any]] = json.loads((resources.files("scale_generated") / "openapi.json").read_bytes())
PUBLIC: Final = "public"

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation_id)


def declared(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return found


def errors_of(operation: Operation) -> dict[int, dict[str, Any]]:
    """The errors that the document says that an operation answers, by status."""
    responses = declared(operation)["responses"].items()
    shared = DOCUMENT["components"]["responses"]
    return {int(status): shared[one["$ref"].rpartition("/")[2]] for status, one in responses if int(status) >= 400}


@each_operation
def test_what_follows_from_what_an_operation_is(operation: Operation) -> None:
    told = set(errors_of(operation))
    assert {400, 500} <= told
    assert ("{" in operation.path) <= (404 in told)
    assert ("requestBody" in declared(operation)) == ({413, 415} <= told)
    assert (operation.role != PUBLIC) <= ({401, 403} <= told)


@each_operation
def test_each_error_is_a_problem_or_its_text(operation: Operation) -> None:
    for status, response in errors_of(operation).items():
        problem = response["content"]["application/problem+json"]
        assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert (problem["example"]["status"], problem["example"]["title"]) == (status, TITLES[status])
        assert response["content"]["text/plain"]["example"] == problem["example"]["detail"]


def test_every_status_of_the_table_is_documented_by_some_operation() -> None:
    told = {status for operation in OPERATIONS for status in errors_of(operation)}
    assert {status for _, status in STATUSES} <= told
    # No operation's own: the path is there, but not for this method; nothing that can be answered is accepted.
    assert set(TITLES) - told == {405, 406}


@pytest.mark.parametrize(
    ("accept", "content_type"), [("*/*", "application/problem+json"), ("text/plain", "text/plain")]
)
def test_what_nobody_expected_is_told_like_every_error(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch, accept: str, content_type: str
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(ErrorService, "list", fail)
    response = http.get("/errors/", headers={"Accept": accept})
    assert response.status_code == 500
    assert response.headers["content-type"].partition(";")[0] == content_type
    assert "secret" not in response.text
    if accept == "*/*":
        assert response.json()["title"] == TITLES[500]
        assert response.json()["instance"] == "/errors/"
