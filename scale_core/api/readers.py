"""Reading files whose storage may hang, for those who cannot wait: each in a thread of its own."""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, BinaryIO, Final, TypeVar

from scale_core.services.exceptions import Unavailable

T = TypeVar("T")

log = logging.getLogger(__name__)

MOST: Final = 64
"""Files of one storage that are read at a time: where it hangs, so many threads do with it, and no more."""

Opened = Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True, slots=True)
class _Order:
    call: Callable[[BinaryIO], Any]
    done: "Future[Any]"


class Reader:
    """One file, open in a thread. Nothing of the storage is asked in any other, and nobody waits for the thread: once
    :meth:`end` was called, it gives the file back when the storage lets it.

    :param opened: opens the file, and gives everything back afterwards.
    :param ended: is called in the thread when that is done.
    """

    def __init__(self, opened: Opened, name: str, ended: Callable[[], None]) -> None:
        self._opened = opened
        self._ended = ended
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._is_open: Future[None] = Future()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    async def open(self, timeout_seconds: float) -> None:
        """Wait until the file is open.

        :raises TimeoutError: it is not in time.
        :raises Exception: whatever opening it raised.
        """
        await _result(self._is_open, timeout_seconds)

    async def ask(self, call: Callable[[BinaryIO], T], timeout_seconds: float) -> T:
        """What ``call`` makes of the open file, in the thread.

        :raises TimeoutError: it is not done in time.
        :raises Exception: whatever it raised.
        """
        done: Future[T] = Future()
        self._orders.put(_Order(call, done))
        return await _result(done, timeout_seconds)

    def end(self) -> None:
        """Give the file back once what was asked last is done; returns at once."""
        self._orders.put(None)

    def _work(self) -> None:
        try:
            with self._opened() as stream:
                self._is_open.set_result(None)
                while (order := self._orders.get()) is not None:
                    _carry_out(order, stream)
        except BaseException as error:  # noqa: BLE001 - the thread's boundary: whoever waits gets it
            if self._is_open.done():
                log.warning("A file that was read cannot be closed: %s", error)
            else:
                self._is_open.set_exception(error)
        finally:
            self._ended()


class Readers:
    """Thread-safe. So many readers of each storage at most, so that one that hangs leaves the others alone."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._reading: Counter[Hashable] = Counter()

    def start(self, storage: Hashable, opened: Opened) -> Reader:
        """A reader of a file of ``storage``; whoever starts it ends it.

        :raises Unavailable: there are too many.
        """
        with self._lock:
            if self._reading[storage] >= self._most:
                raise Unavailable(
                    f"{self._most} files are read from {storage} already, the most at a time. Where fewer clients ask, "
                    "it does not answer: see to it, and try again."
                )
            self._reading[storage] += 1
        return Reader(opened, f"content of {storage}", lambda: self._end(storage))

    def _end(self, storage: Hashable) -> None:
        with self._lock:
            self._reading[storage] -= 1
            if not self._reading[storage]:
                del self._reading[storage]


def _carry_out(order: _Order, stream: BinaryIO) -> None:
    if not order.done.set_running_or_notify_cancel():
        return
    try:
        result = order.call(stream)
    except BaseException as error:  # noqa: BLE001 - whoever asked gets it
        order.done.set_exception(error)
    else:
        order.done.set_result(result)


async def _result(done: "Future[T]", timeout_seconds: float) -> T:
    waiting = asyncio.wrap_future(done)
    # Where nobody waits any more, nobody needs to hear of it either.
    waiting.add_done_callback(lambda late: late.cancelled() or late.exception())
    # Not `wait_for`, which would wait for what it has cancelled.
    await asyncio.wait([waiting], timeout=timeout_seconds)
    if not waiting.done():
        raise TimeoutError
    return waiting.result()
