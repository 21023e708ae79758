"""A file of an export that is open for reading."""

from scale_broker_nfs.helper import Helper
from scale_broker_nfs.helpers import Helpers
from scale_core.storage.streams import SizedStream

PIECE = 1 << 20
"""Bytes that are read at a time."""


class ExportFile(SizedStream):
    """Reads from the helper that has the file open, which others use between the reads.

    :param number: what the helper knows the file by.
    :param version: another for each content of the file.
    """

    def __init__(self, helpers: Helpers, helper: Helper, number: int, size: int, version: str | None) -> None:
        super().__init__()
        self._helpers = helpers
        self._helper = helper
        self._number = number
        self._size = size
        self.version = version

    @property
    def size(self) -> int:
        """As it was when the file was opened."""
        return self._size

    def readinto(self, buffer: object) -> int:
        """Read some bytes.

        :raises StorageUnavailable: the server does not answer.
        """
        with memoryview(buffer).cast("B") as view:  # type: ignore[arg-type]  # RawIOBase names no type for it
            wanted = max(0, min(len(view), PIECE, self._size - self._place))
            if not wanted:
                return 0
            with self._helpers.lend(self._helper) as helper:
                data: bytes = helper.ask("read", self._number, self._place, wanted)
            view[: len(data)] = data
        self._place += len(data)
        return len(data)

    def close(self) -> None:
        """The helper closes it when it has something else to do."""
        if not self.closed:
            self._helper.forget(self._number)
        super().close()
