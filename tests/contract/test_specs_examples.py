"""Every example beside a specification is judged as its folder says."""

import json
from pathlib import Path
from typing import Any

import pytest

from scale_core.domain.documents import document_problems
from scale_core.specs import InvalidDocument, SpecLibrary

pytestmark = pytest.mark.any_database

SPECS = Path(__file__).parents[2] / "specs"
VALID = sorted(SPECS.glob("*/valid/*.json"))
INVALID = sorted(SPECS.glob("*/invalid/*.json"))

REFERENCE = {
    "clock-trigger": {"hourly"},
    "configuration": {"example", "export", "job-type-details"},
    "error-interface": {"one-code", "configuration-export"},
    "ingest-trigger": {"text-file"},
    "job-data": {"make-geotiff", "new-job", "job-details"},
    "job-interface": {
        "make-geotiff",
        "detect-points",
        "kml-footprint",
        "create-job-type",
        "configuration-export",
        "recipe-type-details",
    },
    "job-results": {"job-details", "job-execution"},
    "parse-trigger": {
        "text-file",
        "create-job-type",
        "create-recipe-type",
        "recipe-type-details",
        "recipe-details",
    },
    "recipe-data": {"make-and-detect", "recipe-details"},
    "recipe-definition": {
        "make-and-detect",
        "recipe-details",
        "create-recipe-type",
        "recipe-type-details",
        "configuration-export",
    },
    "results-manifest": {"one-output", "parsed-input", "job-execution"},
    "strike": {"h5", "create-strike", "ingest-details"},
    "workspace": {"nfs"},
}


@pytest.fixture(scope="module")
def library() -> SpecLibrary:
    return SpecLibrary.from_tree(SPECS)


def read(path: Path) -> tuple[str, Any, str | None]:
    """Return the specification's name, the file's content, and the version that a silent document is read as."""
    version = "1.0" if path.name.startswith("1.0-") else None
    return path.parts[-3], json.loads(path.read_text(encoding="utf-8")), version


def identify(path: Path) -> str:
    return "/".join((path.parts[-3], path.stem))


@pytest.mark.parametrize("path", VALID, ids=identify)
def test_valid_example_is_accepted_and_upgrades_to_a_valid_document(library: SpecLibrary, path: Path) -> None:
    name, document, version = read(path)

    assert library.problems(name, document, version) == []
    upgraded = library.check(name, document, version=version)
    assert upgraded["version"] == library.latest(name)
    assert library.problems(name, upgraded) == []
    assert document == json.loads(path.read_text(encoding="utf-8")), "the given document was changed"


@pytest.mark.parametrize("path", VALID, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_valid_example_also_keeps_the_rules_that_a_schema_cannot_say(library: SpecLibrary, path: Path) -> None:
    name, document, version = read(path)
    assert document_problems(name, library.upgrade(name, document, version)) == []


@pytest.mark.parametrize("path", INVALID, ids=identify)
def test_invalid_example_is_refused_at_its_place_only(library: SpecLibrary, path: Path) -> None:
    name, example, version = read(path)
    assert set(example) == {"why", "pointer", "document"}

    problems = library.problems(name, example["document"], version)

    assert [problem.pointer for problem in problems] == [example["pointer"]], problems
    assert problems[0].detail
    with pytest.raises(InvalidDocument):
        library.check(name, example["document"], version=version)


@pytest.mark.parametrize("name", sorted(entry.name for entry in SPECS.iterdir()))
def test_every_specification_has_valid_and_invalid_examples(name: str) -> None:
    assert list(SPECS.glob(f"{name}/valid/*.json"))
    assert list(SPECS.glob(f"{name}/invalid/*.json"))


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_every_example_of_the_reference_is_here(name: str) -> None:
    found = {path.stem.removeprefix("reference-") for path in SPECS.glob(f"{name}/valid/reference-*.json")}
    assert found == REFERENCE[name]
