"""Registers the commands that run Scale."""

from collections.abc import Sequence

import click

from scale_core.plugin import LazyCommand, hookimpl


@hookimpl
def scale_register_commands() -> Sequence[click.Command]:
    """``up``, ``scheduler`` and ``web``."""
    return [
        LazyCommand("up", "scale_scheduler.commands:up", "Run all of Scale in this process."),
        LazyCommand("scheduler", "scale_scheduler.commands:scheduler", "Run the scheduler and Scale's own tasks."),
        LazyCommand("web", "scale_scheduler.commands:web", "Run the web server."),
    ]
