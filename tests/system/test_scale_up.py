"""``scale up`` as a process: starting, ending, and being killed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.waiting import SECONDS, until, until_equal

pytestmark = pytest.mark.any_database


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SCALE_")}


def run(tmp_path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "scale_core.cli", "--data-dir", str(tmp_path / "data"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_asked(scale: Any, number: int) -> None:
    scale.wait(lambda: scale.results("/jobs/", job_type_name="scale-clock", status="RUNNING"))
    assert scale.end(number) == 0
    assert "ERROR" not in scale.log.read_text()


@pytest.mark.parametrize("command", ["up --bind", "web --bind", "scheduler --metrics-bind"])
def test_it_cannot_be_bound_to_where_others_reach_it(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, *command.split(), "0.0.0.0:0")
    assert done.returncode == 2
    setting = command.split("--")[1].replace("-", "_")
    assert done.stderr.startswith(f"Error: {setting}: 0.0.0.0:0 can be reached from other machines")
    assert "scale user add NAME --role admin" in done.stderr
    assert "SCALE_AUTH=on" in done.stderr


def test_it_can_be_bound_there_if_it_asks_who_its_clients_are(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scale_core.cli", "--data-dir", str(tmp_path / "data"), "up"]
    log = tmp_path / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*command, "--bind", "0.0.0.0:0", "--auth"], stdout=subprocess.PIPE, stderr=errors, env=environment()
        )
    try:
        assert process.stdout is not None
        port = re.findall(rb":(\d+)/", process.stdout.readline())[0].decode()
        url, headers = f"http://127.0.0.1:{port}/jobs/", {"Host": "scale.example"}
        answer = httpx.get(url, headers=headers, timeout=SECONDS, trust_env=False)
        assert answer.status_code == 401
        until(lambda: "no admin who could sign in: run `scale user add NAME --role admin`" in log.read_text())
    finally:
        process.terminate()
        process.wait(SECONDS)
        assert process.stdout is not None
        process.stdout.close()


def test_a_scheduler_apart_tells_how_it_is_where_it_is_told_to(tmp_path: Path) -> None:
    assert run(tmp_path, "db", "upgrade").returncode == 0
    log = tmp_path / "log"
    command = [sys.executable, "-m", "scale_core.cli", "--data-dir", str(tmp_path / "data"), "--log-format", "json"]
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [*command, "scheduler", "--metrics-bind", "127.0.0.1:0"], stderr=stderr, env=environment()
        )
    try:

        def address_or_end() -> Any:
            assert process.poll() is None, log.read_text()
            return re.search(r"http://127\.0\.0\.1:\d+/-/", log.read_text())

        address = until(address_or_end, told=log.read_text)
        with httpx.Client(base_url=address[0], timeout=SECONDS, trust_env=False) as client:
            until_equal(lambda: client.get("ready").status_code, 200)
            until(lambda: client.get("metrics").text, lambda text: "scale_placements_total 1.0" in text)
            assert client.get("healthy").text == "ok"
            assert client.get("/jobs/").status_code == 404
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(SECONDS)
    assert code == 0
    messages = [json.loads(line)["message"] for line in log.read_text().splitlines()]
    assert messages[-1] == "The scheduler has stopped"


def test_a_port_that_is_taken_is_one_line_of_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(tmp_path, "up", "--bind", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 2
    assert "Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.sqlite
def test_a_second_scale_on_the_same_data_is_refused(scale: Any, tmp_path: Path) -> None:
    done = run(tmp_path, "up")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: data_dir: another scheduler runs on ")
    assert scale.get("/status/")["scheduler"]["is_online"]


def test_an_unknown_engine_is_named_with_those_there_are(tmp_path: Path) -> None:
    done = run(tmp_path, "up", "--engine", "steam", "--bind", "127.0.0.1:0")
    assert done.returncode == 2
    assert "no plugin has an engine 'steam'; there is: local" in done.stderr


def test_a_wrong_option_of_the_engine_is_one_line_of_error(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    settings = tmp_path / "scale.toml"
    settings.write_text("[engine]\ncpus = -1\n")
    done = run(tmp_path, "--config", str(settings), "up", "--bind", "127.0.0.1:0")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: engine: The option 'cpus'")
