"""``scale spec``: what it prints and the codes it exits with."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scale_core.cli.spec import spec
from scale_core.specs import SpecLibrary, SpecSourceError

LIBRARY = SpecLibrary.from_tree(Path(__file__).parents[2] / "specs")
ERRORS = {"version": "1.0", "exit_codes": {"1": "unknown"}}


def run(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(spec, [str(argument) for argument in arguments], obj=LIBRARY, input=stdin)


def test_list_names_every_specification_with_its_versions() -> None:
    result = run("list")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == len(LIBRARY.names())
    assert any(line.split()[:4] == ["results-manifest", "1.0,", "1.1,", "1.2"] for line in lines)


def test_show_prints_the_schema() -> None:
    assert json.loads(run("show", "strike").stdout)["$id"] == "urn:scale:spec:strike:1.0"
    shown = run("show", "results-manifest", "--version", "1.0")
    assert json.loads(shown.stdout)["$id"] == "urn:scale:spec:results-manifest:1.0"


def test_validate_accepts_a_valid_document_from_a_file_and_from_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "errors.json"
    file.write_text(json.dumps(ERRORS))

    for result in (run("validate", "error-interface", file), run("validate", "error-interface", "-", stdin="{}")):
        assert result.exit_code == 0
        assert result.stdout == "valid\n"
        assert result.stderr == ""


def test_validate_tells_what_is_invalid_on_standard_error() -> None:
    result = run("validate", "error-interface", "-", stdin='{"exit_codes": {"one": "x"}, "a": 1}')

    assert result.exit_code == 1
    assert result.stdout == ""
    assert sorted(line.split(": ")[0] for line in result.stderr.splitlines()) == ["/a", "/exit_codes/one"]


@pytest.mark.parametrize(
    ("name", "document", "pointer"),
    [
        (
            "job-interface",
            {"command": "c", "command_arguments": "${nothing}"},
            "/command_arguments",
        ),
        (
            "recipe-definition",
            {"jobs": [{"name": "a", "job_type": {"name": "t", "version": "1"}, "dependencies": [{"name": "b"}]}]},
            "/jobs/0/dependencies/0/name",
        ),
        ("job-data", {"input_data": [{"name": "a", "value": ""}, {"name": "a", "value": ""}]}, "/input_data/1/name"),
        ("recipe-data", {"input_data": [{"name": "a", "value": ""}, {"name": "a", "value": ""}]}, "/input_data/1/name"),
    ],
)
def test_validate_tells_what_a_schema_cannot_say(name: str, document: object, pointer: str) -> None:
    result = run("validate", name, "-", stdin=json.dumps(document))

    assert result.exit_code == 1
    assert [line.split(": ")[0] for line in result.stderr.splitlines()] == [pointer]


def test_validate_reads_a_silent_document_as_the_version_that_is_asked_for() -> None:
    assert run("validate", "results-manifest", "-", stdin='{"files": []}').exit_code == 1
    assert run("validate", "results-manifest", "-", "--version", "1.0", stdin='{"files": []}').exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["validate", "error", "-"], "{}", 'no specification is named "error"'),
        (["validate", "strike", "-", "--version", "3.0"], "{}", 'strike has no version "3.0"'),
        (["validate", "strike", "/nowhere/strike.json"], "", "/nowhere/strike.json cannot be read"),
        (["validate", "strike", "/"], "", "/ cannot be read: Is a directory"),
        (["validate", "strike", "-"], "{", "-: line 1, column 2: this is not JSON"),
        (["validate", "strike", "-"], '{"a": 1, "a": 2}', 'the key "a" stands twice'),
        (["validate", "strike", "-"], b"\xff", "not UTF-8"),
        (["show", "strike", "--version", "3.0"], "", 'strike has no version "3.0"; there are: 1.0'),
        (["show", "nothing"], "", "no specification is named"),
        (["validate", "strike"], "", "Missing argument"),
    ],
)
def test_what_is_unusable_exits_with_2_and_says_why(arguments: list[str], stdin: str | bytes, message: str) -> None:
    result = run(*arguments, stdin=stdin)

    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_help_shows_an_example() -> None:
    assert "scale spec validate job-interface interface.json" in run("--help").stdout
    assert "cat results_manifest.json | scale spec validate results-manifest -" in run("validate", "--help").stdout


def test_an_installation_without_schemas_is_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> SpecLibrary:
        raise SpecSourceError("there are no schemas to read")

    monkeypatch.setattr(SpecLibrary, "packaged", none)
    result = CliRunner().invoke(spec, ["list"])

    assert result.exit_code == 2
    assert "there are no schemas to read" in result.stderr
