"""Where clients get files by themselves, from a storage that gives them addresses of its own."""

from collections.abc import Mapping
from typing import Any

from scale_core.interfaces.broker import Broker, BrokerError
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError


class StorageUrls:
    """Asks brokers for addresses."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def url(self, configuration: Mapping[str, Any], path: str) -> str | None:
        """The address of a file in the workspace of that configuration; None: Scale serves it."""
        kind = self._context.registry.brokers.get(configuration.get("broker", {}).get("type", ""))
        if kind is None or kind.url is Broker.url:
            return None
        try:
            return broker_for(self._context, configuration).url(path, None)
        except (BrokerError, ServiceError):  # asked for the content, it says why it cannot give it
            return None
