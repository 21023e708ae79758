"""The kinds of plugins that can be begun; each hook of :mod:`scale_core.plugin.specs` belongs to one."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from scale_core.plugin.registry import NOTICES, Registry


@dataclass(frozen=True, slots=True)
class Kind:
    """What a plugin may bring.

    :param name: as it is named on the command line, and as its folder of templates is.
    :param brings: for people: what a plugin of this kind brings.
    :param written: what the plugin does that is written for it.
    :param hooks: the hooks that it implements.
    :param registered: the names that plugins have registered already, none of which can be taken again.
    """

    name: str
    brings: str
    written: str
    hooks: tuple[str, ...]
    registered: Callable[[Registry], Collection[str]]


KINDS: Final = (
    Kind(
        "broker",
        "a kind of storage",
        "Keeps the files of a workspace in one SQLite database.",
        ("scale_register_brokers",),
        lambda registry: registry.brokers,
    ),
    Kind(
        "trigger-type",
        "a kind of trigger rule",
        "Fires for ingested files whose names match a pattern.",
        ("scale_register_trigger_types",),
        lambda registry: registry.trigger_types,
    ),
    Kind(
        "error-mapper",
        "names for failures",
        "Knows the exit codes of sysexits.h.",
        ("scale_register_error_mappers",),
        lambda registry: [error.name for mapper in registry.error_mappers for error in mapper.errors()],
    ),
    Kind(
        "engine",
        "a place to run jobs",
        "Runs jobs on this machine, on a share of it.",
        ("scale_register_engines",),
        lambda registry: registry.engines,
    ),
    Kind(
        "clock-processor",
        "something done by the clock",
        "Logs each hour which workspaces cannot be used.",
        ("scale_register_clock_processors",),
        lambda registry: registry.clock_processors,
    ),
    Kind(
        "metric",
        "numbers of each day",
        "Tells how much time failed executions took.",
        ("scale_register_metrics",),
        lambda registry: registry.metrics,
    ),
    Kind(
        "command",
        "a command of scale",
        "Lists the files of a folder with their checksums.",
        ("scale_register_commands",),
        lambda registry: registry.commands,
    ),
    Kind(
        "notice",
        "something done when jobs, files or products change",
        "Writes a journal of what happened.",
        NOTICES,
        lambda _registry: (),
    ),
)


def kind_named(name: str) -> Kind:
    """The kind of that name.

    :raises KeyError: there is none.
    """
    return {kind.name: kind for kind in KINDS}[name]
