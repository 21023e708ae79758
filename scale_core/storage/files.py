"""Copying, moving and naming single files, durably. Everything here raises OSError too."""

import ctypes
import errno
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scale_core.interfaces.broker import FileMissing
from scale_core.storage.content import Content, Told, copy_through, read_through, send, system_call
from scale_core.storage.faults import FULL
from scale_core.storage.parts import Parts

FEW = 8
"""Up to so many files are synced one by one: a sync of the file system waits for all that others wrote to it, too."""

NO_NAMELESS = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL})
"""What file systems say that have no files without a name."""


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


class Copy:
    """A copy of descriptor ``source`` in ``folder``, on its way to its name there. It has none until :meth:`place`
    gives it one, so that nothing is left of it where this process is killed; where the file system has no such files
    it has one among the parts. It holds a descriptor until it is placed or discarded.
    """

    def __init__(self, source: int, folder: Path, parts: Parts, told: Told | None = None) -> None:
        self._folder = folder
        self._parts = parts
        self._descriptor, self._hidden = self._make()
        try:
            # Who has no nameless files is a server mostly, from which to read what was written can take long.
            if self._hidden is None:
                self.content = copy_through(source, self._descriptor, told, to_disk=True)
            else:
                self.content = read_through(source, self._descriptor, told)
        except BaseException as error:
            self.discard()
            if isinstance(error, OSError) and error.errno in FULL:
                error.filename = os.fspath(self._folder)  # it is not the source that has no room
            raise

    def _make(self) -> tuple[int, str | None]:
        try:
            return os.open(self._folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o666), None
        except OSError as error:
            if error.errno not in NO_NAMELESS:
                raise
        hidden = self._parts.path_for(self._folder)
        return os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), hidden

    def sync(self) -> None:
        """Make the content survive a power loss."""
        os.fsync(self._descriptor)

    def place(self, target: str) -> None:
        """Give it its name; a file of that name is replaced."""
        if self._hidden is None:
            try:
                self._link(target)
            except FileExistsError:
                self._hidden = self._parts.path_for(self._folder)
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


def copy_into_place(source: int, target: Path, parts: Parts, told: Told | None = None) -> Content:
    """Copy descriptor ``source`` to ``target`` so that nobody ever sees a part of it, and it survives a power loss."""
    copy = Copy(source, target.parent, parts, told)
    try:
        copy.sync()
        copy.place(str(target))
    except BaseException:
        copy.discard()
        raise
    return copy.content


def rename_into_place(source: Path, descriptor: int, target: Path, told: Told | None = None) -> Content | None:
    """Rename ``source`` (open for reading as ``descriptor``) to ``target``; None where that is not possible.

    A file with more than one name is left to be copied: its other name would let the stored file be changed,
    and rename does nothing at all where both names are of one file.
    """
    facts = os.fstat(descriptor)
    if source.is_symlink() or facts.st_nlink != 1 or facts.st_dev != target.parent.stat().st_dev:
        return None
    content = read_through(descriptor, told=told)
    os.fsync(descriptor)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:  # EXDEV: two mounts of one file system
            raise
        os.lseek(descriptor, 0, os.SEEK_SET)
        return None
    return content


def copy_out(source: int, destination: Path, told: Told | None = None, checksum: str | None = None) -> str | None:
    """Copy descriptor ``source`` to the new file ``destination``; nothing is left where it fails.

    :param checksum: what the content should have; without one it is copied inside the kernel.
    :return: the checksum that it has instead, if it has another; then nothing is left of it, too.
    """
    target = os.open(destination, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        if checksum is None:
            send(source, target, told)
        elif (found := copy_through(source, target, told, to_disk=False).checksum) != checksum:
            destination.unlink()
            return found
    except BaseException:
        destination.unlink(missing_ok=True)
        raise
    finally:
        os.close(target)
    return None


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


def sync_names(names: Mapping[Path, Collection[str]]) -> None:
    """Make files, and the names that they have here, survive a power loss; with few calls for many.

    :param names: of the files, by folder.
    """
    if sum(map(len, names.values())) > FEW:
        file_systems = {folder.stat().st_dev: folder for folder in names}
        if all(map(sync_file_system, file_systems.values())):
            return
    for folder, some in names.items():
        for name in some:
            sync_file(folder / name)
        sync_file(folder)


def sync_file_system(folder: Path) -> bool:
    """Make everything on the file system that holds ``folder`` survive a power loss; False: there is no such call."""
    syncfs = system_call("syncfs")
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
