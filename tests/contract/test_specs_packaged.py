"""What is generated from the specifications agrees with them."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from scale_core.specs import SpecLibrary

pytestmark = pytest.mark.any_database

SPECS = Path(__file__).parents[2] / "specs"
EXAMPLES = sorted(SPECS.glob("*/valid/*.json"))


def identify(path: Path) -> str:
    return "/".join((path.parts[-3], path.stem))


@pytest.fixture(scope="module")
def library() -> SpecLibrary:
    return SpecLibrary.packaged()


def test_the_packaged_schemas_are_those_of_the_repository(library: SpecLibrary) -> None:
    source = SpecLibrary.from_tree(SPECS)

    assert library.names() == source.names()
    for name in source.names():
        assert library.versions(name) == source.versions(name)
        for version in source.versions(name):
            assert library.schema(name, version) == source.schema(name, version)


@pytest.mark.parametrize("path", EXAMPLES, ids=identify)
def test_a_typed_document_is_written_as_a_valid_document(library: SpecLibrary, path: Path) -> None:
    name = path.parts[-3]
    version = "1.0" if path.name.startswith("1.0-") else None
    document = library.check(name, json.loads(path.read_text(encoding="utf-8")), version=version)
    typed = getattr(import_module(f"scale_generated.specs.{name.replace('-', '_')}"), name.title().replace("-", ""))

    written = typed.from_document(document).to_document()

    assert library.problems(name, written) == []
    assert typed.from_document(written) == typed.from_document(document)
