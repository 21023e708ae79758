"""Which launches may start on a node, and which wait until there is room."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from scale_core.interfaces.engine import Resources

T = TypeVar("T")


class Held(NamedTuple, Generic[T]):
    """A launch that waits; ``number`` is its place in the order of all."""

    number: int
    key: int
    needs: Resources
    item: T


class Room(Generic[T]):
    """Takes launches by id and gives them out in their order, each once it fits into what is free: one that does not
    fit yet holds up none.

    One that was given out may have *followers*: the next in order, of the same needs, which run after it in its room.

    :param capacity: what those that were given out may take together.
    """

    def __init__(self, capacity: Resources) -> None:
        self.capacity = capacity
        self._free = capacity
        self._taken: dict[int, Resources] = {}
        self._following: dict[int, Held[T]] = {}
        self._held: dict[int, Held[T]] = {}
        # By needs, so that a thousand equal launches cost no more to look through than one.
        self._queues: dict[Resources, deque[Held[T]]] = {}
        self._number = 0

    def __contains__(self, key: int) -> bool:
        """Whether it waits, follows, or was given out and not released."""
        return key in self._taken or key in self._held or key in self._following

    def __len__(self) -> int:
        """How many wait."""
        return len(self._held)

    def add(self, key: int, needs: Resources, item: T) -> None:
        """Hold a launch until :meth:`startable` gives it out."""
        self._number += 1
        held = Held(self._number, key, needs, item)
        self._held[key] = held
        self._queues.setdefault(needs, deque()).append(held)

    def is_held(self, key: int) -> bool:
        """Whether it waits."""
        return key in self._held

    def startable(self) -> Iterator[tuple[int, T]]:
        """Give out what fits now; each takes its room until :meth:`release`."""
        while True:
            fitting = [queue[0] for needs, queue in self._queues.items() if needs.fits_in(self._free)]
            if not fitting:
                return
            first = min(fitting)
            self._pop(first.needs)
            self._taken[first.key] = first.needs
            self._free = self._free - first.needs
            yield first.key, first.item

    def release(self, key: int) -> None:
        """Give back the room of one that was given out."""
        needs = self._taken.pop(key)
        # Starting again from nothing keeps rounding from adding up.
        self._free = self._free + needs if self._taken else self.capacity

    def followers(self, key: int, most: int) -> list[tuple[int, T]]:
        """Give out up to ``most`` of those that wait as followers of ``key``; none that others are before."""
        needs = self._taken[key]
        queue = self._queues.get(needs, ())
        before = min(
            (other[0].number for each, other in self._queues.items() if each != needs), default=self._number + 1
        )
        found: list[tuple[int, T]] = []
        while queue and len(found) < most and queue[0].number < before:
            held = self._pop(needs)
            self._following[held.key] = held
            found.append((held.key, held.item))
            queue = self._queues.get(needs, ())
        return found

    def hand_over(self, key: int, follower: int) -> None:
        """``follower`` has taken the room of ``key``."""
        del self._following[follower]
        self._taken[follower] = self._taken.pop(key)

    def put_back(self, follower: int) -> None:
        """Let a follower wait again, in its place."""
        held = self._following.pop(follower)
        self._held[follower] = held
        self._queues[held.needs] = deque(sorted((*self._queues.get(held.needs, ()), held), key=lambda one: one.number))

    def could_start(self, follower: int) -> bool:
        """Whether there is room for a follower beside all that runs."""
        return self._following[follower].needs.fits_in(self._free)

    def drop(self, key: int) -> None:
        """Forget one that waits or follows."""
        if self._following.pop(key, None) is not None:
            return
        needs = self._held.pop(key).needs
        remaining = deque(held for held in self._queues[needs] if held.key != key)
        if remaining:
            self._queues[needs] = remaining
        else:
            del self._queues[needs]

    def drop_all(self) -> list[int]:
        """Forget all that wait; returns their ids in order."""
        held = list(self._held)
        self._held.clear()
        self._queues.clear()
        return held

    def _pop(self, needs: Resources) -> Held[T]:
        queue = self._queues[needs]
        held = queue.popleft()
        if not queue:
            del self._queues[needs]
        del self._held[held.key]
        return held
