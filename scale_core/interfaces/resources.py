"""What nodes have, and executions need."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

CustomAmounts = tuple[tuple[str, float], ...]

NO_AMOUNT: Final = 1e-6
"""What rounding may leave of an amount: nodes count in thousandths."""


def custom_amounts(amounts: Mapping[str, float]) -> CustomAmounts:
    """Amounts of resources by name, as :class:`Resources` has them: in order, and without those of which there is none,
    so that what is the same is equal."""
    return tuple(sorted((name, float(amount)) for name, amount in amounts.items() if abs(amount) > NO_AMOUNT))


def _sum(ones: CustomAmounts, others: CustomAmounts, sign: int) -> CustomAmounts:
    total = dict(ones)
    for name, amount in others:
        total[name] = total.get(name, 0.0) + sign * amount
    return custom_amounts(total)


@dataclass(frozen=True, slots=True)
class Resources:
    """cpus in cores, mem and disk in MiB; ``custom`` are others that nodes have and executions need, such as gpus, as
    :func:`custom_amounts` makes them. Most have none, for which nothing is done here."""

    cpus: float = 0.0
    mem: float = 0.0
    disk: float = 0.0
    custom: CustomAmounts = ()

    def __add__(self, other: "Resources") -> "Resources":
        custom = _sum(self.custom, other.custom, 1) if self.custom or other.custom else ()
        return Resources(self.cpus + other.cpus, self.mem + other.mem, self.disk + other.disk, custom)

    def __sub__(self, other: "Resources") -> "Resources":
        custom = _sum(self.custom, other.custom, -1) if other.custom else self.custom
        return Resources(self.cpus - other.cpus, self.mem - other.mem, self.disk - other.disk, custom)

    def fits_in(self, other: "Resources") -> bool:
        """Whether this much can be taken from ``other``; a millionth is allowed for rounding."""
        slack = 1e-6
        if not (self.cpus <= other.cpus + slack and self.mem <= other.mem + slack and self.disk <= other.disk + slack):
            return False
        if not self.custom:
            return True
        there = dict(other.custom)
        return all(needed <= there.get(name, 0.0) + slack for name, needed in self.custom)
