"""Listing objects, in the order of their keys."""

from collections.abc import Mapping, Sequence
from typing import Any

from scale_broker_s3.bucket import Bucket
from scale_broker_s3.faults import storage_errors
from scale_core.interfaces.broker import ListedFile


def list_objects(bucket: Bucket, prefix: str, after: str, limit: int) -> Sequence[ListedFile]:
    """The objects whose path begins with ``prefix``, from behind the path ``after`` on; ``limit`` at most.

    :raises BrokerError: they cannot be listed.
    """
    where = {"Bucket": bucket.name, "Prefix": f"{bucket.prefix}{prefix}"}
    start = f"{bucket.prefix}{after}" if after else ""
    found: list[ListedFile] = []
    with storage_errors("list files", bucket):
        while len(found) < limit:
            page = bucket.client.list_objects_v2(**where, StartAfter=start, MaxKeys=min(1000, limit - len(found)))
            objects = page.get("Contents", ())
            found += [listed(bucket, one["Key"], one["Size"], one) for one in objects]
            if not page["IsTruncated"] or not objects:
                break
            start = objects[-1]["Key"]
    return found


def listed(bucket: Bucket, key: str, size: int, about: Mapping[str, Any]) -> ListedFile:
    """An object as a file of the workspace.

    :param about: its ETag and LastModified, which a list tells as a description does, but for parts of a second.
    """
    version = f"{about['ETag']} {size} {about['LastModified']:%Y-%m-%dT%H:%M:%SZ}"
    return ListedFile(key.removeprefix(bucket.prefix), size, version)
