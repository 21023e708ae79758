"""Giving many files a further name in the workspace."""

import errno
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from scale_core.interfaces.broker import (
    BrokerError,
    LinkUnsupported,
    LocalPath,
    PathTaken,
    StorageUnavailable,
    StoredFile,
)
from scale_core.storage.content import Content, read_at_once
from scale_core.storage.faults import broker_error

NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})
"""Another file system; one without links; a file whose owner this user is not; too many names."""

READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW


class Links:
    """One call of :meth:`TreeBroker.link_many`.

    :param folder: gives the real folder for a path in the workspace, made if need be.
    """

    def __init__(self, folder: Callable[[str], Path]) -> None:
        self._folder_of = folder
        self._folders: dict[str, str] = {}

    def make(self, files: Sequence[tuple[LocalPath, str]]) -> list[StoredFile | BrokerError]:
        """Link them; the results in order."""
        return [self._try(os.fspath(source), path) for source, path in files]

    def _try(self, source: str, path: str) -> StoredFile | BrokerError:
        try:
            content = self._link(source, path)
        except FileExistsError:
            return PathTaken(f"There is a file at {path!r} already.")
        except OSError as error:
            if error.errno in NO_LINKS:
                return LinkUnsupported(f"{source} cannot have a further name at {path!r}: {error.strerror}.")
            return broker_error(f"link {path!r}", Path(source), error)
        except BrokerError as error:
            return error
        return StoredFile(path, content.size, content.checksum, content.head)

    def _link(self, source: str, path: str) -> Content:
        target = self._target(path)
        os.link(source, target)
        try:
            return _read(source, target)
        except BaseException:
            os.unlink(target)  # noqa: PTH108 - for each of many files
            raise

    def _target(self, path: str) -> str:
        parent, _, name = path.rpartition("/")
        if name in {"", ".", ".."} or "\0" in name or parent not in self._folders:
            self._folders[parent] = str(self._folder_of(path))
        return f"{self._folders[parent]}/{name}"


def _read(source: str, target: str) -> Content:
    """Read what has got the name ``target`` beside that of ``source``."""
    descriptor = os.open(target, READING)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode) or before.st_nlink != 2:
            raise LinkUnsupported(f"{source} is no regular file with a single name.")
        content = read_at_once(descriptor, before.st_size)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if (content.size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise StorageUnavailable(f"{source} was written to while it was read.")
    return content
