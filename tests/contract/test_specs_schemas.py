"""The schemas themselves: valid, complete, described, and of the forms that code is generated from."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from scale_core.specs import SpecLibrary

pytestmark = pytest.mark.any_database

SPECS = Path(__file__).parents[2] / "specs"
SCHEMAS = sorted(SPECS.glob("*/*.json"))
NAMES = {
    "clock-trigger",
    "configuration",
    "custom-resources",
    "error-interface",
    "execution-plan",
    "execution-report",
    "ingest-trigger",
    "job-data",
    "job-environment",
    "job-interface",
    "job-results",
    "parse-trigger",
    "recipe-data",
    "recipe-definition",
    "results-manifest",
    "retention",
    "scan",
    "strike",
    "workspace",
}


def identify(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def schema_of(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Walk the root, the definitions and the objects in their properties; not the conditions."""
    yield schema
    for child in [*schema.get("$defs", {}).values(), *schema.get("properties", {}).values()]:
        yield from objects(child)
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from objects(schema[keyword])


def test_the_specifications_of_the_architecture_are_there() -> None:
    library = SpecLibrary.from_tree(SPECS)

    assert set(library.names()) == NAMES
    assert library.versions("clock-trigger") == ["1.0", "1.1"]
    assert library.versions("results-manifest") == ["1.0", "1.1", "1.2"]


@pytest.mark.parametrize("path", SCHEMAS, ids=identify)
def test_schema_is_valid_2020_12_and_named_after_its_file(path: Path) -> None:
    schema = schema_of(path)

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:scale:spec:{path.parent.name}:{path.stem}"
    assert schema["title"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["version"]["const"] == path.stem


@pytest.mark.parametrize("path", SCHEMAS, ids=identify)
def test_every_object_and_property_has_a_description(path: Path) -> None:
    for schema in objects(schema_of(path)):
        assert schema.get("description"), schema


@pytest.mark.parametrize("path", SCHEMAS, ids=identify)
def test_every_property_says_its_type_plainly(path: Path) -> None:
    for schema in objects(schema_of(path)):
        for name, prop in schema.get("properties", {}).items():
            nullable = [part for part in prop.get("anyOf", []) if "$ref" in part or part == {"type": "null"}]
            assert "type" in prop or "$ref" in prop or len(nullable) == 2, name


@pytest.mark.parametrize("path", SCHEMAS, ids=identify)
def test_every_default_is_valid(path: Path) -> None:
    library = SpecLibrary.from_tree(SPECS)
    schema = schema_of(path)
    name, version = path.parent.name, path.stem
    examples = [{"version": version, **schema_of(example)} for example in sorted(SPECS.glob(f"{name}/valid/*.json"))]
    minimal = next(each for each in examples if each["version"] == version and not library.problems(name, each))
    for field, prop in schema["properties"].items():
        if "default" in prop and not (name == "execution-report" and field == "failure"):
            assert library.problems(name, {**minimal, field: prop["default"]}) == [], field
