"""Retrieving objects as local files: verified, and whole or not at all."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from scale_broker_s3.bucket import Bucket
from scale_broker_s3.faults import code_of, status_of, storage_errors
from scale_broker_s3.parallel import in_order
from scale_broker_s3.slices import chunks, write_at
from scale_broker_s3.uploads import CHECKSUM
from scale_core.interfaces.broker import FileMissing, StorageUnavailable, changed
from scale_core.storage.content import CHUNK, Told
from scale_core.storage.faults import storage_errors as local_errors

ATTEMPTS: Final = 5
"""How often an object is asked for that is replaced again and again meanwhile."""


class ReplacedMeanwhile(Exception):
    """The object is not any more the one that was begun with."""


class Downloads:
    """Retrieves objects of a bucket.

    :param told: is told the bytes of the file that are there.
    """

    def __init__(self, bucket: Bucket, told: Told | None = None) -> None:
        self._bucket = bucket
        self._told = told

    def retrieve(self, path: str, destination: Path, expected: str | None = None) -> None:
        """Write the object at ``path`` to the new file ``destination``; nothing is left of it where that fails.

        :param expected: the checksum it must have, as ``sha256:<hex>``; None: the one that it was stored with, if any.
        :raises ContentChanged: it has another.
        :raises BrokerError: it cannot be retrieved.
        """
        place = self._bucket.at(path)
        with local_errors(f"retrieve {path!r}", destination), storage_errors(f"retrieve {path!r}", self._bucket):
            target = os.open(destination, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                self._fill(target, place, path, expected)
            except BaseException:
                destination.unlink(missing_ok=True)
                raise
            finally:
                os.close(target)

    def _fill(self, target: int, place: Mapping[str, str], path: str, expected: str | None) -> None:
        for _attempt in range(ATTEMPTS):
            try:
                found, kept = self._receive(target, place, path)
            except ReplacedMeanwhile:
                os.ftruncate(target, 0)
                continue
            wanted = expected or kept or found
            if found != wanted:
                raise changed(path, wanted, found)
            return
        raise StorageUnavailable(f"{path!r} in {self._bucket} is replaced again and again.")

    def _receive(self, target: int, place: Mapping[str, str], path: str) -> tuple[str, str | None]:
        """Write an object, part by part; its checksum, and the one that it was stored with, if any."""
        digest = hashlib.sha256()
        with self._bucket.turns:
            body, head = self._begin(place, path)
            size, part = total_size(head), self._bucket.options.part_size
            if body is not None:
                self._write(target, 0, min(part, size), body, digest.update)
        done = min(part, size)
        self._tell(done)

        def fetch(start: int) -> int:
            end = min(start + part, size)
            with self._bucket.turns:
                self._write(target, start, end, self._part(place, head["ETag"], start, end))
            return end

        for end in in_order(fetch, range(part, size, part), self._bucket.options.transfers):
            for chunk in chunks(target, done, end):
                digest.update(chunk)
            done = end
            self._tell(done)
        kept = head.get("Metadata", {}).get(CHECKSUM)
        return f"sha256:{digest.hexdigest()}", f"sha256:{kept}" if kept else None

    def _begin(self, place: Mapping[str, str], path: str) -> tuple[Any, Mapping[str, Any]]:
        """Ask for the first part. The stream of it, None where the object is empty, and what S3 says about it."""
        client = self._bucket.client
        try:
            answer = client.get_object(**place, Range=f"bytes=0-{self._bucket.options.part_size - 1}")
        except client.exceptions.ClientError as error:
            if status_of(error) == 416:
                return None, self._bucket.head(path)
            if status_of(error) == 404 and code_of(error) != "NoSuchBucket":
                raise FileMissing(f"There is no file {path!r} in {self._bucket}.") from error
            raise
        return answer["Body"], answer

    def _part(self, place: Mapping[str, str], etag: str, start: int, end: int) -> Any:
        client = self._bucket.client
        try:
            return client.get_object(**place, Range=f"bytes={start}-{end - 1}", IfMatch=etag)["Body"]
        except client.exceptions.ClientError as error:
            if status_of(error) in {412, 416}:
                raise ReplacedMeanwhile from error
            raise

    def _write(
        self, target: int, start: int, end: int, body: Any, seen: Callable[[bytes], None] = lambda _chunk: None
    ) -> None:
        """Write what a stream brings to its place, from ``start`` to ``end``; each piece is shown to ``seen`` too."""
        with body:
            while start < end and (chunk := body.read(min(CHUNK, end - start))):
                seen(chunk)
                write_at(target, chunk, start)
                start += len(chunk)
        if start < end:
            raise StorageUnavailable(f"{self._bucket} broke off {end - start} bytes before the end.")

    def _tell(self, done: int) -> None:
        if self._told is not None:
            self._told(done)


def total_size(head: Mapping[str, Any]) -> int:
    """Bytes of the object of which a part or a description was given."""
    given = head.get("ContentRange")
    return int(str(given).rpartition("/")[2]) if given else int(head["ContentLength"])
