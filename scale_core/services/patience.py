"""Calls to storages that may hang, for threads that others need."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Final, TypeVar

from scale_core.interfaces.broker import StorageUnavailable

T = TypeVar("T")

TURN_SECONDS: Final = 1.0
"""How long a question waits until one of those before it is answered: many at once are no sign that a storage hangs."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """What ``call`` returns, in a thread of its own, which is left alone where it takes longer.

    :raises StorageUnavailable: it takes longer.
    :raises Exception: whatever it raises.
    """
    done: Future[T] = Future()

    def work() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # noqa: BLE001 - the thread's boundary: whoever waits gets it
            done.set_exception(error)

    threading.Thread(target=work, name="storage", daemon=True).start()
    try:
        return done.result(seconds)
    except TimeoutError as error:
        if done.done():
            raise
        raise StorageUnavailable(f"It has not answered for {seconds:g} s. See whether it hangs.") from error


class Questions:
    """What storages are asked that may hang. Of what one does not answer in time nothing more is asked until it has
    answered that. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[Hashable, list[float]] = {}
        """When what is open of each is to be answered, by the clock that never goes back."""

    def ask(self, name: Hashable, seconds: float, call: Callable[[], T], most: int = 1) -> T:
        """As :func:`within`.

        :param name: of the storage, and of what it is asked where there are several such things.
        :param most: how many questions may be open at a time: so many threads hang, at most, where the storage does.
        :raises StorageUnavailable: besides, at once: it has not answered what it was asked before; or after
            :data:`TURN_SECONDS`: it is still busy with so many questions.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_late(name) or self._open(name) < most, TURN_SECONDS)
            if self._is_late(name):
                raise StorageUnavailable("It has not answered what it was asked before. See whether it hangs.")
            if self._open(name) >= most:
                raise StorageUnavailable(f"It is asked as much at once as it may be ({most}). Try again.")
            due = time.monotonic() + seconds
            self._due.setdefault(name, []).append(due)

        def asked() -> T:
            try:
                return call()
            finally:
                self._answered(name, due)

        return within(seconds, asked)

    def _answered(self, name: Hashable, due: float) -> None:
        with self._changed:
            self._due[name].remove(due)
            if not self._due[name]:
                del self._due[name]
            self._changed.notify_all()

    def _open(self, name: Hashable) -> int:
        return len(self._due.get(name, ()))

    def _is_late(self, name: Hashable) -> bool:
        now = time.monotonic()
        return any(one <= now for one in self._due.get(name, ()))
