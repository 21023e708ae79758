"""``scale plugin new``: what it says."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scale_core.cli.main import scale
from scale_core.plugin.scaffold.kinds import KINDS


def call(*arguments: str) -> Result:
    return CliRunner().invoke(scale, ["plugin", "new", *arguments])


def test_its_help_names_every_kind_and_shows_an_example() -> None:
    said = call("--help").output
    for kind in KINDS:
        assert f"  {kind.name} " in said
        assert kind.brings in said
    assert "scale plugin new broker acme-shelf" in said


def test_it_says_what_it_wrote_and_what_comes_next(tmp_path: Path) -> None:
    done = call("broker", "acme-shelf", "--into", str(tmp_path / "plug ins"))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "plug ins" / "acme-shelf" / "acme_shelf" / "broker.py").is_file()
    assert "  acme-shelf/acme_shelf/broker.py\n" in done.output
    first, second, third = done.output.partition("Next:\n")[2].splitlines()
    assert first.endswith(f" -m pip install --editable '{tmp_path}/plug ins/acme-shelf[dev]'")
    assert second.endswith(f" -m pytest '{tmp_path}/plug ins/acme-shelf'")
    assert third.endswith("scale plugin list")


@pytest.mark.parametrize("name", ["Acme_Shelf", "host", "config"])
def test_a_name_that_cannot_be_is_one_line_and_an_exit_code(tmp_path: Path, name: str) -> None:
    done = call("broker", name, "--into", str(tmp_path))
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: {name!r} is ")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "acme-shelf").mkdir()
    done = call("broker", "acme-shelf", "--into", str(tmp_path))
    assert done.exit_code == 2
    assert "is there already; nothing was written" in done.stderr
    assert list((tmp_path / "acme-shelf").iterdir()) == []


def test_a_kind_that_is_none_is_wrong_usage() -> None:
    done = call("brocker", "acme-shelf")
    assert done.exit_code == 2
    assert "'brocker' is not one of" in done.stderr
    assert all(kind.name in done.stderr for kind in KINDS)
