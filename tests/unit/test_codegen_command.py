"""``scale codegen`` and ``scale codegen --check``."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result

from scale_codegen import plugin
from scale_codegen.cli import codegen
from scale_codegen.generate import PACKAGE, REFERENCE, generate

GOLDEN: Final = Path(__file__).parent / "codegen_golden"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository whose generated code is up to date."""
    shutil.copytree(GOLDEN, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(codegen, [str(argument) for argument in arguments])


def test_check_is_content_with_what_is_up_to_date(root: Path) -> None:
    result = _run("--check", "--root", root)
    assert (result.exit_code, result.output) == (0, f"{PACKAGE} is up to date.\n")


def test_check_shows_an_edit_and_the_command_that_mends_it(root: Path) -> None:
    edited = root / PACKAGE / "enums.py"
    edited.write_text(edited.read_text().replace('STORED = "STORED"', 'STORED = "KEPT"'))
    result = _run("--check", "--root", root)
    assert result.exit_code == 1
    assert f"--- {PACKAGE}/enums.py\n+++ {PACKAGE}/enums.py\n" in result.stdout
    assert '-    STORED = "KEPT"\n+    STORED = "STORED"\n' in result.stdout
    assert "is not up to date with openapi/ and specs/. Run `scale codegen`." in result.stderr


def test_check_holds_the_page_up_to_date_too(root: Path) -> None:
    page = root / REFERENCE
    page.write_text(page.read_text().replace("The bytes.", "Bytes."))
    result = _run("--check", "--root", root)
    assert result.exit_code == 1
    assert f"{REFERENCE}: outdated" in result.stderr


@pytest.mark.parametrize("name", ["routes.py", "py.typed"])
def test_check_fails_on_a_missing_file(root: Path, name: str) -> None:
    (root / PACKAGE / name).unlink()
    result = _run("--check", "--root", root)
    assert result.exit_code == 1
    assert f"{PACKAGE}/{name}: missing" in result.stderr


def test_check_fails_on_an_orphan(root: Path) -> None:
    (root / PACKAGE / "specs" / "old.py").write_text("x = 1\n")
    result = _run("--check", "--root", root)
    assert result.exit_code == 1
    assert f"{PACKAGE}/specs/old.py: orphan" in result.stderr
    assert "-x = 1" in result.stdout


def test_check_writes_nothing(root: Path) -> None:
    (root / PACKAGE / "routes.py").unlink()
    _run("--check", "--root", root)
    assert not (root / PACKAGE / "routes.py").exists()


def test_caches_of_python_are_no_orphans(root: Path) -> None:
    cache = root / PACKAGE / "__pycache__"
    cache.mkdir()
    (cache / "routes.cpython-311.pyc").write_bytes(b"\x00\xff")
    assert _run("--check", "--root", root).exit_code == 0


def test_writing_mends_edits_missing_files_and_orphans(root: Path) -> None:
    package = root / PACKAGE
    (package / "enums.py").write_text("edited\n")
    (package / "routes.py").unlink()
    (package / "old.py").write_text("")
    result = _run("--root", root)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"changed {PACKAGE}/enums.py",
        f"deleted {PACKAGE}/old.py",
        f"created {PACKAGE}/routes.py",
        f"{PACKAGE}: 18 files, 3 changed.",
    ]
    assert _run("--check", "--root", root).exit_code == 0


def test_the_repository_is_found_from_a_folder_below(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "specs" / "shelf")
    assert _run("--check").exit_code == 0


def test_outside_of_a_repository_it_says_what_it_looks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = _run("--check")
    assert result.exit_code == 2
    assert "openapi/scale.yaml" in result.stderr


@pytest.mark.parametrize("option", ["", "--check"])
def test_bad_documents_are_reported_and_nothing_is_written(root: Path, option: str) -> None:
    before = (root / PACKAGE / "routes.py").read_text()
    (root / "specs/shelf/1.0.json").write_text("{")
    result = _run("--root", root, *filter(None, [option]))
    assert result.exit_code == 2
    assert "specs/shelf/1.0.json: is not JSON" in result.stderr
    assert "1 problem(s) in openapi/ and specs/; nothing was generated." in result.stderr
    assert (root / PACKAGE / "routes.py").read_text() == before


def _reverse_keys(path: Path, *keys: str) -> None:
    document = json.loads(path.read_text())
    for key in keys:
        document[key] = dict(reversed(document[key].items()))
    path.write_text(json.dumps(document))


def test_the_order_of_definitions_does_not_matter(root: Path) -> None:
    """Only the documents that are passed on keep their order; of properties, order is meant."""
    before = generate(root)
    _reverse_keys(root / "specs/shelf/1.0.json", "$defs")
    scale = root / "openapi/scale.yaml"
    lines = scale.read_text().splitlines()
    schemas = [line for line in lines if "parts/schemas.yaml#" in line]
    start = lines.index(schemas[0])
    lines[start : start + len(schemas)] = reversed(schemas)
    paths = [line for line in lines if "parts/files.yaml#" in line]
    start = lines.index(paths[0])
    lines[start : start + len(paths)] = reversed(paths)
    scale.write_text("\n".join(lines))
    after = generate(root)
    assert {path for path in before if before[path] != after[path]} == {
        f"{PACKAGE}/openapi.json",
        f"{PACKAGE}/specs/schemas/shelf-1.0.json",
    }


def test_the_plugin_adds_the_command() -> None:
    assert plugin.scale_register_commands() == [codegen]
    assert hasattr(plugin.scale_register_commands, "scale_impl")


def test_the_plugin_loads_nothing_that_only_generation_needs() -> None:
    code = "import sys, scale_codegen.plugin; print({'jinja2', 'yaml', 'openapi_spec_validator'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
