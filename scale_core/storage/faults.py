"""What the operating system's errors mean for a workspace."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scale_core.interfaces.broker import BrokerError, FileMissing, PathRefused, StorageFull, StorageUnavailable

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
BAD_PATH = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL})


@contextmanager
def storage_errors(action: str, place: Path) -> Iterator[None]:
    """Turn an :class:`OSError` of the block into the :class:`BrokerError` that says the same to people.

    :param action: what is being done, as in "Cannot <action>".
    :param place: the file or folder it is done to, where the error names none.
    """
    try:
        yield
    except OSError as error:
        raise broker_error(action, place, error) from error


def broker_error(action: str, place: Path, error: OSError) -> BrokerError:
    """The broker error for ``error``."""
    where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(place)
    reason = os.strerror(error.errno) if error.errno else str(error)
    message = f"Cannot {action}: {reason} ({where})"
    if error.errno in FULL:
        return StorageFull(f"{message}. Free some space or raise the quota.")
    if error.errno == errno.ENOENT:
        return FileMissing(f"{message}.")
    if error.errno == errno.ENAMETOOLONG:
        return PathRefused(f"{message}. Choose shorter names: the storage has a limit for each, and for all together.")
    if error.errno in BAD_PATH:
        return PathRefused(f"{message}. Each part of the path but the last must be a folder, the last a file.")
    return StorageUnavailable(f"{message}. Check that the storage is mounted, healthy and writable for this user.")
