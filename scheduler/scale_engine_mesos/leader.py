"""Who is to be asked next: the master that is said to lead, or the next of those that were given."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from scale_engine_mesos.zookeeper import ZooKeeper


class Leader:
    """May be used by any thread.

    :param masters: addresses to ask in turn while nobody is said to lead.
    :param zookeeper: the address of what knows who leads; empty: nothing does.
    :param changed: is called when ZooKeeper tells something.
    """

    def __init__(self, masters: Sequence[str], zookeeper: str, changed: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._given = deque(masters)
        self._leader: str | None = None
        self._changed = changed
        self._zookeeper = ZooKeeper(zookeeper, self.told) if zookeeper else None

    def start(self) -> None:
        """Begin to ask ZooKeeper, if there is one."""
        if self._zookeeper is not None:
            self._zookeeper.start()

    def stop(self) -> None:
        """Ask it no more."""
        if self._zookeeper is not None:
            self._zookeeper.stop()

    def next(self) -> str | None:
        """Whom to ask; None: nobody leads now."""
        with self._lock:
            if self._leader is None and self._given:
                self._given.rotate(-1)
                return self._given[-1]
            return self._leader

    def is_other_than(self, master: str | None) -> bool:
        """Whether somebody else is said to lead, or nobody."""
        with self._lock:
            return self._leader != master

    def redirected(self, master: str) -> None:
        """A master says that another one leads."""
        with self._lock:
            self._leader = master

    def failed(self) -> None:
        """The master that was asked is no good; what ZooKeeper says stands."""
        with self._lock:
            if self._zookeeper is None:
                self._leader = None

    def told(self, master: str | None) -> None:
        """Take what ZooKeeper tells: who leads, or that nobody does."""
        with self._lock:
            self._leader = master
        self._changed()
