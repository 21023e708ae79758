"""From a workspace's configuration to the broker that serves it."""

from collections.abc import Mapping
from typing import Any

from scale_core.interfaces.broker import Broker
from scale_core.services.context import Context
from scale_core.services.exceptions import invalid


def broker_class(context: Context, configuration: Mapping[str, Any], at: str = "") -> type[Broker]:
    """The kind of broker that a workspace's configuration names.

    :param at: JSON pointer of the configuration.
    :raises Invalid: no installed plugin registers a broker of that type.
    """
    kind = configuration["broker"]["type"]
    kinds = context.registry.brokers
    if kind not in kinds:
        installed = ", ".join(kinds) or "none"
        raise invalid(f"{at}/broker/type", f"No broker of type {kind!r} is installed; there is: {installed}.")
    return kinds[kind]


def broker_for(context: Context, configuration: Mapping[str, Any], at: str = "") -> Broker:
    """The broker of a workspace with this (valid) configuration.

    :raises Invalid: no installed plugin registers a broker of that type.
    """
    return broker_class(context, configuration, at).from_configuration(configuration["broker"])
