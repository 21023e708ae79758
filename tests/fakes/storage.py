"""Storage that is really full, or really read-only."""

import ctypes
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT = 4 << 20
"""Bytes that fit; a fourth more does not."""

MS_RDONLY = 1
MS_REMOUNT = 32
MNT_DETACH = 2


@contextmanager
def small_storage(folder: Path) -> Iterator[None]:
    """Have ``folder`` take :data:`LIMIT` bytes: a file system of that size, or, where nothing may be mounted, files of
    at most that size."""
    if mount(folder, f"size={LIMIT}"):
        try:
            yield
        finally:
            _libc().umount2(os.fsencode(folder), MNT_DETACH)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Have nothing written in ``folder``."""
    if mount(folder, "size=64k", MS_RDONLY):
        try:
            yield
        finally:
            _libc().umount2(os.fsencode(folder), MNT_DETACH)
        return
    folder.chmod(0o500)
    try:
        yield
    finally:
        folder.chmod(0o700)


def mount(folder: Path, options: str, flags: int = 0) -> bool:
    """Mount a file system in memory; False: that is not permitted."""
    mounted: int = _libc().mount(b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options.encode())
    return mounted == 0


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
