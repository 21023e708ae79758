"""Beginning a plugin: what it may be called, what is written, and that nothing is overwritten."""

import ast
import inspect
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from scale_core.plugin import specs
from scale_core.plugin.registry import load_registry
from scale_core.plugin.scaffold.kinds import KINDS, Kind, kind_named
from scale_core.plugin.scaffold.names import MAX_NAME, NameRefused, Names, names_of
from scale_core.plugin.scaffold.write import TEMPLATES, files_of, new_plugin

HOOKS = [name for name, _hook in inspect.getmembers(specs, inspect.isfunction) if name.startswith("scale_")]
BROKER = kind_named("broker")
NOTHING = load_registry(entry_points=False)


def named(name: str, *taken: str) -> Names:
    return names_of(name, taken, lambda package: package == "installed")


def test_every_hook_belongs_to_one_kind() -> None:
    assert Counter(hook for kind in KINDS for hook in kind.hooks) == Counter(HOOKS)


def test_every_kind_has_templates_and_every_folder_of_templates_a_kind() -> None:
    assert {folder.name for folder in TEMPLATES.iterdir()} == {kind.name for kind in KINDS} | {"common"}


def test_everything_is_named_after_the_plugin() -> None:
    names = named("acme-shelf-2")
    assert (names.package, names.class_name) == ("acme_shelf_2", "AcmeShelf2")
    assert (names.constant, names.title) == ("ACME_SHELF_2", "Acme Shelf 2")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Acme_Shelf", "such as 'acme-shelf'"),
        ("acme--shelf", "such as 'acme-shelf'"),
        ("-acme-", "such as 'acme'"),
        ("9lives", "such as 'lives'"),
        ("acme/../shelf", "such as 'acme-shelf'"),
        ("..", "PEP 503"),
        ("", "PEP 503"),
        ("größe", "PEP 503"),
        ("acme\n", "such as 'acme'"),
        ("class", "such as 'acme-class'"),
        ("match", "such as 'acme-match'"),
        ("tests", "such as 'acme-tests'"),
        ("a" * (MAX_NAME + 1), f"at most {MAX_NAME}"),
        ("json", "There is a package 'json'"),
        ("installed", "There is a package 'installed'"),
        ("host", "registered by an installed plugin"),
        ("ingest", "registered by an installed plugin"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_what_would_be_right(name: str, hint: str) -> None:
    with pytest.raises(NameRefused, match=hint.replace("(", r"\(")):
        named(name, "host", "INGEST")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("broker", "host"),
        ("trigger-type", "parse"),
        ("engine", "local"),
        ("clock-processor", "job-load"),
        ("metric", "ingests"),
        ("command", "up"),
        ("error-mapper", "timeout"),
        ("notice", "broker-host"),
    ],
)
def test_what_scale_brings_itself_is_taken(tmp_path: Path, kind: str, name: str) -> None:
    with pytest.raises(NameRefused, match="choose a name of your own"):
        new_plugin(kind_named(kind), name, tmp_path, load_registry())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_plugin_names_its_module_and_implements_its_hooks(kind: Kind) -> None:
    files = files_of(kind, named("acme-shelf"))
    project = tomllib.loads(files[Path("pyproject.toml")])["project"]
    assert project["entry-points"]["scale"] == {"acme-shelf": "acme_shelf.plugin"}
    module = ast.parse(files[Path("acme_shelf", "plugin.py")])
    assert {one.name for one in module.body if isinstance(one, ast.FunctionDef)} == set(kind.hooks)
    assert {path.name for path in files} >= {"README.md", "CHANGELOG.md", ".gitignore", "py.typed", "conftest.py"}
    assert any(path.match("tests/test_*.py") for path in files)
    assert not any("{{" in text or "{%" in text for text in files.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_its_readme_says_can_be_read_and_names_it(kind: Kind) -> None:
    readme = files_of(kind, named("acme-shelf"))[Path("README.md")]
    examples = re.findall(r"^```(json|toml)\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    for language, example in examples:
        assert "acme-shelf" in example.lower()
        {"json": json.loads, "toml": tomllib.loads}[language](example)
    assert kind.written in readme
    assert len(re.findall("acme.shelf", readme.partition("## Use")[2], re.IGNORECASE)) >= 2


@pytest.mark.parametrize("name", ["x", "acme-shelf", "a-long-name-of-30-characters-x"])
def test_ruff_has_nothing_to_say_about_any_of_them(tmp_path: Path, name: str) -> None:
    for kind in KINDS:
        new_plugin(kind, name, tmp_path / kind.name, NOTHING)
    for arguments in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--no-cache"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "acme-shelf").mkdir()
    (tmp_path / "acme-shelf" / "mine").write_text("mine")
    with pytest.raises(FileExistsError, match="acme-shelf' is there already; nothing was written"):
        new_plugin(BROKER, "acme-shelf", tmp_path, NOTHING)
    assert [entry.name for entry in tmp_path.rglob("*")] == ["acme-shelf", "mine"]


def test_a_link_to_nowhere_is_there_too(tmp_path: Path) -> None:
    (tmp_path / "acme-shelf").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        new_plugin(BROKER, "acme-shelf", tmp_path, NOTHING)
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_cannot_be_written_is_named_with_what_would_be_right(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(
        OSError, match=r"file/acme-shelf' cannot be written: File exists; .* another folder with --into"
    ):
        new_plugin(BROKER, "acme-shelf", tmp_path / "file", NOTHING)


def test_what_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []

    def write_some(path: Path, text: str, encoding: str) -> None:
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(path)
        path.write_bytes(text.encode(encoding))

    monkeypatch.setattr(Path, "write_text", write_some)
    with pytest.raises(OSError, match="No space left"):
        new_plugin(BROKER, "acme-shelf", tmp_path, NOTHING)
    assert len(written) == 3
    assert list(tmp_path.iterdir()) == []
