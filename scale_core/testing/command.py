"""What every command of a plugin keeps to."""

import re

import click
import pytest
from click.testing import CliRunner, Result

from scale_core.cli.main import BUILT_IN

WRONG_USAGE = 2
"""The exit code of commands that do not take their arguments."""


class CommandContract:
    """Subclass it and give ``command``. None of its tests has the command do anything."""

    @pytest.fixture
    def command(self) -> click.Command:
        """The command, as the plugin registers it."""
        pytest.fail("The subclass must give the fixture `command`")

    def test_its_name_can_be_typed_and_is_none_of_scales_own(self, command: click.Command) -> None:
        assert command.name is not None
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", command.name)
        assert command.name not in BUILT_IN

    def test_a_line_in_the_list_of_commands_says_what_it_does(self, command: click.Command) -> None:
        listed = _call(click.Group(commands=[command]), "--help").output
        assert re.search(rf"^  {command.name} +\S", listed, re.MULTILINE)

    def test_its_help_says_more_than_how_it_is_called(self, command: click.Command) -> None:
        result = _call(click.Group(commands=[command]), str(command.name), "--help")
        assert result.exit_code == 0
        usage, described = result.output.partition("\n\n")[::2]
        assert usage.startswith("Usage:")
        assert not described.startswith("Options:")

    def test_an_option_that_it_does_not_have_is_wrong_usage(self, command: click.Command) -> None:
        result = _call(click.Group(commands=[command]), str(command.name), "--no-such-option-as-this")
        assert result.exit_code == WRONG_USAGE
        assert "--no-such-option-as-this" in result.output


def _call(group: click.Group, *arguments: str) -> Result:
    return CliRunner().invoke(group, arguments)
