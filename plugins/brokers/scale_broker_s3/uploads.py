"""Storing local files as objects: whole, with their checksum, or not at all."""

import base64
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from scale_broker_s3.bucket import Bucket
from scale_broker_s3.faults import code_of, status_of, storage_errors
from scale_broker_s3.options import MIB
from scale_broker_s3.parallel import in_order
from scale_broker_s3.slices import Slice
from scale_core.interfaces.broker import FileMissing, PathTaken, StorageUnavailable, StoredFile
from scale_core.storage.content import CHUNK, Content, Told, read_at_once
from scale_core.storage.faults import storage_errors as local_errors
from scale_core.storage.files import open_regular

CHECKSUM: Final = "scale-sha256"
"""The name of the metadata that keeps an object's checksum."""

MAX_PARTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Source:
    """A local file: where it is, an open descriptor, when it was changed before it was read, and what it has."""

    path: Path
    descriptor: int
    modified_ns: int
    content: Content

    @classmethod
    def read(cls, path: Path, descriptor: int) -> Self:
        """Read all of it."""
        facts = os.fstat(descriptor)
        return cls(path, descriptor, facts.st_mtime_ns, read_at_once(descriptor, facts.st_size))

    @property
    def size(self) -> int:
        """In bytes."""
        return self.content.size

    @property
    def sha256(self) -> str:
        """In hexadecimal."""
        return self.content.checksum.removeprefix("sha256:")

    def require_unchanged(self) -> None:
        """:raises StorageUnavailable: it was written to since it was read."""
        facts = os.fstat(self.descriptor)
        if (facts.st_size, facts.st_mtime_ns) != (self.size, self.modified_ns):
            raise StorageUnavailable(f"{self.path} was written to while it was stored.")


class Uploads:
    """Stores files in a bucket.

    :param told: is told the bytes of the file that are stored.
    """

    def __init__(self, bucket: Bucket, told: Told | None = None) -> None:
        self._bucket = bucket
        self._told = told

    def store(self, source: Path, path: str, *, move: bool, replace: bool = True) -> StoredFile:
        """Store ``source`` at ``path``: the object appears when all of it is there, or not.

        :raises PathTaken: there is one, which must not be replaced.
        :raises BrokerError: it cannot be stored.
        """
        key = self._bucket.key(path)
        with local_errors(f"store {path!r}", source), open_regular(source) as descriptor:
            read = _Source.read(source, descriptor)
            with storage_errors(f"store {path!r}", self._bucket):
                self._put(key, path, read, replace=replace)
            if move:
                source.unlink(missing_ok=True)
        return StoredFile(path, *read.content)

    def _put(self, key: str, path: str, source: _Source, *, replace: bool) -> None:
        condition = {} if replace else self._condition(path)
        put = self._put_parts if source.size > self._bucket.options.part_size else self._put_whole
        try:
            put(key, source, condition)
        except self._bucket.client.exceptions.ClientError as error:
            if condition and (status_of(error) == 412 or code_of(error) == "ConditionalRequestConflict"):
                raise PathTaken(f"There is a file at {path!r} already.") from error
            raise

    def _condition(self, path: str) -> dict[str, str]:
        """Parameters that have the store refuse to replace an object; where it heeds none, look before."""
        if self._bucket.options.conditional_writes:
            return {"IfNoneMatch": "*"}
        try:
            self._bucket.head(path)
        except FileMissing:
            return {}
        raise PathTaken(f"There is a file at {path!r} already.")

    def _about(self, key: str, source: _Source) -> dict[str, Any]:
        metadata = {CHECKSUM: source.sha256}
        return {"Bucket": self._bucket.name, "Key": key, "Metadata": metadata, **self._bucket.encryption}

    def _put_whole(self, key: str, source: _Source, condition: Mapping[str, str]) -> None:
        size = source.size
        body = os.pread(source.descriptor, size, 0) if size <= CHUNK else Slice(source.descriptor, 0, size)
        digest = base64.b64encode(bytes.fromhex(source.sha256)).decode()  # the store refuses a content that differs
        source.require_unchanged()
        with self._bucket.turns:
            self._bucket.client.put_object(
                Body=body, ContentLength=size, ChecksumSHA256=digest, **self._about(key, source), **condition
            )
        if self._told is not None:
            self._told(size)

    def _put_parts(self, key: str, source: _Source, condition: Mapping[str, str]) -> None:
        client = self._bucket.client
        self.abort(key)
        upload_id = client.create_multipart_upload(**self._about(key, source))["UploadId"]
        place = {"Bucket": self._bucket.name, "Key": key, "UploadId": upload_id}
        try:
            parts = self._send_parts(place, source)
            source.require_unchanged()
            client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, **condition)
        except BaseException:
            with suppress(Exception):  # the first failure is the one to tell; the next try aborts it
                client.abort_multipart_upload(**place)
            raise

    def _send_parts(self, place: Mapping[str, str], source: _Source) -> list[dict[str, Any]]:
        client, options = self._bucket.client, self._bucket.options
        size = part_size(source.size, options.part_size)

        def send(number: int) -> tuple[int, dict[str, Any]]:
            start = (number - 1) * size
            length = min(size, source.size - start)
            body = Slice(source.descriptor, start, length)
            with self._bucket.turns:
                sent = client.upload_part(**place, PartNumber=number, Body=body, ContentLength=length)
            return length, {"PartNumber": number, "ETag": sent["ETag"]}

        parts, done = [], 0
        for length, part in in_order(send, range(1, math.ceil(source.size / size) + 1), options.transfers):
            parts.append(part)
            done += length
            if self._told is not None:
                self._told(done)
        return parts

    def abort(self, key: str) -> None:
        """Abort what a process that was killed has left of an upload to ``key``: a workspace's paths have one writer at
        a time. That is not worth failing for."""
        client = self._bucket.client
        try:
            found = client.list_multipart_uploads(Bucket=self._bucket.name, Prefix=key)
            for upload in found.get("Uploads", ()):
                if upload["Key"] == key:
                    client.abort_multipart_upload(Bucket=self._bucket.name, Key=key, UploadId=upload["UploadId"])
        except client.exceptions.ClientError:
            return


def part_size(size: int, wanted: int) -> int:
    """Bytes of the parts of a file of ``size`` bytes: whole MiB, and so many that there are not too many parts."""
    least = math.ceil(size / MAX_PARTS / MIB) * MIB
    return max(wanted, least)
