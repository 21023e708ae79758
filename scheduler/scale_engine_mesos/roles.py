"""Roles: whom resources are offered as, and what is reserved for whom (Mesos, "Roles", "Reservation")."""

import re
from typing import Any, Final

EVERYBODY: Final = "*"
"""The role of those who have none, and of what is reserved for nobody."""

NAME: Final = re.compile(r"(?!-)(?!\.{1,2}$)[^\s\x00-\x20\x7f\\/*]+")
"""One part of a role; parts of hierarchical roles have ``/`` between."""


def is_role(name: str) -> bool:
    """Whether masters take it for a role."""
    return name == EVERYBODY or all(NAME.fullmatch(part) for part in name.split("/"))


def reserved_for(resource: dict[str, Any]) -> str:
    """The role that a ``Resource`` is reserved for: its last reservation since Mesos 1.4, before ``role``."""
    reservations = resource.get("reservations")
    return str(reservations[-1]["role"] if reservations else resource.get("role", EVERYBODY))


def may_use(role: str, resource: dict[str, Any]) -> bool:
    """Whether a role may be allocated a resource: it is reserved for that, for what is above it, or for nobody."""
    owner = reserved_for(resource)
    return owner in (EVERYBODY, role) or role.startswith(f"{owner}/")


def closeness(resource: dict[str, Any]) -> int:
    """The greater, the fewer others may use a resource: the depth of the role that it is reserved for."""
    owner = reserved_for(resource)
    return 0 if owner == EVERYBODY else 1 + owner.count("/")


def role_of(offer: dict[str, Any]) -> str:
    """Whom an ``Offer`` is for; empty: the master knows one role for each framework, and does not say it."""
    return str(offer.get("allocation_info", {}).get("role", ""))
