"""A queue of SQS that tells of new objects (S3 Event Notifications)."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import unquote_plus

from scale_broker_s3.bucket import Bucket
from scale_broker_s3.faults import storage_errors
from scale_broker_s3.listing import listed
from scale_core.interfaces.broker import FileMissing, FileNotices, ListedFile, PathRefused

MESSAGES: Final = 10
"""The most that SQS gives in one answer."""


class QueueNotices(FileNotices):
    """Reads the queue ``name``. What is not settled comes again when the queue's visibility time-out is over."""

    def __init__(self, bucket: Bucket, prefix: str, name: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._name = name
        self._client: Any = None
        self._url = ""
        self._receipts: list[str] = []

    def wait(self, timeout_seconds: float) -> Sequence[ListedFile]:
        """Objects that messages tell of, as they are now."""
        with storage_errors(f"read the queue {self._name!r}", self._bucket):
            if self._client is None:
                self._client = self._bucket.make_client("sqs", self._bucket.options.sqs_endpoint_url)
                self._url = self._client.get_queue_url(QueueName=self._name)["QueueUrl"]
            answer = self._client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=MESSAGES, WaitTimeSeconds=min(20, max(0, int(timeout_seconds)))
            )
            messages = answer.get("Messages", ())
        self._receipts = [one["ReceiptHandle"] for one in messages]
        keys = {key for one in messages for key in keys_in(one["Body"], self._bucket.name)}
        beginning = f"{self._bucket.prefix}{self._prefix}"
        return [file for key in sorted(keys) if key.startswith(beginning) for file in self._look(key)]

    def settle(self) -> None:
        """Delete the messages of the last answer."""
        receipts, self._receipts = self._receipts, []
        if receipts:
            entries = [{"Id": str(number), "ReceiptHandle": one} for number, one in enumerate(receipts)]
            with storage_errors(f"clear the queue {self._name!r}", self._bucket):
                self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def _look(self, key: str) -> Iterator[ListedFile]:
        try:
            found = self._bucket.head(key.removeprefix(self._bucket.prefix))
        except (FileMissing, PathRefused):
            return
        yield listed(self._bucket, key, found["ContentLength"], found)


def keys_in(body: str, bucket: str) -> Iterator[str]:
    """The keys of objects that were put into ``bucket``, out of a message: S3's, or one that SNS wraps around S3's.
    Messages that say something else tell of none."""
    try:
        document = json.loads(body)
        if isinstance(document, dict) and "Message" in document:
            document = json.loads(document["Message"])
        records = document.get("Records", ()) if isinstance(document, dict) else ()
        for one in records:
            if (
                one["eventName"].removeprefix("s3:").startswith("ObjectCreated:")
                and one["s3"]["bucket"]["name"] == bucket
            ):
                yield unquote_plus(one["s3"]["object"]["key"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return
