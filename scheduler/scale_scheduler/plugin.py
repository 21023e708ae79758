"""Registers the commands that run Scale."""

from collections.abc import Sequence

import click

from scale_core.plugin import hookimpl
from scale_scheduler.commands import scheduler, up, web


@hookimpl
def scale_register_commands() -> Sequence[click.Command]:
    """``up``, ``scheduler`` and ``web``."""
    return [up, scheduler, web]
