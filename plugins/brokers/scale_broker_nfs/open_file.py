"""A file of an export that the client has open for reading."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

import nfs_rs

from scale_core.interfaces.broker import StorageUnavailable
from scale_core.storage.streams import SizedStream

Opened: TypeAlias = tuple[nfs_rs.File, nfs_rs.FileInfo]


class OpenFile(SizedStream):
    """Unbuffered; opened again where the server has forgotten that it is open.

    :param do: does what may have to be done again.
    :param opened: opens the file.
    """

    def __init__(self, do: Callable[[Callable[[], int]], int], opened: Callable[[], Opened]) -> None:
        super().__init__()
        self._do = do
        self._opened = opened
        self._file: nfs_rs.File | None = None
        self._info: nfs_rs.FileInfo | None = None
        do(self._open)

    @property
    def info(self) -> nfs_rs.FileInfo:
        """What the server said when the file was opened."""
        assert self._info is not None  # noqa: S101 - it was opened when this was made
        return self._info

    @property
    def size(self) -> int:
        """As it was when the file was opened."""
        return self.info.size

    def readinto(self, buffer: object) -> int:
        """Read some bytes.

        :raises StorageUnavailable: the server does not answer, or the file has been replaced since it was opened.
        """
        with memoryview(buffer).cast("B") as view:  # type: ignore[arg-type]  # RawIOBase names no type for it
            wanted = max(0, min(len(view), self.size - self._place))
            count = self._do(lambda: self._read(view[:wanted])) if wanted else 0
        self._place += count
        return count

    def close(self) -> None:
        """Nothing was written."""
        if self._file is not None:
            with suppress(nfs_rs.NfsError):
                self._file.close()
            self._file = None
        super().close()

    def _open(self) -> int:
        file, info = self._opened()
        if self._info is not None and _identity(info) != _identity(self._info):
            file.close()
            raise StorageUnavailable("The file was replaced or changed while it was open. Open it again.")
        self._file, self._info = file, info
        return info.size

    def _read(self, view: memoryview) -> int:
        if self._file is None:
            self._open()
        assert self._file is not None  # noqa: S101 - it has just been opened
        try:
            self._file.seek(self._place)
            return self._file.readinto(view)
        except nfs_rs.NfsError:
            self._file = None
            raise


def _identity(info: nfs_rs.FileInfo) -> tuple[int, ...]:
    return info.fsid, info.fileid, info.size, info.mtime
