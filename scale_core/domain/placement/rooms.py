"""Finds the first of many rooms that a need fits into, in the logarithm of their number."""

from collections.abc import Sequence

from scale_core.interfaces.engine import Resources

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
        self._size = size = 1 << max(self._count - 1, 0).bit_length()
        none = [float("-inf")]
        padding = none * (size - self._count)
        self._cpus = none * size + [one.cpus for one in rooms] + padding
        self._mem = none * size + [one.mem for one in rooms] + padding
        self._disk = none * size + [one.disk for one in rooms] + padding
        for knots in (self._cpus, self._mem, self._disk):
            for knot in range(size - 1, 0, -1):
                knots[knot] = max(knots[2 * knot], knots[2 * knot + 1])

    def first(self, need: Resources, start: int = 0) -> int | None:
        """The first room from ``start`` on that ``need`` fits into."""
        if start >= self._count:
            return None
        cpus, mem, disk = need.cpus - SLACK, need.mem - SLACK, need.disk - SLACK
        knot, size = self._size + start, self._size
        while True:
            if self._cpus[knot] >= cpus and self._mem[knot] >= mem and self._disk[knot] >= disk:
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
        return Resources(self._cpus[leaf], self._mem[leaf], self._disk[leaf])

    def take(self, room: int, need: Resources) -> None:
        """Take ``need`` from what is left in a room; it may become negative."""
        leaf = self._size + room
        self._set(leaf, self._cpus[leaf] - need.cpus, self._mem[leaf] - need.mem, self._disk[leaf] - need.disk)

    def give(self, room: int, need: Resources) -> None:
        """Put back what was taken."""
        leaf = self._size + room
        self._set(leaf, self._cpus[leaf] + need.cpus, self._mem[leaf] + need.mem, self._disk[leaf] + need.disk)

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
