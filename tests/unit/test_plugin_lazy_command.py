"""Commands of plugins that are imported when they are called."""

import click
from click.testing import CliRunner

from scale_core.plugin import LazyCommand


def test_a_lazy_command_is_listed_without_being_imported() -> None:
    group = click.Group("g", commands=[LazyCommand("one", "nowhere.at.all:one", "Does one thing.")])
    result = CliRunner().invoke(group, ["--help"])
    assert result.exit_code == 0
    assert "one  Does one thing." in result.stdout


def test_a_lazy_command_is_the_real_one_when_it_is_called() -> None:
    group = click.Group("g", commands=[LazyCommand("spec", "scale_core.cli.spec:spec", "Specs.")])
    result = CliRunner().invoke(group, ["spec", "list"])
    assert result.exit_code == 0
    assert "job-interface" in result.stdout
    assert "validate" in CliRunner().invoke(group, ["spec", "--help"]).stdout
