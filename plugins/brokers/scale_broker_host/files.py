"""Copying, moving and reading single files, durably and in bounded memory. Everything here raises OSError too."""

import ctypes
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scale_core.interfaces.broker import FileMissing

CHUNK = 1 << 18
"""Bytes that are read, hashed and written at a time: they stay in the processor's cache meanwhile, and Linux takes
three times as long to take a mebibyte at once."""

AT_A_TIME = 1 << 30
"""Bytes that one call asks the kernel to copy."""


@dataclass(frozen=True, slots=True)
class Content:
    """Size in bytes and ``sha256:<hex>`` checksum of what was read."""

    size: int
    checksum: str


def open_descriptor(path: Path) -> int:
    """A descriptor that reads the regular file at ``path``; the caller closes it.

    :raises FileMissing: something else is there (opened without blocking, so that a pipe cannot hold us up).
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileMissing(f"There is no regular file at {path}, but something else, such as a folder or a pipe.")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def open_regular(path: Path) -> Iterator[int]:
    """Like :func:`open_descriptor`, closed at the end of the block."""
    descriptor = open_descriptor(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_through(source: int, target: int | None = None) -> Content:
    """Read descriptor ``source`` to its end, copying to ``target`` where one is given."""
    digest = hashlib.sha256()
    view = memoryview(bytearray(min(CHUNK, os.fstat(source).st_size + 1)))
    size = 0
    while count := os.readv(source, [view]):
        digest.update(view[:count])
        if target is not None:
            _write_all(target, view[:count])
        size += count
    return Content(size, f"sha256:{digest.hexdigest()}")


def _write_all(target: int, data: memoryview) -> None:
    while data:
        data = data[os.write(target, data) :]


def copy_beside(source: int, folder: Path, *, sync: bool) -> tuple[Path, Content]:
    """Copy descriptor ``source`` to a hidden file in ``folder``, to be renamed once it is durable.

    :param sync: make it durable here.
    :return: the hidden file, and what is in it.
    """
    hidden = folder / f".scale-{secrets.token_hex(8)}.part"
    try:
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            content = read_through(source, descriptor)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise
    return hidden, content


def copy_into_place(source: int, target: Path) -> Content:
    """Copy descriptor ``source`` to ``target`` so that nobody ever sees a part of it, and it survives a power loss."""
    hidden, content = copy_beside(source, target.parent, sync=True)
    try:
        hidden.rename(target)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise
    return content


def rename_into_place(source: Path, descriptor: int, target: Path) -> Content | None:
    """Rename ``source`` (open for reading as ``descriptor``) to ``target``; None where that is not possible.

    A file with more than one name is left to be copied: its other name would let the stored file be changed,
    and rename does nothing at all where both names are of one file.
    """
    facts = os.fstat(descriptor)
    if source.is_symlink() or facts.st_nlink != 1 or facts.st_dev != target.parent.stat().st_dev:
        return None
    content = read_through(descriptor)
    os.fsync(descriptor)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:  # EXDEV: two mounts of one file system
            raise
        os.lseek(descriptor, 0, os.SEEK_SET)
        return None
    return content


def copy_out(source: int, destination: Path) -> None:
    """Copy descriptor ``source`` to the new file ``destination`` inside the kernel; nothing is left where it fails."""
    target = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        while os.sendfile(target, source, None, AT_A_TIME):
            pass
    except BaseException:
        destination.unlink(missing_ok=True)
        raise
    finally:
        os.close(target)


def link_out(source: Path, destination: Path) -> None:
    """Give ``source`` the further name ``destination``: a hard link inside one file system, else a symbolic one."""
    try:
        destination.hardlink_to(source)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:  # another file system, too many names, or hard links are protected
        destination.symlink_to(source)


def rename(old: Path, new: Path) -> None:
    """Rename, also where both are names of one file, of which rename would leave both."""
    if new.exists() and os.path.samestat(old.lstat(), new.lstat()):
        old.unlink()
    else:
        old.rename(new)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power loss."""
    sync_file(folder)


def sync_file(path: Path) -> None:
    """Make the content of a file, or the names in a folder, survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file_system(folder: Path) -> bool:
    """Make everything on the file system that holds ``folder`` survive a power loss; False: there is no such call."""
    syncfs = _syncfs()
    if syncfs is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)
    return True


@cache
def _syncfs() -> Callable[[int], int] | None:
    """Linux has it, and Python does not."""
    return getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
