"""What the framework tells of itself when it subscribes."""

import re
import socket
from typing import Any

from scale_engine_mesos.options import Options
from scale_engine_mesos.transport import Unsuitable

GPU_RESOURCES = (1, 0)
PARTITION_AWARE = (1, 1)
MULTI_ROLE = (1, 2)
RESERVATION_REFINEMENT = (1, 4)
"""Since which release masters know a capability."""


ONE_ROLE = "knows one role for a framework; the option 'roles' (SCALE_MESOS_ROLES) names several."


def framework_info(options: Options) -> dict[str, Any]:
    """The ``FrameworkInfo`` without what depends on the master's release."""
    framework: dict[str, Any] = {
        "user": options.user,
        "name": options.name,
        "hostname": socket.gethostname(),
        "failover_timeout": options.failover_timeout,
        "checkpoint": options.checkpoint,
    }
    if options.principal:
        framework["principal"] = options.principal
    if options.webui_url:
        framework["webui_url"] = options.webui_url
    return framework


def understood(framework: dict[str, Any], version: str | None, options: Options) -> dict[str, Any]:
    """A ``FrameworkInfo``, which it changes, as far as a master of that release understands it.

    :raises Unsuitable: it cannot be said to such a master.
    """
    release = tuple(int(one) for one in (version or "0").split(".")[:2] if one.isdigit())
    # pymesos' own would have it offered agents with gpus whether it wants them or not.
    capabilities = [one for one in framework.pop("capabilities", []) if one["type"] != "GPU_RESOURCES"]
    if release >= PARTITION_AWARE:
        capabilities.append({"type": "PARTITION_AWARE"})
    if release >= GPU_RESOURCES and options.gpus:
        capabilities.append({"type": "GPU_RESOURCES"})
    if release >= MULTI_ROLE:
        framework["roles"] = list(options.roles)
        capabilities.append({"type": "MULTI_ROLE"})
    elif len(options.roles) > 1:
        raise Unsuitable(f"Mesos {version or 'of an unknown release'} {ONE_ROLE}")
    else:
        framework["role"] = options.roles[0]
    if release >= RESERVATION_REFINEMENT:
        capabilities.append({"type": "RESERVATION_REFINEMENT"})
    return framework | ({"capabilities": capabilities} if capabilities else {})


def explained(message: str, options: Options) -> str:
    """What a master says against the framework, with what to look at where that is the roles."""
    if not re.search(r"\broles?\b", message, re.IGNORECASE):
        return message
    return f"{message} (the option 'roles', SCALE_MESOS_ROLES, is {','.join(options.roles)!r})"
