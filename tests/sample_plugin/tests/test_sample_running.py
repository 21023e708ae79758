"""Installed beside Scale, the plugin is found and takes part in a whole run."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from scale_core.plugin.registry import load_registry
from scale_sample_plugin.broker import SQLiteBroker
from scale_sample_plugin.trigger import FileNameTrigger

T = TypeVar("T")

SCALE = Path(sys.executable).with_name("scale")
SECONDS = 60.0
ALGORITHM = """
import pathlib, sys
image, output = map(pathlib.Path, sys.argv[1:])
size = output / f"{image.stem}.size"
size.write_text(str(image.stat().st_size))
print(f"ARTIFACT:size:{size}")
"""


def wait_for(look: Callable[[], T | None], what: str) -> T:
    """What ``look`` returns, once that is something."""
    deadline = time.monotonic() + SECONDS
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"{what}: not within {SECONDS} s"
        time.sleep(0.1)
    return found


@pytest.fixture
def scale(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a Scale that runs with the plugin."""
    log = tmp_path / "scale.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCALE_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [SCALE, "--data-dir", tmp_path / "scale", "up", "--bind", "127.0.0.1:0"],
            cwd=tmp_path,
            env=environment | {"PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def address() -> str | None:
        assert process.poll() is None, log.read_text()
        found = re.search(r"Scale is up: (http://\S+)", log.read_text())
        return found and found[1]

    try:
        with httpx.Client(base_url=wait_for(address, "Scale is up"), trust_env=False, timeout=30) as client:
            yield client
    finally:
        process.terminate()
        process.wait(SECONDS)
        print(log.read_text())


def post(scale: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = scale.post(path, json=body)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def test_it_is_installed_and_not_in_the_checkout() -> None:
    assert distribution("scale-sample-plugin").version == "1.0.0"
    source = sys.modules[SQLiteBroker.__module__].__file__
    assert source is not None
    assert "site-packages" in source


def test_scale_finds_what_it_registers() -> None:
    registry = load_registry()
    assert registry.brokers["sqlite"] is SQLiteBroker
    assert isinstance(registry.trigger_types["FILENAME"], FileNameTrigger)


def test_the_command_line_lists_it() -> None:
    listed = subprocess.run([SCALE, "plugin", "list"], capture_output=True, text=True, check=True).stdout
    assert re.search(r"^sample +scale-sample-plugin 1\.0\.0$", listed, re.MULTILINE)
    assert re.search(r"^brokers: .*\bsqlite\b", listed, re.MULTILINE)
    assert re.search(r"^trigger types: .*\bFILENAME\b", listed, re.MULTILINE)


def test_files_whose_names_match_become_products_in_the_database(scale: httpx.Client, tmp_path: Path) -> None:
    database = tmp_path / "storage" / "files.sqlite"
    algorithm = tmp_path / "algorithm.py"
    algorithm.write_text(ALGORITHM)
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    broker = {"type": "sqlite", "database": str(database)}
    post(scale, "/workspaces/", {"name": "files", "json_config": {"version": "1.0", "broker": broker}})
    post(scale, "/job-types/", job_type(algorithm))
    post(scale, "/strikes/", strike(incoming))

    for name in ("N45W120.txt", "other.txt"):
        (incoming / f"{name}_tmp").write_text("ten bytes!")
        (incoming / f"{name}_tmp").rename(incoming / name)

    def all_done() -> dict[str, Any] | None:
        sources, products = scale.get("/sources/").json(), scale.get("/products/").json()
        return products["results"][0] if (sources["count"], products["count"]) == (2, 1) else None

    product = wait_for(all_done, "two sources and one product")
    assert product["file_name"] == "N45W120.size"
    assert scale.get(f"/files/{product['id']}/content/").text == "10"
    assert scale.get("/jobs/", params={"job_type_name": "measure"}).json()["count"] == 1
    path = scale.get(f"/files/{product['id']}/").json()["file_path"]
    assert SQLiteBroker(database).stat(path) == 2


def test_a_workspace_or_rule_that_the_plugin_refuses_is_refused(scale: httpx.Client, tmp_path: Path) -> None:
    broker = {"type": "sqlite", "database": "not/absolute.sqlite"}
    answer = scale.post("/workspaces/", json={"name": "files", "json_config": {"version": "1.0", "broker": broker}})
    assert answer.status_code == 400
    assert "database" in answer.text
    document = job_type(tmp_path / "algorithm.py")
    document["trigger_rule"]["configuration"]["condition"] = {"file_name": "tiles/*.png"}
    answer = scale.post("/job-types/", json=document)
    assert answer.status_code == 400
    assert "leave the folders out" in answer.text


def strike(incoming: Path) -> dict[str, Any]:
    wanted = {"filename_regex": r".*\.txt", "workspace_path": "raw", "workspace_name": "files"}
    configuration = {
        "version": "1.0",
        "mount": str(incoming),
        "transfer_suffix": "_tmp",
        "files_to_ingest": [wanted],
    }
    return {"name": "incoming", "title": "Incoming", "description": "Text files", "configuration": configuration}


def job_type(algorithm: Path) -> dict[str, Any]:
    return {
        "name": "measure",
        "version": "1.0",
        "title": "Measure",
        "description": "Writes how large a file is.",
        "interface": {
            "version": "1.0",
            "command": shlex.join([sys.executable, str(algorithm)]),
            "command_arguments": "${image} ${job_output_dir}",
            "input_data": [{"name": "image", "type": "file", "required": True}],
            "output_data": [{"name": "size", "type": "file", "required": True}],
        },
        "trigger_rule": {
            "type": "FILENAME",
            "name": "tiles",
            "configuration": {
                "version": "1.0",
                "condition": {"file_name": "N??W*"},
                "data": {"input_data_name": "image", "workspace_name": "files"},
            },
        },
    }
