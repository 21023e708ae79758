"""What the errors of SQLite and of the operating system mean for a workspace."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scale_core.interfaces.broker import FileMissing, PathRefused, StorageFull, StorageUnavailable


@contextmanager
def storage_errors(action: str, database: Path) -> Iterator[None]:
    """Turn errors of the block into the broker error that says the same: "Cannot <action> <database>: …"."""
    try:
        yield
    except sqlite3.Error as error:
        message = f"Cannot {action} {database}: {error}."
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise StorageFull(f"{message} Free some space.") from error
        raise StorageUnavailable(f"{message} Check that it is a database that this user can write.") from error
    except OSError as error:
        message = f"Cannot {action} {database}: {error.strerror} ({error.filename})."
        if isinstance(error, FileNotFoundError):
            raise FileMissing(message) from error
        if isinstance(error, FileExistsError | IsADirectoryError | NotADirectoryError):
            raise PathRefused(message) from error
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull(f"{message} Free some space.") from error
        raise StorageUnavailable(f"{message} Check the permissions.") from error
