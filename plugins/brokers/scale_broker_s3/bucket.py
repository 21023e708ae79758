"""The part of a bucket that is a workspace, and how it is reached."""

import threading
from collections.abc import Mapping
from functools import cache
from typing import Any, Self

from scale_broker_s3.faults import storage_errors
from scale_broker_s3.options import S3Options
from scale_core.interfaces.broker import FileMissing, PathRefused, StorageUnavailable

MAX_KEY_BYTES = 1024


class Bucket:
    """A bucket and a prefix in it. Its client is made when it is first asked for, and may be used by many threads.
    Who sends or receives content holds one of ``turns`` meanwhile: there are as many as the options say.

    :param encryption: ``ServerSideEncryption`` and ``SSEKMSKeyId``, as far as the workspace says something about them.
    """

    def __init__(
        self, name: str, prefix: str, region: str, endpoint: str, encryption: Mapping[str, str], options: S3Options
    ) -> None:
        self.name = name
        self.encryption = encryption
        self.options = options
        self.prefix = prefix
        self.turns = threading.BoundedSemaphore(options.transfers)
        self._region = region
        self._endpoint = endpoint
        self._client: Any = None
        self._lock = threading.Lock()

    @classmethod
    def of(cls, configuration: Mapping[str, Any], options: S3Options) -> Self:
        """The one that a workspace's configuration names.

        :raises OptionError: the installation does not allow its endpoint.
        """
        prefix = "".join(f"{part}/" for part in configuration.get("prefix", "").split("/") if part)
        encryption = {
            parameter: configuration[name]
            for name, parameter in (("server_side_encryption", "ServerSideEncryption"), ("kms_key_id", "SSEKMSKeyId"))
            if name in configuration
        }
        return cls(
            configuration["bucket_name"],
            prefix,
            configuration.get("region_name", options.region_name),
            options.endpoint(configuration.get("endpoint_url", "")),
            encryption,
            options,
        )

    def __str__(self) -> str:
        return f"s3://{self.name}/{self.prefix}"

    @property
    def client(self) -> Any:
        """boto3's client.

        :raises StorageUnavailable: boto3 is not installed.
        """
        with self._lock:
            if self._client is None:
                self._client = self.make_client("s3", self._endpoint)
            return self._client

    def close(self) -> None:
        """Close the connections that are not in use; the client makes others when it needs them."""
        with self._lock:
            client = self._client
        if client is not None:
            client.close()

    def key(self, path: str) -> str:
        """The key of the object for ``path``.

        :raises PathRefused: it is no relative path.
        """
        if any(part in {"", ".", ".."} for part in path.split("/")) or "\0" in path:
            raise PathRefused(
                f"{path!r} is no path inside a workspace: it must be relative, without empty, '.' and '..' parts."
            )
        key = f"{self.prefix}{path}"
        try:
            size = len(key.encode())
        except UnicodeEncodeError as error:
            raise PathRefused(f"{path!r} is not UTF-8, which names of objects are.") from error
        if size > MAX_KEY_BYTES:
            raise PathRefused(f"{path!r} makes a key of {size} bytes; S3 takes {MAX_KEY_BYTES} at most.")
        return key

    def at(self, path: str) -> dict[str, str]:
        """The parameters of a request that say which object is meant.

        :raises PathRefused: ``path`` is no relative path.
        """
        return {"Bucket": self.name, "Key": self.key(path)}

    def head(self, path: str) -> Mapping[str, Any]:
        """What S3 says about the file at ``path``.

        :raises FileMissing: there is none.
        :raises StorageUnavailable: there is no such bucket, or it cannot be reached.
        """
        with storage_errors(f"look at {path!r}", self):
            place = self.at(path)
            try:
                found: Mapping[str, Any] = self.client.head_object(**place)
            except self.client.exceptions.ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                    raise
                self.check()  # an answer without a body does not tell a missing object from a missing bucket
                raise FileMissing(f"There is no file {path!r} in {self}.") from error
        return found

    def check(self) -> None:
        """Ask whether the bucket is there.

        :raises StorageUnavailable: it is not, or cannot be reached, or must not be looked at.
        """
        with storage_errors("use the workspace's bucket", self):
            try:
                self.client.head_bucket(Bucket=self.name)
            except self.client.exceptions.ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                    raise
                raise StorageUnavailable(f"There is no bucket {self.name!r}. Make it, or name another.") from error

    def make_client(self, service: str, endpoint: str) -> Any:
        """A further client with the same credentials, for which the caller has to see that one thread makes it.

        :param endpoint: empty: that of AWS.
        :raises StorageUnavailable: boto3 is not installed.
        """
        try:
            import boto3  # it takes a while, and is not needed where no workspace is on S3
            import botocore.session
            from botocore.config import Config
        except ImportError as error:
            raise StorageUnavailable(
                "This installation has no boto3, which s3 workspaces need: pip install 'scale-processing[s3]'."
            ) from error
        options = self.options
        core = botocore.session.Session()
        core.register_component("data_loader", _descriptions())
        return boto3.session.Session(botocore_session=core).client(
            service,
            region_name=self._region or None,
            endpoint_url=endpoint or None,
            aws_access_key_id=options.access_key_id or None,
            aws_secret_access_key=options.secret_access_key or None,
            aws_session_token=options.session_token or None,
            config=Config(
                connect_timeout=options.timeout_seconds,
                read_timeout=options.timeout_seconds,
                retries={"mode": "standard", "total_max_attempts": options.attempts},
                max_pool_connections=options.transfers,
                signature_version="s3v4" if service == "s3" else None,
                # What Scale computes is sent; the stores of others do not know all that newer versions would add.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


@cache
def _descriptions() -> Any:
    """What boto3 knows of services: it reads that from its own folder, which takes longer than all else that a client
    needs to begin."""
    from botocore.loaders import create_loader

    return create_loader()
