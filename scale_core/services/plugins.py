"""The installed plugins, for people."""

from collections.abc import Mapping, Sequence
from typing import Final

from scale_core.plugin.registry import NOTICES, PluginInfo, Registry
from scale_core.services.context import Context
from scale_core.services.listing import ListPage
from scale_generated import models
from scale_generated.enums import PluginKind
from scale_generated.queries import ListPluginsQuery

HOOKS: Final[Mapping[PluginKind, Sequence[str]]] = {
    PluginKind.BROKER: ("scale_register_brokers",),
    PluginKind.TRIGGER: ("scale_register_trigger_types",),
    PluginKind.ERROR: ("scale_register_error_mappers",),
    PluginKind.ENGINE: ("scale_register_engines",),
    PluginKind.CLOCK: ("scale_register_clock_processors",),
    PluginKind.METRIC: ("scale_register_metrics",),
    PluginKind.COMMAND: ("scale_register_commands",),
    PluginKind.NOTICE: NOTICES,
}
"""The hooks that a plugin of each kind implements."""


class PluginService:
    """Lists plugins."""

    def __init__(self, context: Context) -> None:
        self._registry = context.registry

    def list(self, query: ListPluginsQuery) -> ListPage[models.Plugin]:
        """One page of plugins, by name."""
        found = self._registry.plugins
        shown = found[(query.page - 1) * query.page_size : query.page * query.page_size]
        return ListPage(len(found), [_described(one, self._registry) for one in shown])


def _described(plugin: PluginInfo, registry: Registry) -> models.Plugin:
    return {
        "name": plugin.name,
        "version": plugin.version or None,
        "distribution": plugin.distribution or None,
        "kinds": [kind.value for kind, hooks in HOOKS.items() if plugin.name in registry.implementing(hooks)],
    }
