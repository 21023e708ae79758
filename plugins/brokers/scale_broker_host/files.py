"""Copying, moving and reading single files, durably and in bounded memory. Everything here raises OSError too."""

import ctypes
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from scale_core.interfaces.broker import FileMissing

CHUNK = 1 << 18
"""Bytes that are read, hashed and written at a time: they stay in the processor's cache meanwhile, and Linux takes
three times as long to take a mebibyte at once."""

FEW = 8
"""Up to so many files are synced one by one: a sync of the file system waits for all that others wrote to it, too."""

HEAD = 4096
"""Bytes from the start of a file that are kept: they tell what it is."""

NO_NAMELESS = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL})
"""What file systems say that have no files without a name."""

AT_A_TIME = 1 << 30
"""Bytes that one call asks the kernel to copy."""


class Content(NamedTuple):
    """Size in bytes and ``sha256:<hex>`` checksum of what was read, and its first few KiB."""

    size: int
    checksum: str
    head: bytes = b""


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
    size, head = 0, b""
    while count := os.readv(source, [view]):
        digest.update(view[:count])
        head = head or bytes(view[: min(count, HEAD)])
        if target is not None:
            _write_all(target, view[:count])
        size += count
    return Content(size, f"sha256:{digest.hexdigest()}", head)


def read_at_once(source: int, size: int) -> Content:
    """Read descriptor ``source``, which is said to have ``size`` bytes, to its end: a small one with a single call."""
    if size >= CHUNK:
        return read_through(source)
    data = os.read(source, size + 1)
    return Content(len(data), f"sha256:{hashlib.sha256(data).hexdigest()}", data[:HEAD])


def _write_all(target: int, data: memoryview) -> None:
    while data:
        data = data[os.write(target, data) :]


class Copy:
    """A copy of descriptor ``source`` in ``folder``, on its way to its name there. It has none until :meth:`place`
    gives it one, so that nothing is left of it where this process is killed; where the file system has no such files
    it has a hidden one (``.scale-….part``). It holds a descriptor until it is placed or discarded.
    """

    def __init__(self, source: int, folder: Path) -> None:
        self._folder = folder
        self._hidden: str | None = None
        self._descriptor = self._make()
        try:
            self.content = read_through(source, self._descriptor)
        except BaseException:
            self.discard()
            raise

    def _make(self) -> int:
        try:
            return os.open(self._folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o666)
        except OSError as error:
            if error.errno not in NO_NAMELESS:
                raise
        self._hidden = self._hidden_name()
        return os.open(self._hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def _hidden_name(self) -> str:
        return f"{self._folder}/.scale-{secrets.token_hex(8)}.part"

    def sync(self) -> None:
        """Make the content survive a power loss."""
        os.fsync(self._descriptor)

    def place(self, target: str) -> None:
        """Give it its name; a file of that name is replaced."""
        if self._hidden is None:
            try:
                self._link(target)
            except FileExistsError:
                self._hidden = self._hidden_name()
                self._link(self._hidden)
        if self._hidden is not None:
            os.rename(self._hidden, target)  # noqa: PTH104 - for each of many files
            self._hidden = None
        os.close(self._descriptor)

    def _link(self, name: str) -> None:
        # With a folder's descriptor, which the absolute path has no use for, Python follows the link in /proc.
        os.link(f"/proc/self/fd/{self._descriptor}", name, src_dir_fd=self._descriptor)

    def discard(self) -> None:
        """Leave nothing of it."""
        if self._hidden is not None:
            Path(self._hidden).unlink(missing_ok=True)
        os.close(self._descriptor)


def copy_into_place(source: int, target: Path) -> Content:
    """Copy descriptor ``source`` to ``target`` so that nobody ever sees a part of it, and it survives a power loss."""
    copy = Copy(source, target.parent)
    try:
        copy.sync()
        copy.place(str(target))
    except BaseException:
        copy.discard()
        raise
    return copy.content


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
