"""The settings of an agent as a document."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import orjson

from scale_core.interfaces.engine import AgentSettings, ContainerSettings, Resources


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
            "storage": settings.storage,
            "containers": None if settings.containers is None else dataclasses.asdict(settings.containers),
        }
    )


def read_settings(document: bytes) -> AgentSettings:
    """What :func:`write_settings` wrote."""
    given = orjson.loads(document)
    amounts = {name: math.inf if amount is None else amount for name, amount in given.pop("capacity").items()}
    folder, containers = Path(given.pop("folder")), given.pop("containers")
    return AgentSettings(
        folder, Resources(amounts["cpus"], amounts["mem"], amounts["disk"]), containers=_containers(containers), **given
    )


def _containers(given: dict[str, Any] | None) -> ContainerSettings | None:
    if given is None:
        return None
    user = given.pop("user")
    return ContainerSettings(user=None if user is None else (user[0], user[1]), **given)
