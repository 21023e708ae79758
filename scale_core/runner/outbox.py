"""What the agent has to say to Scale, in groups."""

import socket
from typing import Final

GROUP_SECONDS: Final = 0.02
"""How long news may wait for more after some was sent: to wake Scale costs more than an event does. After a quiet time
news goes at once."""


class Outbox:
    """Collects frames and sends them without ever waiting for the other side."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._pending: list[bytes] = []
        self._unsent = b""
        self._last_sent = float("-inf")
        self.due: float | None = None
        """When :meth:`send` should be called (monotonic); None: there is nothing to send, or the line is full."""

    def add(self, news: bytes) -> None:
        """Have a frame sent."""
        self._pending.append(news)
        if self.due is None and not self._unsent:
            self.due = self._last_sent + GROUP_SECONDS

    def is_blocked(self) -> bool:
        """Whether the line is full; :meth:`send` goes on when it can be written to."""
        return bool(self._unsent)

    def send(self, now: float) -> None:
        """Send what there is, as much as the line takes.

        :raises OSError: the other side is gone.
        """
        data = self._unsent + b"".join(self._pending)
        self._pending.clear()
        try:
            sent = self._line.send(data)
        except BlockingIOError:
            sent = 0
        self._unsent = data[sent:]
        self._last_sent = now
        self.due = None
