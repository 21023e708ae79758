"""The connections of one broker, which are kept for the next call."""

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from scale_broker_fsspec.session import Session

Connect = Callable[[Callable[[Session], bool]], Session]
"""Makes a session, which is told how it finds out that nobody uses it."""


class Sessions:
    """Thread-safe. A session that is free ends when nothing was done over it for a while, by :meth:`end`, and with this
    object.

    Free sessions are in a list whose single operations cannot be broken into, and not behind a lock: what gives one
    back or ends it may be a destructor, which runs in the midst of anything, and so behind that lock too.

    :param connect: makes one.
    :param limit: for how many calls there is one at a time; other calls wait. So many are kept at most.
    """

    def __init__(self, connect: Connect, limit: int) -> None:
        self._limit: Final = limit
        self._turns = threading.BoundedSemaphore(limit)
        self._free: list[Session] = []
        self._connect = partial(connect, partial(_forget, self._free))
        weakref.finalize(self, _leave, self._free)

    @contextmanager
    def lend(self) -> Iterator[Session]:
        """A session for a call, in its turn.

        :raises Exception: whatever fsspec raises that cannot connect.
        """
        with self._turns:
            session = self.take()
            try:
                yield session
            except BaseException as error:
                session.doubt(error)
                raise
            finally:
                self.give_back(session)

    def take(self) -> Session:
        """A session, connected, that nobody else has until it is given back. A kept one is asked first whether it is
        still there, so that nothing has to be done twice when it is not."""
        while (session := self._kept()) is not None:
            try:
                if session.answers():
                    return session
            except BaseException:
                session.close()
                raise
            session.close()
        return self._connect().open()

    def give_back(self, session: Session) -> None:
        """Keep a session for the next call, or end it."""
        if session.is_sound and len(self._free) < self._limit:
            self._free.append(session)
        else:
            session.close()

    def end(self) -> None:
        """End those that are free."""
        while (session := self._kept()) is not None:
            session.close()

    def _kept(self) -> Session | None:
        try:
            return self._free.pop()
        except IndexError:
            return None


def _forget(free: list[Session], session: Session) -> bool:
    """Take a session out of those that are free; whether it was there."""
    try:
        free.remove(session)
    except ValueError:
        return False
    return True


def _leave(free: list[Session]) -> None:
    for session in free:
        session.leave()
