"""``scale up`` as a process: starting, ending, and being killed."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest


class Scale:
    """A ``scale up`` on a data folder, that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(base_url="http://127.0.0.1:0", timeout=10)

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "scale_core.cli", "--data-dir", str(self.folder / "data"), "up"]
            self.process = subprocess.Popen(
                [*command, "--bind", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=log, env=environment()
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line.startswith("Scale is up: http://127.0.0.1:"), line + (self.folder / "log").read_text()
        self.client = httpx.Client(base_url=line.split()[3], timeout=10)

    def end(self, number: int) -> int:
        """Send a signal and wait for the end."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.client.close()
        self.process = None
        return code

    def get(self, path: str, **query: Any) -> Any:
        """A document."""
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object) -> None:
        """Create something."""
        answer = self.client.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text

    def set_up(self, incoming: Path, storage: Path) -> None:
        """A workspace, and a Strike process that takes everything."""
        for folder in (incoming, storage):
            folder.mkdir()
        broker = {"type": "host", "host_path": str(storage)}
        self.post("/workspaces/", {"name": "raw", "json_config": {"version": "1.0", "broker": broker}})
        rule = {"filename_regex": ".*", "workspace_path": "in", "workspace_name": "raw"}
        configuration = {
            "version": "1.0",
            "mount": str(incoming),
            "transfer_suffix": "_tmp",
            "files_to_ingest": [rule],
        }
        self.post("/strikes/", {"name": "all", "configuration": configuration})


@pytest.fixture
def scale(tmp_path: Path) -> Any:
    scale = Scale(tmp_path)
    yield scale
    if scale.process is not None:
        scale.end(signal.SIGKILL)


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SCALE_")}


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not after {seconds} s"
        time.sleep(0.1)


def transfer(incoming: Path, name: str) -> None:
    part = incoming / f"{name}_tmp"
    part.write_text(name)
    part.rename(incoming / name)


def run(tmp_path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "scale_core.cli", "--data-dir", str(tmp_path / "data"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_asked(scale: Scale, number: int) -> None:
    scale.start()
    wait_for(lambda: scale.get("/jobs/", job_type_name="scale-clock")["results"][0]["status"] == "RUNNING")
    started = time.monotonic()
    assert scale.end(number) == 0
    assert time.monotonic() - started < 5
    assert "ERROR" not in (scale.folder / "log").read_text()


@pytest.mark.parametrize("command", ["up", "web"])
def test_it_cannot_be_bound_to_where_others_reach_it(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, command, "--bind", "0.0.0.0:0")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: bind: 0.0.0.0:0 can be reached from other machines")


def test_a_port_that_is_taken_is_one_line_of_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(tmp_path, "up", "--bind", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 2
    assert "Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_scheduler_on_the_same_data_is_refused(scale: Scale, tmp_path: Path) -> None:
    scale.start()
    for command in ("up", "scheduler"):
        done = run(tmp_path, command)
        assert done.returncode == 2
        assert done.stderr.startswith("Error: data_dir: another scheduler runs on ")
    assert scale.get("/status/")["scheduler"]["is_online"]


def test_an_unknown_engine_is_named_with_those_there_are(tmp_path: Path) -> None:
    done = run(tmp_path, "up", "--engine", "steam", "--bind", "127.0.0.1:0")
    assert done.returncode == 2
    assert "no plugin has an engine 'steam'; there is: local" in done.stderr


@pytest.mark.slow
def test_killed_at_any_moment_every_file_is_ingested_once(scale: Scale, tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - not for secrets
    incoming, storage = tmp_path / "incoming", tmp_path / "storage"
    scale.start()
    scale.set_up(incoming, storage)
    names = [f"{number:03}.txt" for number in range(120)]
    for start in range(0, 120, 20):
        for name in names[start : start + 20]:
            transfer(incoming, name)
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.5))
        scale.end(signal.SIGKILL)
        scale.start()
    wait_for(lambda: scale.get("/ingests/", status="INGESTED")["count"] == 120)
    wait_for(lambda: scale.get("/jobs/", job_type_name="scale-ingest", status="COMPLETED")["count"] == 120)
    ingests = scale.get("/ingests/", page_size=1000)["results"]
    assert Counter(one["file_name"] for one in ingests) == Counter(names)
    assert scale.get("/sources/")["count"] == 120
    stored = [path for path in storage.rglob("*") if path.is_file()]
    assert sorted(path.name for path in stored) == names
    assert all(path.read_text() == path.name for path in stored)
    assert [path.name for path in incoming.rglob("*") if path.is_file()] == []
    assert scale.end(signal.SIGTERM) == 0
