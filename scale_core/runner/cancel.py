"""A switch that a waiting run notices at once."""

import os
import threading


class CancelSwitch:
    """Can be set once, from any thread; :attr:`fd` can be read from afterwards.

    Holds a file descriptor until :meth:`close`; setting it after that does nothing.
    """

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = threading.RLock()  # a signal handler may set it while it is being set
        self._closed = False
        self._on = False

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._on

    def set(self) -> None:
        """Set it."""
        with self._lock:
            self._on = True
            if not self._closed:
                os.eventfd_write(self.fd, 1)

    def close(self) -> None:
        """Give the descriptor back."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self.fd)
