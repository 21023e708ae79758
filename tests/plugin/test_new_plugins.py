"""A new plugin of each kind is installable, keeps to its contract and is clean, as it is."""

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fakes.plugin_environment import Environment
from scale_core.plugin.scaffold.kinds import KINDS, Kind

FEWEST = 5
"""Tests that any of them has."""


@pytest.fixture(scope="module")
def tested(environment: Environment, plugins: Path, tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """How many of their tests passed, by plugin: all, in one run, which is quicker."""
    report = tmp_path_factory.mktemp("report") / "report.xml"
    settings = plugins / "acme-broker" / "pyproject.toml"  # theirs are the same, but for what lies where
    arguments = ["-n", "2", "-q", "-p", "no:cacheprovider", "-c", str(settings), f"--rootdir={plugins}"]
    # A folder of their own: of one that they share with these tests, both would remove what earlier runs have left.
    arguments.append(f"--basetemp={tmp_path_factory.mktemp('theirs') / 'run'}")
    folders = [plugins / f"acme-{kind.name}" for kind in KINDS]
    done = environment.run("-m", "pytest", *arguments, f"--junit-xml={report}", *folders, cwd=plugins)
    assert done.returncode == 0, done.stdout
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 - of our own making
    return Counter(case.attrib["classname"].split(".")[0] for case in cases if case.find("skipped") is None)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_its_tests_pass_once_it_is_installed(tested: Counter[str], kind: Kind) -> None:
    assert tested[f"acme-{kind.name}"] >= FEWEST


@pytest.fixture(scope="module")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_mypy_and_ruff_have_nothing_to_say(
    environment: Environment, plugins: Path, mypy_cache: Path, kind: Kind
) -> None:
    for arguments in (
        ["mypy", f"--cache-dir={mypy_cache}"],
        ["ruff", "check", "--no-cache"],
        ["ruff", "format", "--check", "--no-cache"],
    ):
        done = environment.run("-m", *arguments, cwd=plugins / f"acme-{kind.name}")
        assert done.returncode == 0, done.stdout


def test_the_command_line_lists_what_they_register(environment: Environment, tmp_path: Path) -> None:
    listed = environment.run("-m", "scale_core.cli", "plugin", "list", cwd=tmp_path).stdout
    for kind in KINDS:
        assert re.search(rf"^acme-{kind.name} +acme-{kind.name} 0\.1\.0$", listed, re.MULTILINE)
    for heading, name in (
        ("brokers", "acme-broker"),
        ("trigger types", "ACME-TRIGGER-TYPE"),
        ("error mappers, as they are asked", "AcmeErrorMapperMapper"),
        ("engines", "acme-engine"),
        ("clock processors", "acme-clock-processor"),
        ("metrics", "acme-metric"),
        ("commands", "acme-command"),
        ("who hears of notices", "acme-notice"),
    ):
        assert re.search(rf"^{heading}: (.*, )?{name}\b", listed, re.MULTILINE)


def test_the_command_of_the_one_that_brings_one_can_be_called(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    done = environment.run("-m", "scale_core.cli", "acme-command", tmp_path, cwd=tmp_path)
    assert done.stdout == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  0  empty\n"
