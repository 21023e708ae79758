"""The schemas of what users write: each in one piece, and saying what the API does."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from scale_core.api.document import document_bytes

SPECS = Path(__file__).resolve().parents[2] / "specs"
DOCUMENT = json.loads(document_bytes())
EXAMPLES = DOCUMENT["components"]["examples"]


def bodies() -> dict[str, list[Any]]:
    """The examples of bodies, by the names of their schemas."""
    found: dict[str, list[Any]] = {}
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is not None:
                names = [one["$ref"].rpartition("/")[2] for one in content["examples"].values()]
                found[content["schema"]["$ref"].rpartition("/")[2]] = [EXAMPLES[name]["value"] for name in names]
    return found


BODIES = bodies()


def validator(http: httpx.Client, name: str) -> Draft202012Validator:
    """What checks documents by the schema that is served; it needs nothing beside it."""
    schema = http.get(f"/schemas/{name}/").raise_for_status().json()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("name", BODIES)
def test_the_examples_of_a_body_fit_its_schema(reading_http: httpx.Client, name: str) -> None:
    checks = validator(reading_http, name)
    assert BODIES[name]
    for body in BODIES[name]:
        assert [error.message for error in checks.iter_errors(body)] == []


# Of a workspace, the specification lets brokers say what they take; here those that are installed have said it.
NAMES = sorted({path.name for path in SPECS.iterdir() if path.is_dir()} - {"workspace"})


@pytest.mark.parametrize("name", NAMES)
def test_documents_of_the_latest_version_fit_their_schema(reading_http: httpx.Client, name: str) -> None:
    checks = validator(reading_http, name)
    latest = max((SPECS / name).glob("*.json")).stem
    documents = [json.loads(path.read_text()) for path in (SPECS / name / "valid").glob("*.json")]
    said = [one for one in documents if one.get("version") == latest]
    assert said
    for document in said:
        assert [error.message for error in checks.iter_errors(document)] == []


def test_a_broker_is_one_of_those_that_are_installed(reading_http: httpx.Client) -> None:
    checks = validator(reading_http, "NewWorkspace")
    broker = {"type": "host", "host_path": "/data"}
    body = {"name": "raw", "json_config": {"broker": broker}}
    assert checks.is_valid(body)
    for wrong in ({**broker, "type": "gridfs"}, {**broker, "bucket_name": "raw"}, {"type": "s3"}):
        assert not checks.is_valid({**body, "json_config": {"broker": wrong}})


def test_the_configuration_of_a_rule_is_that_of_its_type(reading_http: httpx.Client) -> None:
    checks = validator(reading_http, "NewTriggerRule")
    parse = {"data": {"input_data_name": "file", "workspace_name": "raw"}}
    assert checks.is_valid({"type": "PARSE", "configuration": parse})
    assert not checks.is_valid({"type": "CLOCK", "configuration": parse})


def test_the_parameters_of_a_clock_rule_are_those_of_its_processor(reading_http: httpx.Client) -> None:
    checks = validator(reading_http, "clock-trigger")
    rule = {"event_type": "RETENTION", "schedule": "PT24H"}
    assert checks.is_valid({**rule, "parameters": {}})
    assert not checks.is_valid({**rule, "parameters": {"cheese": 1}})


def test_a_schema_of_nothing_is_not_found(reading_http: httpx.Client) -> None:
    response = reading_http.get("/schemas/cheese/")
    assert (response.status_code, response.json()["detail"]) == (404, "There is no schema 'cheese'.")
