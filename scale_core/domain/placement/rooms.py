"""Finds the first of many rooms that a need fits into, in the logarithm of their number."""

from collections.abc import Sequence

from scale_core.interfaces.engine import Resources, custom_amounts

SLACK = 1e-6
"""What :meth:`Resources.fits_in` allows for rounding."""


class Rooms:
    """How much is left in each of a row of rooms.

    A binary tree over the row: each knot knows the most that any room below it has of each resource. Knot ``i`` has the
    children ``2i`` and ``2i + 1``, and the rooms are the leaves. A need that does not fit in a knot fits in no room
    below it.
    """

    def __init__(self, rooms: Sequence[Resources]) -> None:
        self._count = len(rooms)
        self._size = 1 << max(self._count - 1, 0).bit_length()
        self._cpus = self._tree([one.cpus for one in rooms])
        self._mem = self._tree([one.mem for one in rooms])
        self._disk = self._tree([one.disk for one in rooms])
        names = {name for one in rooms for name, _there in one.custom}
        self._custom = {name: self._tree([_amount(one, name) for one in rooms]) for name in sorted(names)}

    def first(self, need: Resources, start: int = 0) -> int | None:
        """The first room from ``start`` on that ``need`` fits into."""
        if start >= self._count:
            return None
        cpus, mem, disk = need.cpus - SLACK, need.mem - SLACK, need.disk - SLACK
        custom: Sequence[tuple[list[float], float]] = ()
        if need.custom:  # most have none, and this is done for each
            if not all(name in self._custom for name, _needed in need.custom):
                return None
            custom = [(self._custom[name], needed - SLACK) for name, needed in need.custom]
        knot, size = self._size + start, self._size
        while True:
            if (
                self._cpus[knot] >= cpus
                and self._mem[knot] >= mem
                and self._disk[knot] >= disk
                and (not custom or all(knots[knot] >= needed for knots, needed in custom))
            ):
                if knot >= size:
                    return knot - size
                knot *= 2
                continue
            while knot & 1:  # a right child: all below its parent has been looked at
                knot >>= 1
            if knot == 0:
                return None
            knot += 1

    def left(self, room: int) -> Resources:
        """What is left in a room."""
        leaf = self._size + room
        custom = custom_amounts({name: knots[leaf] for name, knots in self._custom.items()}) if self._custom else ()
        return Resources(self._cpus[leaf], self._mem[leaf], self._disk[leaf], custom)

    def take(self, room: int, need: Resources) -> None:
        """Take ``need`` from what is left in a room; it may become negative."""
        leaf = self._size + room
        self._set(leaf, self._cpus[leaf] - need.cpus, self._mem[leaf] - need.mem, self._disk[leaf] - need.disk)
        for name, amount in need.custom:
            self._add(self._knots(name), leaf, -amount)

    def give(self, room: int, need: Resources) -> None:
        """Put back what was taken."""
        leaf = self._size + room
        self._set(leaf, self._cpus[leaf] + need.cpus, self._mem[leaf] + need.mem, self._disk[leaf] + need.disk)
        for name, amount in need.custom:
            self._add(self._knots(name), leaf, amount)

    def _knots(self, name: str) -> list[float]:
        """Those of a custom resource; none may have been left of it anywhere."""
        knots = self._custom.get(name)
        if knots is None:
            knots = self._custom[name] = self._tree([0.0] * self._count)
        return knots

    def _tree(self, leaves: list[float]) -> list[float]:
        none = [float("-inf")]
        knots = none * self._size + leaves + none * (self._size - self._count)
        for knot in range(self._size - 1, 0, -1):
            knots[knot] = max(knots[2 * knot], knots[2 * knot + 1])
        return knots

    @staticmethod
    def _add(knots: list[float], knot: int, amount: float) -> None:
        """Change what a room has of a custom resource, and what changes above it."""
        value = knots[knot] + amount
        while knots[knot] != value:
            knots[knot] = value
            if knot == 1:
                return
            value = max(knots[knot & ~1], knots[knot | 1])
            knot >>= 1

    def _set(self, knot: int, cpus: float, mem: float, disk: float) -> None:
        """Set a knot, and what changes above it."""
        all_cpus, all_mem, all_disk = self._cpus, self._mem, self._disk
        while True:
            all_cpus[knot], all_mem[knot], all_disk[knot] = cpus, mem, disk
            if knot == 1:
                return
            left, right = knot & ~1, knot | 1
            knot >>= 1
            cpus = all_cpus[left] if all_cpus[left] > all_cpus[right] else all_cpus[right]
            mem = all_mem[left] if all_mem[left] > all_mem[right] else all_mem[right]
            disk = all_disk[left] if all_disk[left] > all_disk[right] else all_disk[right]
            if cpus == all_cpus[knot] and mem == all_mem[knot] and disk == all_disk[knot]:
                return


def _amount(room: Resources, name: str) -> float:
    return dict(room.custom).get(name, 0.0)
