"""The commands that Scale's own plugins bring keep to the contract of commands."""

import click
import pytest

from scale_core.plugin.registry import load_registry
from scale_core.testing import CommandContract

COMMANDS = load_registry().commands


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
class TestBuiltinCommands(CommandContract):
    """The contract takes the command from the parameter."""


def test_there_are_those_that_run_scale() -> None:
    assert {"up", "scheduler", "web"} <= set(COMMANDS)
    assert all(isinstance(command, click.Command) for command in COMMANDS.values())
