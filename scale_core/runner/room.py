"""Which launches may start on a node, and which wait until there is room."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from scale_core.interfaces.engine import Resources

T = TypeVar("T")


class Room(Generic[T]):
    """Takes launches by id and gives them out in their order, each once it fits into what is free: one that does not
    fit yet holds up none.

    :param capacity: what those that were given out may take together.
    """

    def __init__(self, capacity: Resources) -> None:
        self.capacity = capacity
        self._free = capacity
        self._taken: dict[int, Resources] = {}
        self._held: dict[int, Resources] = {}
        # By needs, so that a thousand equal launches cost no more to look through than one.
        self._queues: dict[Resources, deque[tuple[int, int, T]]] = {}
        self._number = 0

    def add(self, key: int, needs: Resources, item: T) -> None:
        """Hold a launch until :meth:`startable` gives it out."""
        self._number += 1
        self._held[key] = needs
        self._queues.setdefault(needs, deque()).append((self._number, key, item))

    def __contains__(self, key: int) -> bool:
        """Whether it is held or was given out and not released."""
        return key in self._taken or key in self._held

    def is_held(self, key: int) -> bool:
        """Whether it waits."""
        return key in self._held

    def startable(self) -> Iterator[tuple[int, T]]:
        """Give out what fits now; each takes its room until :meth:`release`."""
        while True:
            fitting = [(queue[0][0], needs) for needs, queue in self._queues.items() if needs.fits_in(self._free)]
            if not fitting:
                return
            _, needs = min(fitting, key=lambda one: one[0])
            queue = self._queues[needs]
            _, key, item = queue.popleft()
            if not queue:
                del self._queues[needs]
            del self._held[key]
            self._taken[key] = needs
            self._free = self._free - needs
            yield key, item

    def release(self, key: int) -> None:
        """Give back the room of one that was given out."""
        needs = self._taken.pop(key)
        # Starting again from nothing keeps rounding from adding up.
        self._free = self._free + needs if self._taken else self.capacity

    def drop(self, key: int) -> None:
        """Forget one that is held."""
        needs = self._held.pop(key)
        queue = self._queues[needs]
        remaining = deque(entry for entry in queue if entry[1] != key)
        if remaining:
            self._queues[needs] = remaining
        else:
            del self._queues[needs]

    def drop_all(self) -> list[int]:
        """Forget all that are held; returns their ids in order."""
        held = list(self._held)
        self._held.clear()
        self._queues.clear()
        return held
