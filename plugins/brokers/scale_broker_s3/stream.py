"""Reading an object as a stream that can seek."""

import os
from typing import Any, Final

from scale_broker_s3.bucket import Bucket
from scale_broker_s3.faults import status_of, storage_errors
from scale_core.interfaces.broker import BrokerError, StorageUnavailable
from scale_core.storage.streams import SizedStream

ATTEMPTS: Final = 5
"""How often it is asked for what does not come."""


class ObjectStream(SizedStream):
    """Reads the object at ``path`` that is there now. It is asked for from the place where reading begins, once unless
    one goes elsewhere or the connection breaks; one that is replaced meanwhile is never mixed with the new one."""

    def __init__(self, bucket: Bucket, path: str) -> None:
        super().__init__()
        self._bucket = bucket
        self._path = path
        self._head = bucket.head(path)
        self._is_begun = False
        self._body: Any = None

    @property
    def size(self) -> int:
        """That of the object which is read."""
        return int(self._head["ContentLength"])

    def settled(self) -> str:
        """The ETag of the object that is read, from now on no other one."""
        self._is_begun = True
        return str(self._head["ETag"])

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go elsewhere; nothing is asked for until something is read."""
        before = self._place
        if super().seek(offset, whence) != before:
            self._is_begun = True
            self._drop()
        return self._place

    # RawIOBase takes any buffer; these are the two that readers pass.
    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """Read the next bytes.

        :raises StorageUnavailable: they do not come, or the object was replaced since reading began.
        """
        with storage_errors(f"read {self._path!r}", self._bucket):
            for attempt in range(1, ATTEMPTS + 1):
                if (self._is_begun and self._place >= self.size) or not len(buffer):
                    return 0
                try:
                    data = self._next(len(buffer))
                except (BrokerError, OSError):
                    raise
                except Exception:  # the connection broke, in any of the ways of boto3, urllib3 and sockets: once more
                    self._drop()
                    if attempt == ATTEMPTS:
                        raise
                    continue
                if data or self._place >= self.size:
                    buffer[: len(data)] = data
                    self._place += len(data)
                    return len(data)
                self._drop()
        raise StorageUnavailable(f"{self._path!r} in {self._bucket} breaks off before its end.")

    def close(self) -> None:
        """Give the connection back."""
        self._drop()
        super().close()

    def _next(self, wanted: int) -> bytes:
        if self._body is None:
            self._body = self._ask()
            self._is_begun = True
        return bytes(self._body.read(wanted))

    def _ask(self) -> Any:
        """The stream from the current place on. One that begins at the start is of whatever is there now."""
        client = self._bucket.client
        condition = {"Range": f"bytes={self._place}-", "IfMatch": self._head["ETag"]} if self._is_begun else {}
        try:
            answer = client.get_object(**self._bucket.at(self._path), **condition)
        except client.exceptions.ClientError as error:
            if status_of(error) not in {412, 416}:
                raise
            raise StorageUnavailable(f"{self._path!r} was replaced while it was read; read it again.") from error
        if not self._is_begun:
            self._head = answer
        return answer["Body"]

    def _drop(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            body.close()
