"""Parts of local files."""

import os
from collections.abc import Iterator

from scale_core.storage.content import CHUNK
from scale_core.storage.streams import SizedStream


class Slice(SizedStream):
    """``size`` bytes of a file from ``start`` on, as a stream that can seek; many may read one descriptor."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._start = start
        self._size = size

    @property
    def size(self) -> int:
        """Those of the slice."""
        return self._size

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1, /) -> bytes | None:
        """Read some bytes, fewer than are asked for where that is much: many slices are read at once."""
        return super().read(min(size, CHUNK))

    # RawIOBase takes any buffer; these are the two that readers pass.
    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """Read the next bytes."""
        view = memoryview(buffer)[: max(0, self._size - self._place)]
        count = os.preadv(self._descriptor, [view], self._start + self._place) if view else 0
        self._place += count
        return count


def chunks(descriptor: int, start: int, end: int | None) -> Iterator[memoryview]:
    """What a file has from ``start`` to ``end`` (None: its end), a piece at a time; each is overwritten by the next."""
    view = memoryview(bytearray(CHUNK))
    while end is None or start < end:
        wanted = view if end is None else view[: min(CHUNK, end - start)]
        count = os.preadv(descriptor, [wanted], start)
        if not count:
            return
        start += count
        yield view[:count]


def write_at(descriptor: int, data: bytes, start: int) -> None:
    """Write all of ``data``."""
    view = memoryview(data)
    while view:
        count = os.pwrite(descriptor, view, start)
        view, start = view[count:], start + count
