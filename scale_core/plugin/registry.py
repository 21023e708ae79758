"""Finds plugins and holds what they register. There is no module-level manager: whoever needs one makes one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import click
import pluggy

from scale_core.interfaces.broker import Broker
from scale_core.interfaces.clock import ClockProcessor
from scale_core.interfaces.engine import Engine
from scale_core.interfaces.error import ErrorMapper
from scale_core.interfaces.metric import Metric
from scale_core.interfaces.trigger import TriggerType
from scale_core.plugin import specs
from scale_core.plugin.markers import PROJECT

T = TypeVar("T")

NOTICES: Final = ("scale_job_status_changed", "scale_file_ingested", "scale_product_published")
"""The hooks that tell what happened; all others register something."""


class PluginError(Exception):
    """A plugin cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A loaded plugin, for people: its entry-point name, and the distribution it came with."""

    name: str
    distribution: str
    version: str


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that plugins registered, by name."""

    brokers: Mapping[str, type[Broker]]
    trigger_types: Mapping[str, TriggerType]
    error_mappers: Sequence[ErrorMapper]
    engines: Mapping[str, type[Engine]]
    clock_processors: Mapping[str, ClockProcessor]
    metrics: Mapping[str, Metric]
    commands: Mapping[str, click.Command]
    plugins: Sequence[PluginInfo]
    hook: Any
    """pluggy's caller for the notices (``scale_job_status_changed`` …)."""

    @property
    def listeners(self) -> Sequence[str]:
        """Names of the plugins that hear of something, whichever notice it is."""
        return self.implementing(NOTICES)

    def implementing(self, hooks: Iterable[str]) -> Sequence[str]:
        """Names of the plugins that implement any of these hooks."""
        callers = [getattr(self.hook, name) for name in hooks]
        return sorted({implementation.plugin_name for caller in callers for implementation in caller.get_hookimpls()})


def create_manager(plugins: Iterable[object] = (), *, entry_points: bool = True) -> pluggy.PluginManager:
    """A plugin manager with Scale's hooks.

    :param plugins: further plugins, for tests and embedding.
    :param entry_points: whether to load what is installed.
    :raises PluginError: a plugin does not import, or implements a hook that does not exist.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(specs)
    if entry_points:
        try:
            manager.load_setuptools_entrypoints(PROJECT)
        except ImportError as error:
            raise PluginError(f"A plugin cannot be imported: {error}. Mend or uninstall it.") from error
    for plugin in plugins:
        manager.register(plugin)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(f"A plugin implements a hook that Scale does not have: {error}.") from error
    return manager


def load_registry(plugins: Iterable[object] = (), *, entry_points: bool = True) -> Registry:
    """Load all plugins and ask each what it registers.

    :raises PluginError: a plugin does not import, or two register the same name.
    """
    manager = create_manager(plugins, entry_points=entry_points)
    hook = manager.hook
    return Registry(
        brokers=_by_name(manager, hook.scale_register_brokers, lambda broker: broker.type_name),
        trigger_types=_by_name(
            manager, hook.scale_register_trigger_types, lambda kind: kind.name, make=lambda kind: kind()
        ),
        error_mappers=tuple(mapper() for result in hook.scale_register_error_mappers() for mapper in result),
        engines=_by_name(manager, hook.scale_register_engines, lambda engine: engine.name),
        clock_processors=_by_name(manager, hook.scale_register_clock_processors, lambda processor: processor.name),
        metrics=_by_name(manager, hook.scale_register_metrics, lambda metric: metric.name),
        commands=_by_name(manager, hook.scale_register_commands, lambda command: command.name),
        plugins=_infos(manager),
        hook=hook,
    )


def _by_name(
    manager: pluggy.PluginManager,
    caller: pluggy.HookCaller,
    name_of: Callable[[Any], str],
    make: Callable[[Any], Any] = lambda registered: registered,
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    owners: dict[str, str] = {}
    for implementation in caller.get_hookimpls():
        owner = manager.get_name(implementation.plugin) or implementation.plugin_name
        register = cast("Callable[[], Iterable[Any]]", implementation.function)
        for registered in register():
            name = name_of(registered)
            if name in found:
                raise PluginError(
                    f"Plugins {owners[name]!r} and {owner!r} both register {name!r} by {caller.name}; uninstall one."
                )
            found[name], owners[name] = make(registered), owner
    return dict(sorted(found.items()))


def _infos(manager: pluggy.PluginManager) -> tuple[PluginInfo, ...]:
    distributions = dict(manager.list_plugin_distinfo())
    infos = []
    for name, plugin in manager.list_name_plugin():
        distribution = distributions.get(plugin)
        infos.append(
            PluginInfo(
                name,
                distribution.project_name if distribution else "",
                distribution.version if distribution else "",
            )
        )
    return tuple(sorted(infos, key=lambda info: info.name))
