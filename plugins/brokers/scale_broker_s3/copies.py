"""Copying objects inside the object store."""

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from scale_broker_s3.bucket import Bucket
from scale_broker_s3.parallel import in_order

MAX_COPY: Final = 5 << 30
"""Bytes that one request copies at most."""

PART: Final = 512 << 20
"""Bytes of the parts in which larger objects are copied; the largest object, of 5 TiB, has few enough of them."""


def copy(bucket: Bucket, key: str, new_key: str, head: Mapping[str, Any], largest: int = MAX_COPY) -> None:
    """Copy an object with its checksum, on the store's side; ``new_key`` has all of it or what it had before.

    :param head: what S3 says about it; if another is there meanwhile, nothing is copied.
    :param largest: bytes from which on it is copied in parts.
    """
    source = {"CopySource": {"Bucket": bucket.name, "Key": key}, "CopySourceIfMatch": head["ETag"]}
    if head["ContentLength"] > largest:
        _copy_parts(bucket, new_key, head, source, min(PART, largest))
    else:
        bucket.client.copy_object(Bucket=bucket.name, Key=new_key, **source, **bucket.encryption)


def _copy_parts(
    bucket: Bucket, new_key: str, head: Mapping[str, Any], source: Mapping[str, Any], part_size: int
) -> None:
    client, size = bucket.client, head["ContentLength"]
    about = {"Metadata": head.get("Metadata", {}), **bucket.encryption}
    upload_id = client.create_multipart_upload(Bucket=bucket.name, Key=new_key, **about)["UploadId"]
    place = {"Bucket": bucket.name, "Key": new_key, "UploadId": upload_id}

    def send(number: int) -> dict[str, Any]:
        start = (number - 1) * part_size
        end = min(start + part_size, size) - 1
        span = f"bytes={start}-{end}"
        with bucket.turns:
            answer = client.upload_part_copy(**place, **source, PartNumber=number, CopySourceRange=span)
        return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}

    try:
        numbers = range(1, math.ceil(size / part_size) + 1)
        parts = list(in_order(send, numbers, bucket.options.transfers))
        client.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
    except BaseException:
        with suppress(Exception):  # the first failure is the one to tell
            client.abort_multipart_upload(**place)
        raise
