"""Storage that is really full, or really read-only."""

import ctypes
import os
import resource
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from fakes.waiting import SECONDS
from scale_core.interfaces.broker import StorageUnavailable

T = TypeVar("T")

LIMIT = 4 << 20
"""Bytes that fit; a fourth more does not."""

MS_RDONLY = 1
MS_REMOUNT = 32
MNT_DETACH = 2
CAPABILITY_VERSION = 0x20080522
CAP_DAC_OVERRIDE = 1 << 1
CAP_DAC_READ_SEARCH = 1 << 2


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


@contextmanager
def unprivileged() -> Iterator[None]:
    """Have this thread read and write what its user's permissions say, also where the user is root."""
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    before = ctypes.create_string_buffer(24)
    if _libc().capget(header, before):
        raise OSError(ctypes.get_errno(), "capget")
    effective, *rest = struct.unpack("=6I", before.raw)
    changed = struct.pack("=6I", effective & ~(CAP_DAC_OVERRIDE | CAP_DAC_READ_SEARCH), *rest)
    if _libc().capset(header, changed):
        raise OSError(ctypes.get_errno(), "capset")
    try:
        yield
    finally:
        _libc().capset(header, before.raw)


@contextmanager
def sealed(folder: Path) -> Iterator[None]:
    """Have this thread not read what is in ``folder``."""
    folder.chmod(0)
    try:
        with unprivileged():
            yield
    finally:
        folder.chmod(0o700)


def at_last(use: Callable[[], T]) -> T:
    """What comes of it; again where a busy machine was too slow for a broker that soon gives up.

    :raises StorageUnavailable: it gives up all the time.
    """
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return use()
        except StorageUnavailable:
            if time.monotonic() > deadline:
                raise


def mount(folder: Path, options: str, flags: int = 0) -> bool:
    """Mount a file system in memory; False: that is not permitted."""
    mounted: int = _libc().mount(b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options.encode())
    return mounted == 0


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
