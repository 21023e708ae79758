"""What people are told where the operating system refuses."""

import errno
import os
from pathlib import Path

import pytest

from scale_core.interfaces.broker import FileMissing, PathRefused, StorageFull, StorageUnavailable
from scale_core.storage.faults import storage_errors


@pytest.mark.parametrize(
    ("number", "kind", "advice"),
    [
        (errno.ENOSPC, StorageFull, "raise the quota"),
        (errno.EDQUOT, StorageFull, "raise the quota"),
        (errno.EACCES, StorageUnavailable, "writable for this user"),
        (errno.EROFS, StorageUnavailable, "writable for this user"),
        (errno.ESTALE, StorageUnavailable, "is mounted"),
        (errno.ENOENT, FileMissing, ""),
        (errno.ENAMETOOLONG, PathRefused, "Choose shorter names"),
        (errno.ENOTDIR, PathRefused, "Each part of the path"),
    ],
)
def test_an_error_of_the_system_says_what_it_means_where_and_what_would_help(
    number: int, kind: type[Exception], advice: str
) -> None:
    with pytest.raises(kind) as raised, storage_errors("store 'a/b'", Path("/workspace")):
        raise OSError(number, os.strerror(number))
    assert str(raised.value).startswith(f"Cannot store 'a/b': {os.strerror(number)} (/workspace).")
    assert advice in str(raised.value)
