"""The links of the document lead from what lists everything to everything else."""

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

import httpx
import pytest

from fakes.waiting import SECONDS
from scale_generated.routes import OPERATIONS, Operation

pytestmark = pytest.mark.any_database

DOCUMENT: Final[dict[str, Any]] = json.loads((resources.files("scale_generated") / "openapi.json").read_bytes())
BY_ID: Final = {operation.operation_id: operation for operation in OPERATIONS}
READING: Final = [operation for operation in OPERATIONS if operation.method == "GET" and operation.success_status < 300]
POINTER: Final = "$response.body#"


def links(operation: Operation) -> Iterator[tuple[Operation, dict[str, Any]]]:
    """The operations that its success leads to, with the parameters that they take from there."""
    responses = DOCUMENT["paths"][operation.path][operation.method.lower()]["responses"]
    for link in responses[str(operation.success_status)].get("links", {}).values():
        yield BY_ID[link["operationId"]], link["parameters"]


def follow(body: Any, expression: str) -> str:
    """What a link's expression stands for in the body of an answer."""
    if not expression.startswith(POINTER):
        return expression
    for step in expression.removeprefix(f"{POINTER}/").split("/"):
        body = body[int(step)] if isinstance(body, list) else body[step]
    return str(body)


@pytest.fixture(scope="module")
def reached(seeded_url: str) -> dict[str, httpx.Response]:
    """The answer of each operation that reads, as far as links lead to it from those that need no id."""
    found: dict[str, httpx.Response] = {}
    waiting = [(operation, operation.path) for operation in READING if "{" not in operation.path]
    with httpx.Client(base_url=seeded_url, timeout=SECONDS) as client:
        while waiting:
            operation, path = waiting.pop(0)
            if operation.operation_id in found:
                continue
            response = found[operation.operation_id] = client.get(path)
            for target, parameters in links(operation):
                if target in READING:
                    given = {name: follow(response.json(), value) for name, value in parameters.items()}
                    waiting.append((target, target.path.format(**given)))
    return found


@pytest.mark.parametrize("operation", READING, ids=lambda operation: operation.operation_id)
def test_what_can_be_read_is_reached_by_links_and_answers(
    reached: dict[str, httpx.Response], operation: Operation
) -> None:
    response = reached[operation.operation_id]
    assert response.status_code == operation.success_status, response.text


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.path_parameters], ids=lambda operation: operation.operation_id
)
def test_what_takes_an_id_is_led_to_with_it(operation: Operation) -> None:
    given = [set(parameters) for source in OPERATIONS for target, parameters in links(source) if target == operation]
    assert set(operation.path_parameters) in given
