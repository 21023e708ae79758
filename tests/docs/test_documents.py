"""What the documents say can be followed: links lead somewhere, examples can be read, commands exist."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob("tests/**/*.md")]
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
READERS = {"json": json.loads, "toml": tomllib.loads}
DIAGRAMS = {"flowchart", "sequenceDiagram", "stateDiagram-v2", "classDiagram", "erDiagram"}
MAKE = re.compile(r"(?:`|^(?:\$ | {4}))make ([a-z][a-z-]*)\b", re.MULTILINE)
TOX_INI = (ROOT / "tox.ini").read_text(encoding="utf-8")
TOX = re.compile(r"`tox (?:run )?-e ([a-z-]+)")


def text_without_blocks(document: Path) -> str:
    return BLOCK.sub("", document.read_text(encoding="utf-8"))


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", text_without_blocks(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(document: Path) -> Iterator[str]:
    for link in LINK.findall(text_without_blocks(document)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            yield link


@pytest.fixture(params=DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def document(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_every_link_inside_the_repository_leads_somewhere(document: Path) -> None:
    assert list(broken_links(document)) == []


def test_every_example_in_json_or_toml_can_be_read(document: Path) -> None:
    for language, example in BLOCK.findall(document.read_text(encoding="utf-8")):
        if language in READERS:
            READERS[language](example)


def test_every_diagram_has_a_kind_and_content(document: Path) -> None:
    for language, diagram in BLOCK.findall(document.read_text(encoding="utf-8")):
        if language == "mermaid":
            kind, *lines = filter(str.strip, diagram.splitlines())
            assert kind.split()[0] in DIAGRAMS
            assert lines


def test_every_document_is_named_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"]({page})" in index} == pages


def test_every_make_target_and_tox_environment_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(MAKE.findall(text)) <= targets
    assert set(TOX.findall(text)) <= set(re.findall(r"^\[testenv:([a-z-]+)\]", TOX_INI, re.MULTILINE))


def test_the_environment_with_all_tests_leaves_none_out() -> None:
    """Every environment is run with the others, or in the one that they share."""
    listed = re.search(r"^env_list = (.*)$", TOX_INI, re.MULTILINE)
    shared = re.search(r"^\[testenv:tests\]\n(?:.+\n)+", TOX_INI, re.MULTILINE)
    assert listed
    assert shared
    run = {*listed[1].split(", "), *re.findall(r"{\[testenv:([a-z-]+)\]commands}", shared[0])}
    assert run | {"wheel-build"} == set(re.findall(r"^\[testenv:([a-z-]+)\]", TOX_INI, re.MULTILINE))
    assert {path.name for path in (ROOT / "tests").iterdir() if any(path.glob("test_*.py"))} <= run
