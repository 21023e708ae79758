"""From a workspace's configuration to the broker that serves it."""

from collections.abc import Mapping
from typing import Any

from scale_core.intake.orders import Place
from scale_core.interfaces.broker import Broker, BrokerError
from scale_core.interfaces.options import OptionError
from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError, invalid


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

    :raises Invalid: no installed plugin registers a broker of that type, or the installation's options are wrong.
    """
    kind = broker_class(context, configuration, at)
    try:
        broker = configuration["broker"]
        return context.brokers.get(broker, lambda: kind.from_settings(broker, storage_options(context, kind)))
    except OptionError as error:
        raise invalid(f"{at}/broker", str(error)) from error


def place_broker(context: Context, place: Place) -> Broker:
    """The broker of a workspace.

    :raises BrokerError: it cannot be used here, for a reason that :func:`broker_for` gives.
    """
    try:
        return broker_for(context, place.configuration)
    except ServiceError as error:
        raise BrokerError(str(error)) from error


def storage_options(context: Context, kind: type[Broker]) -> Mapping[str, Any]:
    """What the installation says about all storage of one kind."""
    return context.settings.storage_options.get(kind.type_name, {})
