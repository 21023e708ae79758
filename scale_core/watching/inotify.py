"""Being told by Linux that something changed in a directory, once until one asks again.

A Strike process has to know that it must look, not at what: of thousands of files that are renamed into its directory,
and by it out of there again, one event is enough. Libraries that report each spend more on that than on some files.
"""

import ctypes
import os
import select
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, Self

MODIFY, CLOSE_WRITE, MOVED_TO, CREATE, ONLYDIR, ONESHOT = 0x2, 0x8, 0x80, 0x100, 0x01000000, 0x80000000
"""From ``linux/inotify.h``."""

WANTED: Final = MODIFY | CLOSE_WRITE | MOVED_TO | CREATE | ONLYDIR | ONESHOT
EVENTS_SIZE: Final = 4096


class Bell:
    """Rings once when a file comes into a directory or is written to there; use it as a context.

    :raises OSError: the system has no more of them, or the directory is not there.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = os.fsencode(directory)
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Get ready to ring."""
        self._descriptor = _call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            self.set()
        except OSError:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """Never ring again."""
        os.close(self._descriptor)

    def set(self) -> None:
        """Have it ring for the next change."""
        _call("inotify_add_watch", self._descriptor, self._directory, ctypes.c_uint32(WANTED))

    def wait(self, seconds: float) -> bool:
        """Whether it rings within so many seconds."""
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return False
        os.read(self._descriptor, EVENTS_SIZE)
        return True


def _call(name: str, *arguments: object) -> int:
    result = _function(name)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


@cache
def _function(name: str) -> Callable[..., int]:
    function: Callable[..., int] | None = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:
        raise OSError(f"this system has no {name}")
    return function
