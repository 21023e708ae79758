"""``scale node run``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scale_core.runner import commands
from scale_core.testing.runs import make_plan


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(commands.node, ["run", *arguments], input=text)


def test_a_plan_from_a_file_is_run_and_reported(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(make_plan("/bin/echo", "hello").to_document()))
    result = run(str(tmp_path / "plan.json"), "--folder", str(tmp_path / "run"))
    assert result.exit_code == 0
    assert json.loads(result.stdout)["status"] == "COMPLETED"
    assert (tmp_path / "run" / "stdout").read_text() == "hello\n"


def test_a_plan_from_standard_input_is_run() -> None:
    result = run("-", text=json.dumps(make_plan("/bin/false").to_document()))
    assert result.exit_code == 1
    assert json.loads(result.stdout)["failure"]["exit_code"] == 1


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"version": "9.9"}'])
def test_a_plan_that_is_none_cannot_be_run(text: str) -> None:
    result = run("-", text=text)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "cannot be run" in result.stderr


def test_a_plan_that_is_not_there_cannot_be_run(tmp_path: Path) -> None:
    assert run(str(tmp_path / "none.json")).exit_code == 2


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    result = run("-", "--folder", str(tmp_path), text=json.dumps(make_plan("/bin/true").to_document()))
    assert result.exit_code == 2
    assert "not empty" in result.stderr
