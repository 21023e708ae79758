"""The settings of an agent as a document."""

import math
from pathlib import Path

import orjson

from scale_core.interfaces.engine import AgentSettings, Resources


def write_settings(settings: AgentSettings) -> bytes:
    """As JSON; an amount without a bound is null."""
    capacity = settings.capacity
    amounts = {"cpus": capacity.cpus, "mem": capacity.mem, "disk": capacity.disk}
    return orjson.dumps(
        {
            "folder": str(settings.folder.absolute()),
            "capacity": {name: amount if math.isfinite(amount) else None for name, amount in amounts.items()},
            "search_path": settings.search_path,
            "log_limit": settings.log_limit,
            "kill_grace": settings.kill_grace,
            "limits": settings.limits,
        }
    )


def read_settings(document: bytes) -> AgentSettings:
    """What :func:`write_settings` wrote."""
    given = orjson.loads(document)
    amounts = {name: math.inf if amount is None else amount for name, amount in given.pop("capacity").items()}
    return AgentSettings(folder=Path(given.pop("folder")), capacity=Resources(**amounts), **given)
