"""docs/operations.md is true: its commands work in the order in which they stand, its tables are what the code says."""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import httpx
import pytest

from fakes.machine import missing
from fakes.waiting import SECONDS
from scale_broker_fsspec.options import FsspecOptions
from scale_broker_s3.options import S3Options
from scale_core.cli.main import scale as scale_group
from scale_core.domain.reach import REACHES, by_reach
from scale_core.plugin.registry import load_registry
from scale_core.settings import TABLES, Settings, load_settings
from scale_core.storage.nfs_options import NfsOptions
from scale_errors_builtin.errors import BUILTIN_ERRORS
from scale_generated.enums import WaitingReason
from scale_generated.models import WarningId

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SCALE = Path(sys.executable).with_name("scale")
BASH, CURL = shutil.which("bash"), shutil.which("curl")


def table(first: str) -> list[list[str]]:
    """The rows of the table whose first column is headed ``first``; marks of code are taken off."""
    found = re.search(rf"^\| {first} \|.*\n\|[ |-]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found, f"docs/operations.md has no table that begins with {first!r}"
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in found[1].splitlines()]


def blocks(language: str) -> list[str]:
    return [block for found, block in BLOCK.findall(PAGE) if found == language]


def clean_environment() -> dict[str, str]:
    """Without the caller's settings, and with this Python's `scale` before any other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SCALE_")}
    return kept | {"PATH": f"{SCALE.parent}{os.pathsep}{kept['PATH']}", "NO_PROXY": "*"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[str]:
    """The address of a Scale whose data folder is ``data`` in ``tmp_path``."""
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [SCALE, "--data-dir", "data", "up", "--bind", "127.0.0.1:0"],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline().decode()
        assert line.startswith("Scale is up: "), (tmp_path / "log").read_text()
        yield line.split()[3].rstrip("/")
    finally:
        process.terminate()
        process.wait(SECONDS)
        process.stdout.close()


@pytest.mark.parametrize(("kind", "options"), [("s3", S3Options), ("fsspec", FsspecOptions)])
def test_the_options_of_storage_are_all_there_with_their_defaults(kind: str, options: Any) -> None:
    def written(value: Any) -> str:
        return ",".join(value) if isinstance(value, tuple | dict) else str(value)

    shown = {row[0]: row[1] for row in table(f"{kind} option")}
    assert shown == {one.name: written(getattr(options(), one.name)) for one in dataclasses.fields(options)}


def test_the_example_of_options_of_storage_is_read(tmp_path: Path) -> None:
    (tmp_path / "scale.toml").write_text(blocks("toml")[1])
    options = load_settings({"config": tmp_path / "scale.toml"}, {}).storage_options
    assert S3Options.of(options["s3"]).region_name == "eu-central-1"
    document = {"protocol": "sftp", "host": "archive.example", "port": 22, "account": "archive"}
    assert FsspecOptions.of(options["fsspec"]).arguments(document)["username"] == "scale"


def test_the_commands_on_the_page_work(running: str, tmp_path: Path) -> None:
    if BASH is None or CURL is None:
        missing("the commands need bash and curl")
    script = ["set -euo pipefail"]
    for number, block in enumerate(blocks("bash"), 1):
        begins = block.partition("\n")[0].replace("'", "")
        script += [f"echo; echo '--- block {number}: {begins}'", block]
    done = subprocess.run(
        [BASH, "-c", "\n".join(script)],
        cwd=tmp_path,
        env=clean_environment() | {"SCALE": running},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        check=False,
    )
    output = done.stdout.decode()
    assert done.returncode == 0, f"{output[-3000:]}\n{(tmp_path / 'log').read_text()[-3000:]}"
    assert (tmp_path / "data" / "scheduler.lock").exists()
    assert not list((tmp_path / "incoming").glob("*.txt*"))
    assert list((tmp_path / "raw" / "notes").glob("*/*/*/first.txt"))
    assert list((tmp_path / "raw" / "notes").glob("*/*/*/old.txt"))
    assert (tmp_path / "archive" / "2014" / "old.txt").exists()
    with httpx.Client(base_url=running, trust_env=False, timeout=SECONDS) as client:
        jobs = client.get("/jobs/", params={"job_type_name": ["count", "show"]}).json()["results"]
        assert sorted((job["job_type"]["name"], job["status"]) for job in jobs) == [
            ("count", "COMPLETED"),
            ("show", "CANCELED"),
            ("show", "COMPLETED"),
        ]
        execution = client.get("/job-executions/", params={"job_type_name": "show", "status": "COMPLETED"}).json()
        folder = tmp_path / "data" / "executions" / str(execution["results"][0]["id"])
    assert {entry.name for entry in folder.iterdir()} == {"stdout", "stderr", "report.json"}


def test_the_table_of_settings_is_what_the_code_reads() -> None:
    rows = {row[0]: row[1:] for row in table("setting")}
    fields = {field.name: field for field in dataclasses.fields(Settings) if field.name not in TABLES}
    assert list(rows) == list(fields)
    for name, (flag, variable, default, meaning) in rows.items():
        assert variable == f"SCALE_{name.upper()}"
        assert default == str(fields[name].default)
        assert flag == (f"--{name.replace('_', '-')}" if name in flags() else ""), name
        assert meaning


def flags() -> set[str]:
    """Names of the flags of ``scale``, ``scale up``, ``scale scheduler`` and ``scale web``."""
    registered = load_registry().commands
    found: set[str] = set()
    with click.Context(scale_group) as context:
        for command in (scale_group, registered["up"], registered["scheduler"], registered["web"]):
            with command.make_context(command.name, ["--help"], context, resilient_parsing=True) as own:
                found |= {parameter.name or "" for parameter in own.command.params}
    return found


def test_the_settings_file_on_the_page_is_read(tmp_path: Path) -> None:
    example, _storage = blocks("toml")
    (tmp_path / "scale.toml").write_text(example)
    settings = load_settings({"config": tmp_path / "scale.toml"}, {})
    assert settings == Settings(
        data_dir=Path("/var/lib/scale"),
        bind="127.0.0.1:8580",
        grace_seconds=30.0,
        engine="local",
        engine_options={"cpus": 4, "mem": 8192},
        storage_options={"nfs": {"timeout": 30, "mounts": {"filer.example:/export/data": "/mnt/data"}}},
    )


def test_the_table_of_options_of_nfs_is_what_the_code_reads() -> None:
    rows = {row[0]: row[1] for row in table("nfs option")}
    fields = {field.name: field.default for field in dataclasses.fields(NfsOptions)}
    assert list(rows) == list(fields)
    assert {name: value for name, value in rows.items() if name != "mounts"} == {
        name: f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in fields.items()
        if name != "mounts"
    }
    NfsOptions.of(rows | {"mounts": "filer.example:/export/data=/mnt/data"})


def test_the_table_of_errors_is_that_of_the_builtin_ones() -> None:
    assert table("error") == [[error.name, str(error.category), error.description] for error in BUILTIN_ERRORS]


def test_the_table_of_warnings_is_that_of_the_contract() -> None:
    rows = table("warning")
    assert [row[0] for row in rows] == list(get_args(WarningId))
    assert all(meaning for _, meaning in rows)


def test_the_table_of_what_reaches_waiting_jobs_has_every_setting_that_does() -> None:
    grouped = [re.findall(r"\w+", cell) for cell, _ in table("of the job type")]
    assert grouped == list(by_reach(REACHES).values())


def test_the_table_of_reasons_for_waiting_has_each_once() -> None:
    named = [name.strip("` ") for row in table("reason") for name in row[0].split(",")]
    assert sorted(named) == sorted(WaitingReason)


def test_every_command_of_scale_on_the_page_exists() -> None:
    registered = load_registry().commands
    with click.Context(scale_group) as context:
        for words in re.findall(r"`scale ([a-z][a-z ]*[a-z])`", PAGE):
            name, _, rest = words.partition(" ")
            command = registered.get(name) or scale_group.get_command(context, name)
            assert command is not None, f"docs/operations.md names `scale {words}`"
            if rest:
                assert isinstance(command, click.Group), words
                assert rest.split()[0] in command.commands, words
