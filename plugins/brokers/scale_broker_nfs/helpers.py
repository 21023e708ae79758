"""The helpers of one broker: so many at most, each for one caller at a time."""

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scale_broker_nfs.helper import Helper
from scale_core.interfaces.broker import StorageUnavailable


class Helpers:
    """Thread-safe. A helper is started when there is no other that is free, and kept until :meth:`end`, or until
    this is not used any more.

    :param start: starts one.
    :param limit: how many there are at most; who needs one more waits.
    """

    def __init__(self, start: Callable[[], Helper], limit: int) -> None:
        self._start = start
        self._limit = limit
        self._changed = threading.Condition()
        self._free: list[Helper] = []
        self._number = 0
        weakref.finalize(self, _end, self._free)

    @contextmanager
    def lend(self, wanted: Helper | None = None) -> Iterator[Helper]:
        """A helper for this block, which nobody else has meanwhile.

        :param wanted: the one that it has to be.
        :raises StorageUnavailable: none can be started, or the wanted one is gone.
        """
        helper = self._take(wanted)
        try:
            yield helper
        finally:
            with self._changed:
                if helper.is_gone:
                    self._number -= 1
                else:
                    self._free.append(helper)
                self._changed.notify_all()

    def end(self) -> None:
        """End those that are free."""
        with self._changed:
            ended = list(self._free)
            self._free.clear()
            self._number -= len(ended)
            self._changed.notify_all()
        _end(ended)

    def _take(self, wanted: Helper | None) -> Helper:
        with self._changed:
            while True:
                if wanted is not None and wanted.is_gone:
                    raise StorageUnavailable("The file was open in a process that was given up. Open it again.")
                helper = wanted or (self._free[-1] if self._free else None)
                if helper in self._free:
                    self._free.remove(helper)
                    return helper
                if wanted is None and self._number < self._limit:
                    self._number += 1
                    break
                self._changed.wait()
        return self._started()

    def _started(self) -> Helper:
        try:
            return self._start()
        except OSError as error:
            with self._changed:
                self._number -= 1
                self._changed.notify_all()
            raise StorageUnavailable(f"No process can be started that works on the storage: {error}.") from error


def _end(helpers: list[Helper]) -> None:
    while helpers:
        helpers.pop().end()
