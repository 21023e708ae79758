"""Adds ``scale codegen`` to the command line; the only module here that knows the core."""

from collections.abc import Sequence

import click

from scale_codegen.cli import codegen
from scale_core.plugin import hookimpl


@hookimpl
def scale_register_commands() -> Sequence[click.Command]:
    """``scale codegen``."""
    return [codegen]
