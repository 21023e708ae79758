"""Giving many files a further name in the workspace, with one sync for all of them."""

import errno
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from scale_broker_host.faults import broker_error
from scale_broker_host.files import FEW, Content, read_at_once, sync_file, sync_file_system
from scale_core.interfaces.broker import (
    BrokerError,
    LinkUnsupported,
    LocalPath,
    PathTaken,
    StorageUnavailable,
    StoredFile,
)

NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})
"""Another file system; one without links; a file whose owner this user is not; too many names."""

READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW


class Links:
    """One call of :meth:`HostBroker.link_many`.

    :param folder: gives the real folder for a path in the workspace, made if need be.
    """

    def __init__(self, folder: Callable[[str], Path]) -> None:
        self._folder_of = folder
        self._folders: dict[str, str] = {}
        self._made: list[tuple[str, str]] = []

    def make(self, files: Sequence[tuple[LocalPath, str]]) -> list[StoredFile | BrokerError]:
        """Link them; the results in order."""
        results = [self._try(os.fspath(source), path) for source, path in files]
        try:
            self._sync()
        except OSError as error:
            for _source, target in self._made:
                os.unlink(target)  # noqa: PTH108 - for each of many files
            failure = broker_error("sync the workspace", Path(error.filename or self._made[0][1]), error)
            return [failure if isinstance(one, StoredFile) else one for one in results]
        return results

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
            content = _read(source, target)
        except BaseException:
            os.unlink(target)  # noqa: PTH108 - for each of many files
            raise
        self._made.append((source, target))
        return content

    def _target(self, path: str) -> str:
        parent, _, name = path.rpartition("/")
        if name in {"", ".", ".."} or "\0" in name or parent not in self._folders:
            self._folders[parent] = str(self._folder_of(path))
        return f"{self._folders[parent]}/{name}"

    def _sync(self) -> None:
        """Make contents and names durable."""
        if len(self._made) > FEW and all(map(sync_file_system, map(Path, self._folders.values()))):
            return
        for source, _target in self._made:
            sync_file(Path(source))
        for folder in {os.path.dirname(target) for _source, target in self._made}:  # noqa: PTH120
            sync_file(Path(folder))


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
