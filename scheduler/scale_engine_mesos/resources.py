"""What offers hold, and taking from it. Mesos counts in thousandths."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from scale_core.interfaces.engine import Resources, custom_amounts
from scale_engine_mesos.roles import closeness

NAMES = ("cpus", "mem", "disk")
PLACES = 3


def scalars(entries: Iterable[dict[str, Any]]) -> Resources:
    """How much there is in ``Resource`` messages of what is counted: gpus too, and whatever else agents have."""
    found = dict.fromkeys(NAMES, 0.0)
    for entry in entries:
        if _is_plain(entry):
            found[entry["name"]] = found.get(entry["name"], 0.0) + entry["scalar"]["value"]
    rounded = {name: round(value, PLACES) for name, value in found.items()}
    cpus, mem, disk = (rounded.pop(name) for name in NAMES)
    return Resources(cpus, mem, disk, custom_amounts(rounded) if rounded else ())


def take(entries: Sequence[dict[str, Any]], needs: Resources) -> list[dict[str, Any]]:
    """Take ``needs`` out of ``entries``, which lose it, the first before the others; there has to be enough.

    :return: ``Resource`` messages like those that it was taken from, reservations and all.
    """
    taken = []
    for name, amount in (("cpus", needs.cpus), ("mem", needs.mem), ("disk", needs.disk), *needs.custom):
        wanted = round(amount, PLACES)
        for entry in entries:
            if wanted <= 0:
                break
            if not _is_plain(entry) or entry["name"] != name or entry["scalar"]["value"] <= 0:
                continue
            part = min(wanted, entry["scalar"]["value"])
            entry["scalar"] = {"value": round(entry["scalar"]["value"] - part, PLACES)}
            wanted = round(wanted - part, PLACES)
            taken.append(entry | {"scalar": {"value": part}})
    return taken


def nearest_first(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is reserved for fewest before the rest: nobody else could have it."""
    return sorted(entries, key=closeness, reverse=True)


def merged(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same amounts with one ``Resource`` for each name and reservation, in an order of its own."""
    sums: dict[str, dict[str, Any]] = {}
    for entry in entries:
        about = json.dumps({key: value for key, value in entry.items() if key != "scalar"}, sort_keys=True)
        there = sums.setdefault(about, entry | {"scalar": {"value": 0.0}})
        there["scalar"] = {"value": round(there["scalar"]["value"] + entry["scalar"]["value"], PLACES)}
    return [sums[about] for about in sorted(sums)]


def _is_plain(entry: dict[str, Any]) -> bool:
    """Whether it is ours to use: no volume, and nothing that may be taken away again."""
    return entry["type"] == "SCALAR" and not ({"disk", "revocable", "shared"} & entry.keys())
