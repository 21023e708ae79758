"""How long to wait before trying again what failed."""


class Backoff:
    """Delays that double from ``first`` to ``longest`` seconds, until :meth:`reset`."""

    def __init__(self, first: float = 0.5, longest: float = 30.0) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def next(self) -> float:
        """The seconds to wait now; more the next time."""
        delay = self._next
        self._next = min(self._next * 2, self._longest)
        return delay

    def reset(self) -> None:
        """It worked: begin anew."""
        self._next = self._first
