"""The ``s3`` broker (reference: Workspaces; decision 0043)."""

import hashlib
import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Self, cast

from scale_broker_s3.bucket import Bucket
from scale_broker_s3.copies import copy
from scale_broker_s3.downloads import Downloads
from scale_broker_s3.faults import storage_errors
from scale_broker_s3.listing import list_objects
from scale_broker_s3.notices import QueueNotices
from scale_broker_s3.options import S3Options
from scale_broker_s3.parallel import in_order
from scale_broker_s3.stream import ObjectStream
from scale_broker_s3.uploads import CHECKSUM, Uploads
from scale_core.interfaces.broker import (
    Broker,
    BrokerError,
    FileMissing,
    FileNotices,
    ListedFile,
    StorageUsage,
    StoredFile,
)
from scale_core.storage.content import CHUNK


class S3Broker(Broker):
    """Stores the files of a workspace as objects of a bucket, below a prefix.

    An object appears when all of it is there; its checksum is kept in its metadata. Parts of files, and many small
    files, are sent and received some at a time. Moving is copying and deleting, since S3 knows no other way.
    """

    type_name: ClassVar[str] = "s3"
    lists_whole_files: ClassVar[bool] = True
    configuration_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {
            "type": {"const": "s3", "description": "Files are kept as objects of a bucket."},
            "bucket_name": {
                "type": "string",
                "pattern": r"^[a-zA-Z0-9][a-zA-Z0-9._-]{1,253}[a-zA-Z0-9]$",
                "description": "The name of the bucket, which must exist.",
            },
            "prefix": {
                "type": "string",
                "pattern": r"^(?!(?:[^/]*/)*\.{1,2}(?:/|$))[^\x00-\x1f\x7f]{0,512}$",
                "description": "The folder in the bucket below which the files are, such as scale/products, without "
                "'.' and '..'. Left out: the whole bucket.",
            },
            "region_name": {
                "type": "string",
                "pattern": "^[a-z0-9-]+$",
                "description": "The region of the bucket, such as eu-central-1. Left out: as the installation says.",
            },
            "endpoint_url": {
                "type": "string",
                "pattern": r"^https?://[^\s/?#@]+(?:/[^\s?#]*)?$",
                "description": "The address of an object store that is not AWS, without a user in it: one of those "
                "that the installation allows. Left out: as the installation says.",
            },
            "server_side_encryption": {
                "enum": ["AES256", "aws:kms", "aws:kms:dsse"],
                "description": "How the store encrypts new files. Left out: as the bucket says.",
            },
            "kms_key_id": {
                "type": "string",
                "minLength": 1,
                "description": "The key that aws:kms encrypts with. Left out: that of the account.",
            },
            "credentials": {
                "not": {},
                "description": "no credentials in a document, which others can read; the installation has them, as "
                "access_key_id and secret_access_key in [storage.s3] of scale.toml, or in the variables "
                "SCALE_STORAGE_S3_ACCESS_KEY_ID and SCALE_STORAGE_S3_SECRET_ACCESS_KEY.",
            },
        },
        "required": ["type", "bucket_name"],
        "dependentRequired": {"kms_key_id": ["server_side_encryption"]},
        "additionalProperties": False,
    }

    def __init__(self, bucket: Bucket, told: Callable[[int], None] | None = None) -> None:
        self._bucket = bucket
        self._uploads = Uploads(bucket, told)
        self._downloads = Downloads(bucket, told)

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """A broker as the configuration says, with credentials from the environment."""
        return cls.from_settings(configuration, {})

    @classmethod
    def from_settings(cls, configuration: Mapping[str, Any], options: Mapping[str, Any]) -> Self:
        """A broker with the options of the installation.

        :raises OptionError: one of them is wrong, or they do not allow the endpoint.
        """
        return cls(Bucket.of(configuration, S3Options.of(options)))

    def with_progress(self, told: Callable[[int], None]) -> "S3Broker":
        """One on the same bucket that tells bytes part by part."""
        return type(self)(self._bucket, told)

    def close(self) -> None:
        """Close the connections that wait for the next call."""
        self._bucket.close()

    def check(self) -> None:
        """The bucket must exist and be readable."""
        self._bucket.check()

    def store(self, source: Path, path: str, *, move: bool = False) -> StoredFile:
        """Put a small file at once, a larger one in parts, some at a time."""
        return self._uploads.store(source, path, move=move)

    def store_many(
        self, files: Sequence[tuple[Path, str]], *, move: bool = False, replace: bool = True
    ) -> list[StoredFile | BrokerError]:
        """Like :meth:`store`, some files at a time; those for one path one after the other."""
        by_path: dict[str, list[int]] = defaultdict(list)
        for number, (_source, path) in enumerate(files):
            by_path[path].append(number)
        results: dict[int, StoredFile | BrokerError] = {}

        def store(numbers: Sequence[int]) -> None:
            for number in numbers:
                source, path = files[number]
                try:
                    results[number] = self._uploads.store(source, path, move=move, replace=replace)
                except BrokerError as error:
                    results[number] = error

        for _done in in_order(store, by_path.values(), self._bucket.options.transfers):
            pass
        return [results[number] for number in range(len(files))]

    def retrieve(self, path: str, destination: Path, *, link: bool = False) -> None:
        """Copy it here, and compare the checksum with the one it was stored with."""
        self._downloads.retrieve(path, destination)

    def retrieve_verified(self, path: str, destination: Path, checksum: str, *, link: bool = False) -> None:
        """Copy it here; the checksum is computed behind the parts that come."""
        self._downloads.retrieve(path, destination, checksum)

    def move(self, path: str, new_path: str) -> None:
        """Copy inside the store, then delete; what breaks off in between is done again."""
        key, new_key = self._bucket.key(path), self._bucket.key(new_path)
        try:
            head = self._bucket.head(path)
        except FileMissing as missing:
            try:
                self._bucket.head(new_path)
            except FileMissing:
                raise missing from None
            return
        if key == new_key:
            return
        with storage_errors(f"move {path!r} to {new_path!r}", self._bucket):
            copy(self._bucket, key, new_key, head)
            self._bucket.client.delete_object(Bucket=self._bucket.name, Key=key)

    def delete(self, path: str) -> None:
        """Delete the object, whether there is one or not."""
        with storage_errors(f"delete {path!r}", self._bucket):
            self._bucket.client.delete_object(**self._bucket.at(path))

    def stat(self, path: str) -> int:
        """Size in bytes."""
        return int(self._bucket.head(path)["ContentLength"])

    def checksum(self, path: str) -> str:
        """The one that it was stored with; where others stored it, it is read."""
        kept = self._bucket.head(path).get("Metadata", {}).get(CHECKSUM)
        if kept:
            return f"sha256:{kept}"
        with self.open(path) as content:
            # typeshed wants a whole file object; file_digest reads it, and that this does.
            return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"  # type: ignore[arg-type]

    def open(self, path: str) -> BinaryIO:
        """A stream that asks for what is read."""
        return cast("BinaryIO", io.BufferedReader(ObjectStream(self._bucket, path), CHUNK))

    def version(self, stream: BinaryIO) -> str:
        """Its ETag; from now on nothing else is read."""
        return cast("ObjectStream", cast("io.BufferedReader", stream).raw).settled()

    def list_files(self, prefix: str, after: str, limit: int) -> Sequence[ListedFile]:
        """Objects in the order of their keys, a page at a time."""
        return list_objects(self._bucket, prefix, after, limit)

    def notices(self, prefix: str, queue: str) -> FileNotices:
        """The SQS queue that the bucket's notifications go to, of the same account and region."""
        return QueueNotices(self._bucket, prefix, queue)

    def usage(self) -> StorageUsage:
        """Unknown: S3 does not tell without listing every object."""
        return StorageUsage(used=None, total=None)

    def url(self, path: str, base_url: str | None) -> str | None:
        """Below ``base_url`` where the workspace has one, else signed and valid for a while."""
        seconds = self._bucket.options.url_seconds
        if base_url is not None or not seconds:
            return super().url(path, base_url)
        with storage_errors(f"sign the address of {path!r}", self._bucket):
            place = self._bucket.at(path)
            return str(self._bucket.client.generate_presigned_url("get_object", Params=place, ExpiresIn=seconds))
