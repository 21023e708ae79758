"""What deploy/ holds fits the commands and files that there are."""

import configparser
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SCALE = Path(sys.executable).with_name("scale")


def assert_is_a_command(words: list[str]) -> None:
    """What follows `scale` on a command line is understood."""
    told = subprocess.run([SCALE, *words, "--help"], check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr


def service(unit: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    # Keys of units are told apart by case; this is configparser's own way to say so, of which its types know nothing.
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    return parser["Service"]


def test_there_are_units_for_both_processes() -> None:
    assert [one.name for one in UNITS] == ["scale-scheduler.service", "scale-web.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda one: one.stem)
def test_units_run_commands_that_there_are(unit: Path) -> None:
    program, *words = shlex.split(service(unit)["ExecStart"])
    assert program == "/opt/scale/bin/scale"
    assert_is_a_command(words)
    assert f"scale-{words[-1]}" == unit.stem


def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return document


def test_services_run_commands_that_there_are() -> None:
    services = compose()["services"]
    assert {"database", "upgrade", "scheduler", "web"} == services.keys()
    for name in ("upgrade", "scheduler", "web"):
        assert_is_a_command(services[name]["command"])


def test_what_listens_beyond_loopback_asks_who_comes() -> None:
    web = compose()["services"]["web"]
    assert web["environment"]["SCALE_BIND"].startswith("0.0.0.0:")
    assert web["environment"]["SCALE_AUTH"] == "on"
    assert all(port.startswith("127.0.0.1:") for port in web["ports"])


def test_the_image_gets_all_that_is_packed() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert all((ROOT / one).exists() for one in let_in)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    packed = {*wheel["packages"], *wheel.get("force-include", ())}
    assert {one.split("/")[0] for one in packed} <= let_in


def test_the_image_installs_locks_that_there_are() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    locks = {word for word in text.split() if word.startswith("requirements/")}
    assert locks
    assert all((ROOT / one).is_file() for one in locks)
