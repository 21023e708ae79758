"""What the errors of S3 mean for a workspace."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from scale_core.interfaces.broker import BrokerError, FileMissing, PathRefused, StorageFull, StorageUnavailable

DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccountProblem",
        "AllAccessDisabled",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
FULL: Final = frozenset({"QuotaExceeded", "InsufficientStorage", "StorageFull", "XMinioStorageFull"})
SLOW: Final = frozenset({"RequestLimitExceeded", "ServiceUnavailable", "SlowDown", "Throttling", "TooManyRequests"})
ELSEWHERE: Final = frozenset(
    {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}
)


@contextmanager
def storage_errors(action: str, place: object) -> Iterator[None]:
    """Turn what boto3 raises in the block into the :class:`BrokerError` that says the same to people.

    :param action: what is being done, as in "Cannot <action>".
    :param place: what it is done to.
    """
    try:
        yield
    except (BrokerError, OSError):
        raise
    except Exception as error:  # boto3, botocore and urllib3 share no class; what is none of theirs goes on
        meant = broker_error(action, place, error)
        if meant is None:
            raise
        raise meant from error


def broker_error(action: str, place: object, error: Exception) -> BrokerError | None:
    """The broker error for one of boto3's; None: it is none of those."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # see Bucket.client

    message = f"Cannot {action} in {place}"
    if isinstance(error, ClientError):
        return _of_answer(message, error)
    if isinstance(error, NoCredentialsError):
        return StorageUnavailable(
            f"{message}: there are no credentials. Set access_key_id and secret_access_key in [storage.s3] "
            "of scale.toml (SCALE_STORAGE_S3_ACCESS_KEY_ID, SCALE_STORAGE_S3_SECRET_ACCESS_KEY), or a role."
        )
    if isinstance(error, BotoCoreError) or type(error).__module__.startswith("urllib3."):
        return StorageUnavailable(f"{message}: {_one_line(error)}. Check that the object store can be reached.")
    return None


def code_of(error: Any) -> str:
    """The code of an error that S3 answered; the status where the answer has no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: Any) -> int:
    """The HTTP status of an error that S3 answered."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _of_answer(message: str, error: Any) -> BrokerError:
    code, status = code_of(error), status_of(error)
    told = f"{message}: {code} {_one_line(error.response.get('Error', {}).get('Message', ''))}".rstrip()
    if code == "NoSuchBucket":
        return StorageUnavailable(f"{told} Make the bucket, or name another.")
    if code in FULL or status == 507:
        return StorageFull(f"{told} Free some space or raise the quota.")
    if code in SLOW or status in {429, 503}:
        return StorageUnavailable(f"{told} The object store asks for fewer requests; it is tried again later.")
    if code in ELSEWHERE or status == 301:
        return StorageUnavailable(f"{told} Give the workspace the region_name of its bucket.")
    if code in DENIED or status == 403:
        return StorageUnavailable(
            f"{told} Check the credentials in [storage.s3], and that they permit what docs/operations.md lists."
        )
    if code in {"KeyTooLongError", "InvalidURI"}:
        return PathRefused(f"{told} Choose a shorter path.")
    if code == "NoSuchUpload":
        return StorageUnavailable(f"{told} Another process began to store the file anew; it is tried again later.")
    if status == 404:
        return FileMissing(f"{told} There is no such file.")
    return StorageUnavailable(f"{told} (HTTP {status})")


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
