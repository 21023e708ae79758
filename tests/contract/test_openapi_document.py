"""The HTTP contract in openapi/ keeps OpenAPI 3.0 and the conventions that generation and the service rely on."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from openapi_spec_validator import OpenAPIV30SpecValidator
from referencing import Registry, Resource

pytestmark = pytest.mark.any_database

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "openapi"
ROOT = FOLDER / "scale.yaml"
# The tree is read once per run; the C loader, where there is one, takes a tenth of the time.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
METHODS = ("get", "put", "post", "patch", "delete")
COMMON = {"page", "page_size", "started", "ended", "order"}
# Statistics: pages in an order of their own, some of them about now and not about a time range.
STATISTICS = {
    "list_ingest_status": COMMON - {"order"},
    "list_job_type_status": COMMON - {"order"},
    "list_node_status": COMMON - {"order"},
    "list_running_job_types": {"page", "page_size"},
    "list_job_type_system_failures": {"page", "page_size"},
    "list_job_load": COMMON - {"order"},
    "list_metrics": {"page", "page_size"},
    "list_plugins": {"page", "page_size"},
    "list_metric_plot_data": COMMON - {"order"},
}
NULL = {"type": "object", "nullable": True, "enum": [None]}


class Tree:
    """The files below openapi/, each read once, and what their references lead to."""

    def __init__(self) -> None:
        self._files: dict[Path, Any] = {}

    def load(self, file: Path) -> Any:
        if file not in self._files:
            self._files[file] = yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - both are safe
        return self._files[file]

    def follow(self, node: Any, file: Path) -> tuple[Any, Path]:
        """The node, or what it refers to, and the file where that is."""
        while isinstance(node, dict) and "$ref" in node:
            target, _, pointer = node["$ref"].partition("#")
            file = (file.parent / target).resolve() if target else file
            node = self.load(file)
            for step in pointer.strip("/").split("/"):
                node = node[step.replace("~1", "/").replace("~0", "~")]
        return node, file

    def resolve(self, node: Any, file: Path) -> Any:
        """The node with every reference replaced by what it leads to."""
        node, file = self.follow(node, file)
        if isinstance(node, dict):
            return {key: self.resolve(value, file) for key, value in node.items()}
        if isinstance(node, list):
            return [self.resolve(item, file) for item in node]
        return node


@dataclass(frozen=True)
class Operation:
    path: str
    method: str
    raw: dict[str, Any] = field(repr=False)
    content: dict[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        return str(self.content.get("operationId", f"{self.method} {self.path}"))

    def media(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What goes in and, in case of success, out: a label and the media type object."""
        for media_type, media in self.content.get("requestBody", {}).get("content", {}).items():
            yield f"request {media_type}", media
        for status, response in self.content["responses"].items():
            if status.startswith("2"):
                for media_type, media in response.get("content", {}).items():
                    yield f"{status} {media_type}", media


TREE = Tree()


def _served() -> Iterator[tuple[str, Path, str]]:
    for path, item in TREE.load(ROOT)["paths"].items():
        file, _, key = item["$ref"].partition("#/")
        yield path, FOLDER / file, key


def _operations() -> list[Operation]:
    """Every operation that is served."""
    found = []
    for path, file, key in _served():
        for method, raw in TREE.load(file)[key].items():
            found.append(Operation(path, method, raw, TREE.resolve(raw, file)))
    return found


OPERATIONS = _operations()
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A resolved schema as a validator has to see it.

    ``allOf`` is flattened and unknown properties are refused, so that an example cannot have a field that is not
    described; ``nullable`` beside ``allOf`` or ``oneOf`` becomes a real alternative, as it is meant.
    """
    if "oneOf" in schema:
        choices = [plain(part) for part in schema["oneOf"]]
        return {"oneOf": [*choices, NULL] if schema.get("nullable") else choices}
    if len(schema.get("allOf", ())) == 1 and "properties" not in schema:
        inner = plain(schema["allOf"][0])
        return {"anyOf": [inner, NULL]} if schema.get("nullable") else inner
    flat = {key: value for key, value in schema.items() if key not in ("allOf", "properties", "required", "items")}
    required, properties = _flatten(schema)
    if properties:
        flat |= {"type": "object", "required": required, "properties": {k: plain(v) for k, v in properties.items()}}
        flat.setdefault("additionalProperties", False)
    if not flat.get("required", True):
        del flat["required"]
    if "items" in schema:
        flat["items"] = plain(schema["items"])
    return flat


def _flatten(schema: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    required: list[str] = []
    properties: dict[str, Any] = {}
    for part in schema.get("allOf", ()):
        more_required, more_properties = _flatten(part)
        required += more_required
        properties |= more_properties
    return required + schema.get("required", []), properties | schema.get("properties", {})


def spec_documents(schema: dict[str, Any], value: Any) -> Iterator[tuple[str, Any]]:
    """The documents in an example that have to keep a spec, with the spec's name."""
    if value is None or value == {}:
        return
    if "x-scale-spec" in schema:
        yield schema["x-scale-spec"], value
    for key, inner in _flatten(schema)[1].items():
        if isinstance(value, dict) and key in value:
            yield from spec_documents(inner, value[key])
    if isinstance(value, list) and "items" in schema:
        for item in value:
            yield from spec_documents(schema["items"], item)


def examples_of(media: dict[str, Any]) -> dict[str, Any]:
    if "example" in media:
        return {"example": media["example"]}
    return {name: example["value"] for name, example in media.get("examples", {}).items()}


def test_the_tree_is_openapi_3_0() -> None:
    errors = list(OpenAPIV30SpecValidator(TREE.load(ROOT), base_uri=ROOT.as_uri()).iter_errors())

    assert [error.message for error in errors] == []


def test_operation_ids_are_unique() -> None:
    names = [operation.name for operation in OPERATIONS]

    assert sorted(names) == sorted(set(names))


def test_every_fragment_is_served() -> None:
    served = {(file, key) for _, file, key in _served()}
    written = {(file, key) for file in (FOLDER / "paths").glob("*.yaml") for key in TREE.load(file)}

    assert {(file.name, key) for file, key in written - served} == set()


def test_everything_written_is_registered_in_the_root() -> None:
    components = TREE.load(ROOT)["components"]
    for section, files in {
        "schemas": sorted((FOLDER / "schemas").glob("*.yaml")),
        "examples": sorted((FOLDER / "examples").glob("*.yaml")),
        "parameters": [FOLDER / "parameters.yaml"],
        "responses": [FOLDER / "responses.yaml"],
    }.items():
        written = {(file, name) for file in files for name in TREE.load(file)}
        registered = {
            ((FOLDER / file).resolve(), name)
            for file, _, name in (node["$ref"].partition("#/") for node in components[section].values())
        }
        assert written == registered, section


def test_every_component_is_used() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in FOLDER.rglob("*.yaml"))
    used = set(re.findall(r"scale\.yaml#/components/(\w+)/(\w+)", text))
    for part in TREE.load(ROOT)["x-scale-common"].values():
        used |= {("securitySchemes", name) for way in part.get("security", ()) for name in way}
    registered = {(section, name) for section, entries in TREE.load(ROOT)["components"].items() for name in entries}

    assert registered - used == set()


@each_operation
def test_an_operation_is_described(operation: Operation) -> None:
    content = operation.content
    tags = {tag["name"] for tag in TREE.load(ROOT)["tags"]}

    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", content["operationId"])
    assert len(content["tags"]) == 1
    assert set(content["tags"]) <= tags
    assert content["summary"]
    assert content["description"].endswith(".")
    assert all(parameter["description"] for parameter in content.get("parameters", ()))
    assert operation.method in METHODS
    assert operation.path.endswith("/")


@each_operation
def test_errors_are_shared_problem_documents(operation: Operation) -> None:
    errors = {status: raw for status, raw in operation.raw["responses"].items() if status >= "400"}

    for status, raw in errors.items():
        assert raw["$ref"].startswith("../scale.yaml#/components/responses/")
        response = operation.content["responses"][status]
        assert set(response["content"]) == {"application/problem+json", "text/plain"}
        assert response["content"]["application/problem+json"]["example"]["status"] == int(status)


@each_operation
def test_the_parameters_of_the_path_are_described(operation: Operation) -> None:
    described = [p["name"] for p in operation.content.get("parameters", ()) if p["in"] == "path"]
    assert sorted(described) == sorted(re.findall(r"{(\w+)}", operation.path))


@each_operation
def test_a_body_refuses_unknown_fields_and_an_empty_change(operation: Operation) -> None:
    for media in operation.content.get("requestBody", {}).get("content", {}).values():
        schema = media["schema"]
        # What is a file as a whole is read, and checked against its spec, by the service.
        is_file = schema.get("format") == "binary" or "x-scale-spec" in schema
        assert is_file or schema["additionalProperties"] is False
        if operation.method == "patch":
            assert media["schema"]["minProperties"] == 1


@each_operation
def test_a_page_takes_the_common_parameters(operation: Operation) -> None:
    schema = operation.content["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema")
    if operation.method != "get" or schema is None or "next" not in schema.get("properties", {}):
        return
    shared = {raw["$ref"].rpartition("/")[2] for raw in operation.raw["parameters"] if "$ref" in raw}

    assert list(schema["properties"]) == ["count", "next", "previous", "results"]
    assert shared & COMMON == STATISTICS.get(operation.name, COMMON)


@each_operation
def test_parameters_that_repeat_are_forms(operation: Operation) -> None:
    for parameter in operation.content.get("parameters", ()):
        if parameter["schema"]["type"] == "array":
            assert (parameter["style"], parameter["explode"]) == ("form", True)


@each_operation
def test_what_is_created_says_where(operation: Operation) -> None:
    created = operation.content["responses"].get("201")
    if created is not None:
        assert "Location" in created["headers"]


@each_operation
def test_examples_keep_their_schemas(operation: Operation) -> None:
    for label, media in operation.media():
        examples = examples_of(media)
        assert examples, f"{operation.name}: {label} has no example"
        validator = OAS30Validator(plain(media["schema"]), format_checker=oas30_format_checker)
        for name, value in examples.items():
            faults = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
            assert faults == [], f"{operation.name}: {label}, example {name}"


@pytest.fixture(scope="module")
def specs() -> Registry[Any]:
    """Every schema in specs/ by its $id, and under ``NAME`` that of the latest version."""
    registry: Registry[Any] = Registry()
    for file in sorted((REPOSITORY / "specs").glob("*/*.json")):
        resource = Resource.from_contents(json.loads(file.read_text(encoding="utf-8")))
        registry = registry.with_resource(resource.contents["$id"], resource).with_resource(file.parent.name, resource)
    return registry


@each_operation
def test_documents_in_examples_keep_their_specs(operation: Operation, specs: Registry[Any]) -> None:
    for label, media in operation.media():
        for name, value in examples_of(media).items():
            for spec, document in spec_documents(media["schema"], value):
                validator = Draft202012Validator(specs.contents(spec), registry=specs)
                faults = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
                assert faults == [], f"{operation.name}: {label}, example {name}, {spec}"
