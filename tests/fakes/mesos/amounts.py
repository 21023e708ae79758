"""Scalar resources in thousandths, as Mesos counts them.

What is reserved is counted apart: ``cpus@eng`` are cpus reserved for the role ``eng`` when their agent was started,
``cpus@eng+ops`` those that the principal ``ops`` has reserved for it since.
"""

from collections.abc import Iterable
from typing import Any

Amounts = dict[str, int]

ORDER = ("cpus", "mem", "disk")


def amounts(resources: Iterable[dict[str, Any]]) -> Amounts:
    """Of ``Resource`` messages; ranges are left out."""
    total: Amounts = {}
    for one in resources:
        if one["type"] == "SCALAR":
            key = one["name"] + _reservation(one)
            total[key] = total.get(key, 0) + round(one["scalar"]["value"] * 1000)
    return total


def plus(one: Amounts, other: Amounts, sign: int = 1) -> Amounts:
    """Sum, or difference."""
    return {name: one.get(name, 0) + sign * other.get(name, 0) for name in one.keys() | other.keys()}


def fits(need: Amounts, room: Amounts) -> bool:
    """Whether all of it is there."""
    return all(value <= room.get(name, 0) for name, value in need.items())


def owner(key: str) -> str:
    """The role that it is reserved for; ``*``: nobody's."""
    _name, _, reservation = key.partition("@")
    return reservation.partition("+")[0] or "*"


def owners(given: Amounts) -> set[str]:
    """Whom there is something for."""
    return {owner(key) for key in given}


def shares(given: Amounts, role: str | None) -> dict[str, float | str]:
    """By name, as masters print them; of what is reserved for a role, or of all."""
    sums: dict[str, float | str] = {"ports": "[31000-31100]"} if role in (None, "*") else {}
    for key, value in given.items():
        if role in (None, owner(key)):
            name = key.partition("@")[0]
            sums[name] = float(sums.get(name, 0.0)) + value / 1000
    return sums


def for_role(given: Amounts, role: str) -> Amounts:
    """What a role may be offered: what is reserved for it or what is above it, and what is reserved for nobody."""
    return {
        key: value for key, value in given.items() if owner(key) in ("*", role) or role.startswith(f"{owner(key)}/")
    }


def messages(given: Amounts, role: str, allocated: bool, refined: bool = False) -> list[dict[str, Any]]:
    """``Resource`` messages as offers have them.

    :param refined: as those are told who know RESERVATION_REFINEMENT.
    """
    about: dict[str, Any] = {"allocation_info": {"role": role}} if allocated else {}
    return [
        {"name": key.partition("@")[0], "type": "SCALAR", "scalar": {"value": given[key] / 1000}}
        | _reserved(key, refined)
        | about
        for key in (*ORDER, *sorted(given.keys() - set(ORDER)))
        if given.get(key, 0) > 0
    ]


def said(given: Amounts, ports: str = "[31000-31100]") -> str:
    """As Mesos prints them."""
    parts = [f"{name}(allocated: *):{given[name] / 1000:g}" for name in ORDER if given.get(name)]
    return "; ".join(([f"ports(allocated: *):{ports}"] if ports else []) + parts)


def _reservation(resource: dict[str, Any]) -> str:
    if resource.get("reservations"):
        last = resource["reservations"][-1]
        return _suffix(last["role"], last.get("principal", "") if last["type"] == "DYNAMIC" else "")
    role = resource.get("role", "*")
    return "" if role == "*" else _suffix(role, resource.get("reservation", {}).get("principal", ""))


def _suffix(role: str, principal: str) -> str:
    return f"@{role}+{principal}" if principal else f"@{role}"


def _reserved(key: str, refined: bool) -> dict[str, Any]:
    role, principal = owner(key), key.partition("+")[2]
    if not refined:
        return {"role": role} | ({"reservation": {"principal": principal}} if principal else {})
    if role == "*":
        return {}
    about = {"type": "DYNAMIC", "principal": principal} if principal else {"type": "STATIC"}
    return {"reservations": [about | {"role": role}]}
