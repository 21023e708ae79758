"""Files of a storage as streams."""

import io
import os
from abc import abstractmethod


class SizedStream(io.RawIOBase):
    """A stream that can seek and knows its size. Subclasses have ``readinto``, which reads from ``_place`` on and moves
    that on.

    :ivar _place: where the next read begins: bytes from the start.
    """

    def __init__(self) -> None:
        self._place = 0

    @property
    @abstractmethod
    def size(self) -> int:
        """How many bytes there are."""

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Bytes from the start."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go elsewhere: not before the start, but beyond the end, where nothing is read."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.size}[whence]
        self._place = max(0, base + offset)
        return self._place
