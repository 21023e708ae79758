"""What a master has against frameworks that subscribe: as Mesos' own validation says it."""

from collections.abc import Collection
from typing import Any

from fakes.mesos.faults import Fault

SINCE = {"GPU_RESOURCES": (1, 0), "PARTITION_AWARE": (1, 1), "MULTI_ROLE": (1, 2), "RESERVATION_REFINEMENT": (1, 4)}
"""The release that brought a capability; before, its name is no value of the field."""


def check_release(info: dict[str, Any], release: str) -> None:
    """What cannot be parsed by a master of that release.

    :raises Fault: there is some.
    """
    version = tuple(int(one) for one in release.split(".")[:2])
    for one in info.get("capabilities", []):
        if version < SINCE.get(one["type"], (0, 0)):
            raise Fault(400, f"Failed to convert JSON into Call protobuf: Failed to parse enum value '{one['type']}'")


def trouble_with_roles(info: dict[str, Any], known: Collection[str] | None) -> str:
    """What is wrong with a framework's roles; empty: nothing.

    :param known: those that the master was started with; None: all are.
    """
    is_multi = any(one["type"] == "MULTI_ROLE" for one in info.get("capabilities", []))
    if is_multi and "role" in info:
        return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable"
    if not is_multi and info.get("roles"):
        return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"
    roles = info.get("roles", []) if is_multi else [info.get("role", "*")]
    if len(set(roles)) < len(roles):
        return f"'FrameworkInfo.roles' contains duplicate items: {{ {', '.join(sorted(set(roles)))} }}"
    strange = [one for one in roles if known is not None and one != "*" and one not in known]
    return f"Roles {{ {', '.join(strange)} }} are not present in the master's --roles" if strange else ""
