"""Reading and copying content with its checksum, in bounded memory. Everything here raises OSError too."""

import ctypes
import hashlib
import os
import threading
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

CHUNK = 1 << 18
"""Bytes that are read, hashed and written at a time: they stay in the processor's cache meanwhile, and Linux takes
three times as long to take a mebibyte at once."""

HEAD = 4096
"""Bytes from the start of a file that are kept: they tell what it is."""

PIECE = 1 << 22
"""Bytes that one call asks the kernel to copy."""

LARGE = 2 * PIECE
"""Files of so many bytes are worth a thread that computes their checksum behind the copy."""

WINDOW = 1 << 25
"""Bytes that are on their way to the disk while the next ones are read: the sync at the end has little left to wait
for, and says nothing for no longer than a window takes."""

LAG = 2 * WINDOW
"""A copy goes no further than so many bytes ahead of its checksum, which finds them still in memory."""

_BEGIN, _FINISH = 2, 7
"""Of ``sync_file_range``: begin to write; and wait for what was begun, write, and wait for that."""

Told = Callable[[int], None]
"""Takes the bytes of a file that are done."""


class Content(NamedTuple):
    """Size in bytes and ``sha256:<hex>`` checksum of what was read, and its first few KiB."""

    size: int
    checksum: str
    head: bytes = b""


def read_through(source: int, target: int | None = None, told: Told | None = None) -> Content:
    """Read descriptor ``source`` to its end, copying to ``target`` where one is given."""
    digest = hashlib.sha256()
    view = memoryview(bytearray(min(CHUNK, os.fstat(source).st_size + 1)))
    written = _Written(target)
    size, head = 0, b""
    while count := os.readv(source, [view]):
        digest.update(view[:count])
        head = head or bytes(view[: min(count, HEAD)])
        size += count
        if target is not None:
            write_all(target, view[:count])
            written.up_to(size)
        if told is not None:
            told(size)
    return Content(size, f"sha256:{digest.hexdigest()}", head)


def read_at_once(source: int, size: int) -> Content:
    """Read descriptor ``source``, which is said to have ``size`` bytes, to its end: a small one with a single call."""
    if size >= CHUNK:
        return read_through(source)
    data = os.read(source, size + 1)
    return Content(len(data), f"sha256:{hashlib.sha256(data).hexdigest()}", data[:HEAD])


def copy_through(source: int, target: int, told: Told | None = None, *, to_disk: bool) -> Content:
    """Copy descriptor ``source`` to its end, inside the kernel; the checksum is that of what ``target`` has then.

    :param target: of a new file on a disk of this machine, that nobody else writes to; open for reading, too.
    :param to_disk: whether it is synced afterwards, for which its content is sent on its way meanwhile.
    """
    if os.fstat(source).st_size < LARGE:
        return read_through(source, target, told)
    written = _Written(target if to_disk else None)
    with _ChecksumBehind(target) as behind:
        size = 0
        while count := os.sendfile(target, source, None, PIECE):
            size += count
            behind.up_to(size)
            written.up_to(size)
            if told is not None:
                told(size)
        return Content(size, behind.checksum(), os.pread(target, HEAD, 0))


def send(source: int, target: int, told: Told | None = None) -> None:
    """Copy descriptor ``source`` to its end, inside the kernel, without its checksum."""
    done = 0
    while count := os.sendfile(target, source, None, PIECE):
        done += count
        if told is not None:
            told(done)


def write_all(target: int, data: bytes | memoryview) -> None:
    """Write all of ``data`` where descriptor ``target`` is."""
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


class _ChecksumBehind:
    """The checksum of a file that is being written, computed by a thread that follows the writer; used as a context.

    The thread waits for nobody but the writer, and a process need not wait for it: the writer may hang for good.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._digest = hashlib.sha256()
        self._view = memoryview(bytearray(CHUNK))
        self._changed = threading.Condition()
        self._written = self._read = 0
        self._is_whole = False
        self._fault: OSError | None = None
        self._thread = threading.Thread(target=self._follow, name="checksum", daemon=True)

    def __enter__(self) -> "_ChecksumBehind":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._finish()

    def up_to(self, size: int) -> None:
        """So many bytes are there to be read now. Waits where the checksum is far behind.

        :raises OSError: they cannot be read.
        """
        with self._changed:
            self._written = size
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._fault or self._written - self._read <= LAG)
            if self._fault is not None:
                raise self._fault

    def checksum(self) -> str:
        """That of all that was written, as ``sha256:<hex>``.

        :raises OSError: it cannot be read.
        """
        self._finish()
        if self._fault is not None:
            raise self._fault
        return f"sha256:{self._digest.hexdigest()}"

    def _finish(self) -> None:
        with self._changed:
            self._is_whole = True
            self._changed.notify_all()
        self._thread.join()

    def _follow(self) -> None:
        view = self._view
        try:
            while (end := self._next()) is not None:
                while self._read < end:
                    count = os.preadv(self._descriptor, [view[: end - self._read]], self._read)
                    if not count:
                        raise OSError(f"a copy has {self._read} bytes, though {end} were written to it")
                    self._digest.update(view[:count])
                    self._read += count
        except OSError as error:
            self._fault = error
        with self._changed:
            self._changed.notify_all()

    def _next(self) -> int | None:
        """Up to where to read; None: all was read that there is."""
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_whole or self._written > self._read)
            return self._written if self._written > self._read else None


class _Written:
    """Has what is written to a file begin its way to the disk, a window at a time.

    :param descriptor: None: that is not wanted.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._call = None if descriptor is None else system_call("sync_file_range")
        self._descriptor = descriptor
        self._begun = 0

    def up_to(self, size: int) -> None:
        """So many bytes were written: begin with the windows that are full, and wait for those before."""
        while self._call is not None and size - self._begun >= WINDOW:
            start = self._begun
            self._range(start, _BEGIN)
            if start:
                self._range(start - WINDOW, _FINISH)
            self._begun += WINDOW

    def _range(self, start: int, flags: int) -> None:
        if self._call is not None:
            self._call(self._descriptor, ctypes.c_int64(start), ctypes.c_int64(WINDOW), flags)


@cache
def system_call(name: str) -> Callable[..., int] | None:
    """A call that Linux has, and Python does not."""
    return getattr(ctypes.CDLL(None, use_errno=True), name, None)
