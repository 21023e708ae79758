"""Calls that may hang, for those who cannot wait."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Makes a call in a thread of its own, and never a second one beside it: however often somebody asks while it
    hangs, there is one thread that hangs, and none that is needed for anything else.

    :param call: its exceptions are raised to all who ask.
    :param name: of the thread.
    """

    def __init__(self, call: Callable[[], T], name: str) -> None:
        self._call = call
        self._name = name
        self._lock = threading.Lock()
        self._flight: Future[T] | None = None

    async def result(self, timeout_seconds: float) -> T:
        """What the call returns; one that is under way is joined.

        :raises TimeoutError: it did not return in time; it goes on.
        """
        flight = asyncio.wrap_future(self._join())
        # Not `wait_for`, which cancels what it waits for: others may wait for the same call.
        done, _ = await asyncio.wait([flight], timeout=timeout_seconds)
        if not done:
            raise TimeoutError
        return flight.result()

    def _join(self) -> Future[T]:
        with self._lock:
            if self._flight is None or self._flight.done():
                self._flight = Future()
                threading.Thread(target=self._run, args=(self._flight,), name=self._name, daemon=True).start()
            return self._flight

    def _run(self, flight: Future[T]) -> None:
        try:
            result = self._call()
        except BaseException as error:  # noqa: BLE001 - the thread's boundary: whoever asked gets it
            flight.set_exception(error)
        else:
            flight.set_result(result)
