"""The command line: exit codes, messages, and what is loaded for what."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scale_core.cli import main
from scale_core.cli.config import config
from scale_core.cli.main import BUILT_IN, scale
from scale_core.plugin.registry import PluginError
from scale_core.specs import SpecLibrary
from scale_generated.queries import ExportConfigurationQuery


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Run":
    monkeypatch.chdir(tmp_path)
    for name in ("SCALE_DATABASE_URL", "SCALE_DATA_DIR", "SCALE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return Run(tmp_path)


class Run:
    """Runs ``scale`` with its data in a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(scale, ["--data-dir", str(self.folder / "data"), *arguments], input=stdin)


def test_the_help_names_all_built_in_commands(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name in BUILT_IN:
        assert f"  {name} " in result.stdout


def test_built_in_commands_load_neither_plugins_nor_the_database() -> None:
    program = (
        "import sys\n"
        "from scale_core.cli.main import scale\n"
        "scale(['spec', 'list'], standalone_mode=False)\n"
        "loaded = [name for name in ('sqlalchemy', 'connexion', 'uvicorn', 'scale_scheduler') if name in sys.modules]\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "job-interface" in done.stdout


def test_an_unknown_command_is_a_usage_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("nonsense")
    assert result.exit_code == 2
    assert "No such command 'nonsense'" in result.stderr


def test_a_broken_plugin_costs_a_line_and_neither_the_help_nor_the_built_in_commands(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise PluginError("Plugin 'x' cannot be imported.")

    monkeypatch.setattr(main, "load_registry", broken)
    help_ = run("--help")
    assert help_.exit_code == 0
    assert help_.stderr == "Warning: Plugin 'x' cannot be imported.\n"
    assert run("spec", "list").exit_code == 0
    other = run("up")
    assert other.exit_code == 2
    assert other.stderr == "Error: Plugin 'x' cannot be imported.\n"


def test_a_database_is_made_checked_and_upgraded(run: Run) -> None:
    before = run("db", "check")
    assert before.exit_code == 2
    assert before.stderr == "Error: The database is empty. Run `scale db upgrade` first.\n"
    assert run("db", "upgrade").stdout.startswith("Upgraded from None to ")
    assert run("db", "upgrade").stdout.startswith("The database is at schema ")
    assert run("db", "check").exit_code == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--database-url", "mysql://x/y"], "Scale runs on sqlite and postgresql, not on 'mysql'"),
        (["--database-url", "sqlite:////nowhere/at/all.db"], "unable to open database file"),
        (["--config", "missing.toml"], "There is no settings file missing.toml."),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_2(run: Run, flags: list[str], message: str) -> None:
    result = run(*flags, "db", "check")
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_plugins_are_listed_with_what_they_register(run: Run) -> None:
    result = run("plugin", "list")
    assert result.exit_code == 0
    assert "brokers: " in result.stdout
    assert "engines: " in result.stdout


def test_a_wrong_document_is_exit_code_1_with_its_places(run: Run) -> None:
    run("db", "upgrade")
    wrong = json.dumps({"version": "1.0", "errors": [{"name": 5}]})
    for command in ("validate", "import"):
        result = run("config", command, "-", stdin=wrong)
        assert result.exit_code == 1
        assert "/errors/0/name" in result.stderr
    result = run("config", "validate", "-", stdin="{")
    assert result.exit_code == 2
    assert "line 1" in result.stderr
    assert run("config", "validate", "missing.json").exit_code == 2


def test_a_configuration_goes_out_and_in_again(run: Run) -> None:
    run("db", "upgrade")
    document = {
        "version": "1.0",
        "errors": [{"name": "bad-day", "title": "Bad day", "description": "It rains.", "category": "DATA"}],
    }
    done = run("config", "import", "-", stdin=json.dumps(document))
    assert (done.exit_code, done.stdout) == (0, "imported\n")
    exported = run("config", "export")
    assert exported.exit_code == 0
    assert SpecLibrary.packaged().problems("configuration", json.loads(exported.stdout)) == []
    assert [one["name"] for one in json.loads(exported.stdout)["errors"]] == ["bad-day"]
    assert run("config", "validate", "-", stdin=exported.stdout).exit_code == 0


def test_an_export_has_the_filters_of_the_http_operation(run: Run) -> None:
    run("db", "upgrade")
    errors = [{"name": name, "category": "DATA"} for name in ("one", "two", "three")]
    types = [{"name": name, "version": "1", "interface": {"command": "x", "command_arguments": ""}} for name in "ab"]
    run("config", "import", "-", stdin=json.dumps({"errors": errors, "job_types": types}))

    def names(*flags: str) -> list[str]:
        done = run("config", "export", *flags)
        assert done.exit_code == 0, done.stderr
        return [one["name"] for kind in ("errors", "job_types") for one in json.loads(done.stdout)[kind]]

    assert names() == ["one", "three", "two", "a", "b"]
    assert names("--include", "errors", "--error-name", "one", "--error-name", "two") == ["one", "two"]
    assert names("--include", "job_types", "--job-type-name", "b") == ["b"]
    assert names("--include", "job_types", "--job-type-id", "987654") == []
    assert run("config", "export", "--include", "nodes").exit_code == 2
    assert {field.name for field in dataclasses.fields(ExportConfigurationQuery)} == {
        parameter.name for parameter in config.commands["export"].params
    }


def test_a_configuration_that_was_exported_changes_nothing_and_what_looks_wrong_is_told(run: Run) -> None:
    run("db", "upgrade")
    interface = {
        "command": "x",
        "command_arguments": "",
        "input_data": [{"name": "unused", "type": "property"}],
    }
    job_type = {"name": "a", "version": "1", "interface": interface, "is_active": False}
    first = run("config", "import", "-", stdin=json.dumps({"job_types": [job_type]}))
    kinds = [line.partition(":")[0] for line in first.stderr.splitlines()]
    assert kinds == ["Warning (unused_input)", "Warning (read_only)"]
    exported = run("config", "export").stdout
    assert run("config", "import", "-", stdin=exported).exit_code == 0
    assert run("config", "export").stdout == exported


def test_a_database_without_tables_is_refused_with_what_to_do(run: Run) -> None:
    result = run("config", "export")
    assert result.exit_code == 2
    assert "scale db upgrade" in result.stderr


def test_the_log_is_set_up_by_the_settings_and_a_flag_counts_before_a_variable(tmp_path: Path) -> None:
    (tmp_path / "scale.toml").write_text('log_format = "json"\n')
    program = (
        "import logging, sys\n"
        "from scale_core.cli.main import scale\n"
        "scale([*sys.argv[1:], 'spec', 'list'], standalone_mode=False)\n"
        "logging.getLogger('x').info('told')\n"
    )

    def log(*flags: str) -> str:
        command = [sys.executable, "-c", program, *flags]
        environment = os.environ | {"SCALE_LOG_LEVEL": "warning"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment)
        return done.stderr

    assert log() == ""
    assert json.loads(log("--log-level", "info"))["message"] == "told"
    assert "INFO x: told" in log("--log-level", "INFO", "--log-format", "text")


def test_settings_that_are_wrong_keep_no_command_from_working_that_needs_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "scale.toml").write_text('log_level = "LOUD"\n')
    assert run("spec", "list").exit_code == 0
    result = run("db", "check")
    assert result.exit_code == 2
    assert "log_level: 'LOUD' is none of DEBUG, INFO, WARNING, ERROR." in result.stderr
