"""Everything that the reference documents is in the document, and a Scale that has processed files answers it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from fakes.installations import installed
from fakes.lived import delete_old_files, live, tell_of_days
from fakes.running import RunningScale
from fakes.served import serving
from fakes.waiting import SECONDS
from scale_generated.routes import OPERATIONS, Operation

pytestmark = pytest.mark.any_database

REFERENCE: Final[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "reference.yaml").read_text())
DOCUMENT: Final[dict[str, Any]] = json.loads((resources.files("scale_generated") / "openapi.json").read_bytes())
BY_ID: Final = {operation.operation_id: operation for operation in OPERATIONS}
READING: Final = [name for name in REFERENCE if name in BY_ID and BY_ID[name].method == "GET"]

OPTIONAL: Final = {"list_metric_plot_data/results[]/values[]/id": "only where several choices are asked for"}
"""Fields of answers that need not be there, as the reference says."""

EMPTY: Final = {
    r"^(list_products/results\[\]|get_product)/deleted$": "the list has what is published, and is not deleted",
    r"node(s/results\[\]|_status/results\[\]/node|/node)?/archived$": "the one node that there is has not been absent",
    r"list_node(s|_status)/next$": "there is one node",
    r"strike/job/(job_type/author_(name|url)|error)$": "Scale's own job types have no author, and Strikes run",
    r"/job_exes_running\[\]/(job/error|error|ended|(pre|post)_started|\w+_(completed|exit_code))$": "told when it ends",
    r"^list_products/results\[\]/unpublished$": "the list has what is published",
}
"""Where nothing is answered, and why that is right."""

QUERIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "list_ingest_status": {"started": "P7D"},
}
"""What operations are asked for that answer little of themselves."""

JSON_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "integer": int,
    "number": (int, float),
    "string": str,
    "boolean": bool,
    "date-time": str,
    "date": str,
    "array": list,
    "object": dict,
}

each = pytest.mark.parametrize("name", REFERENCE)


def declared(name: str) -> dict[str, Any]:
    """The operation in the document."""
    operation = BY_ID[name]
    found: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return found


def resolved(node: Any) -> Any:
    while "$ref" in node:
        found: Any = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def parts(schema: Any) -> Iterator[Any]:
    """A schema and all that it is made of."""
    schema = resolved(schema)
    yield schema
    for word in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(word, ()):
            yield from parts(part)


def properties(schema: Any) -> dict[str, Any]:
    return {name: one for part in parts(schema) for name, one in part.get("properties", {}).items()}


def required(schema: Any) -> set[str]:
    return {name for part in parts(schema) for name in part.get("required", ())}


def type_of(schema: Any) -> str:
    """As :data:`REFERENCE` writes it."""
    for part in parts(schema):
        if part.get("format") in ("date-time", "date"):
            return str(part["format"])
        if "type" in part:
            return str(part["type"])
    return "any"


def differences(shape: Any, schema: Any, where: str, *, answers: bool) -> Iterator[str]:
    """What a schema says otherwise than a shape of the reference.

    :param answers: it is what is answered: the fields are always there.
    """
    if isinstance(shape, list):
        items = next((part["items"] for part in parts(schema) if "items" in part), None)
        if items is None:
            yield f"{where} is no array"
        else:
            yield from differences(shape[0], items, f"{where}[]", answers=answers)
        return
    if not isinstance(shape, dict):
        found = type_of(schema)
        if shape not in ("any", found) and (shape, found) != ("number", "integer"):
            yield f"{where} is {found}, not {shape}"
        return
    for name, inner in shape.items():
        here = f"{where}/{name}"
        if name not in properties(schema):
            yield f"{here} is missing"
            continue
        if answers and name not in required(schema) and here not in OPTIONAL:
            yield f"{here} may be left out"
        yield from differences(inner, properties(schema)[name], here, answers=answers)


def test_every_operation_is_served() -> None:
    assert set(REFERENCE) - set(BY_ID) == set()


@each
def test_every_parameter_is_taken(name: str) -> None:
    taken = {one["name"]: one["schema"] for one in map(resolved, declared(name).get("parameters", ()))}
    told = REFERENCE[name].get("parameters", {})
    assert set(told) - set(taken) == set()
    for parameter, kind in told.items():
        schema = resolved(taken[parameter])
        one = type_of(schema.get("items", schema))
        # A time may be a duration, too.
        assert one == ("string" if kind == "date-time" else kind), parameter


@each
def test_every_field_of_a_request_is_taken(name: str) -> None:
    if "request" not in REFERENCE[name]:
        return
    schema = next(iter(declared(name)["requestBody"]["content"].values()))["schema"]
    told = REFERENCE[name]["request"]
    faults = list(differences(told, schema, name, answers=False))
    assert [fault for fault in faults if not fault.endswith("is string, not date-time")] == []
    if "required" in REFERENCE[name]:
        assert sorted(required(schema)) == sorted(REFERENCE[name]["required"])


@each
def test_every_field_of_an_answer_is_described(name: str) -> None:
    responses = declared(name)["responses"]
    (success,) = [resolved(one) for status, one in responses.items() if status in ("200", "201")]
    schema = success["content"]["application/json"]["schema"]
    assert list(differences(REFERENCE[name]["response"], schema, name, answers=True)) == []


def paths(shape: Any, where: str) -> Iterator[tuple[str, str]]:
    """Where a shape has which types."""
    if isinstance(shape, list):
        yield where, "array"
        yield from paths(shape[0], f"{where}[]")
    elif isinstance(shape, dict):
        for name, inner in shape.items():
            yield from paths(inner, f"{where}/{name}")
    else:
        yield where, shape


def values(body: Any, path: str) -> Iterator[Any]:
    """What an answer has at a path; nothing where something on the way is null, an empty list, or, as the value of an
    input may be, no object."""
    if not path:
        yield body
    elif isinstance(body, dict):
        step, _, rest = path.partition("/")
        found = body[step.removesuffix("[]")]
        for one in (found or ()) if step.endswith("[]") else (found,):
            yield from values(one, rest)


class Lived:
    """Answers of an installation in which everything has happened: of each operation for all that there is."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._answers: dict[str, list[Any]] = {}

    def answers(self, name: str) -> list[Any]:
        if name not in self._answers:
            self._answers[name] = list(self._ask(BY_ID[name]))
        return self._answers[name]

    def _ask(self, operation: Operation) -> Iterator[Any]:
        query = QUERIES.get(operation.operation_id, {})
        if "{" not in operation.path:
            yield from self._pages(operation, operation.path, query)
            return
        listed, _, rest = operation.path.partition("{")
        for one in self._get(listed, {"page_size": 1000})["results"]:
            key = one["name"] if listed == "/metrics/" else one["id"]
            if operation.operation_id == "list_metric_plot_data":
                query = {"choice_id": [choice["id"] for choice in self._get(f"/metrics/{key}/", {})["choices"]]}
            yield from self._pages(operation, f"{listed}{key}{rest.partition('}')[2]}", query)

    def _pages(self, operation: Operation, path: str, query: Mapping[str, Any]) -> Iterator[Any]:
        yield self._get(path, query)
        if "next" in REFERENCE[operation.operation_id]["response"]:
            for page in (1, 2):
                yield self._get(path, {**query, "page_size": 1, "page": page})

    def _get(self, path: str, query: Mapping[str, Any]) -> Any:
        response = self._http.get(path, params=query)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    data_dir = tmp_path_factory.mktemp("lived") / "data"
    live(RunningScale(data_dir))
    with installed(data_dir) as context:
        tell_of_days(context)
        delete_old_files(context)
        with serving(context) as url, httpx.Client(base_url=url, timeout=SECONDS) as http:
            yield Lived(http)


@pytest.mark.parametrize("name", READING)
def test_every_field_is_answered_with_a_value_of_its_type(name: str, lived: Lived) -> None:
    empty = []
    for path, kind in paths(REFERENCE[name]["response"], ""):
        found = [one for body in lived.answers(name) for one in values(body, path.removeprefix("/"))]
        filled = [one for one in found if one not in (None, "", [], {})]
        if not filled and not any(re.search(pattern, f"{name}{path}") for pattern in EMPTY):
            empty.append(path)
        for one in filled if kind != "any" else ():
            assert isinstance(one, JSON_TYPES[kind]), (path, one)
            assert not isinstance(one, bool) or kind == "boolean", (path, one)
        if kind == "date-time":
            assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one) for one in filled), path
            assert all(datetime.fromisoformat(one) for one in filled)
        if kind == "date":
            assert all(date.fromisoformat(one) for one in filled), path
    assert empty == []


def examples(media: Mapping[str, Any]) -> list[Any]:
    """The examples of a request or an answer."""
    if "example" in media:
        return [media["example"]]
    return [resolved(one)["value"] for one in media.get("examples", {}).values()]


def fields_of(bodies: Iterable[Any]) -> set[str]:
    """The fields of bodies; of a page those of its results."""
    objects = [one for body in bodies for one in (body["results"] if "next" in body else [body])]
    return {name for one in objects for name in one}


@each
def test_what_the_reference_has_examples_of_has_examples_with_the_same_fields(name: str) -> None:
    operation, shown = declared(name), REFERENCE[name].get("shown", {})
    if "request" in shown:
        (media,) = operation["requestBody"]["content"].values()
        assert set(shown["request"]) - fields_of(examples(media)) == set()
    if "response" in shown:
        responses = (resolved(one) for status, one in operation["responses"].items() if status in ("200", "201"))
        media = next(responses)["content"]["application/json"]
        assert set(shown["response"]) - fields_of(examples(media)) == set()
