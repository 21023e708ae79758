"""What the installation says about S3: ``[storage.s3]`` in scale.toml, ``SCALE_STORAGE_S3_…`` variables."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from scale_core.interfaces.options import OptionError

MIB: Final = 1 << 20
SWITCHES: Final = {True: True, False: False, "on": True, "off": False}


@dataclass(frozen=True, slots=True)
class S3Options:
    """The options.

    :param access_key_id: of the account; empty: boto3 looks for credentials itself (environment, role of the machine).
    :param endpoint_url: of the object store; empty: that of AWS.
    :param endpoints: further addresses that a workspace may name.
    :param sqs_endpoint_url: of the queues that tell of new objects; empty: that of AWS.
    :param timeout_seconds: how long to wait for a connection, and for each answer.
    :param attempts: how often a request that failed for a passing reason is made in all.
    :param transfers: how many files, or parts of files, one broker has on their way at most.
    :param part_mib: the size of the parts in which larger files go in and out, in MiB.
    :param url_seconds: how long a file's address is valid; 0: files have none, and Scale serves them.
    :param conditional_writes: whether the store heeds ``If-None-Match`` when a file is put.
    """

    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    region_name: str = ""
    endpoint_url: str = ""
    sqs_endpoint_url: str = ""
    endpoints: tuple[str, ...] = ()
    timeout_seconds: float = 30.0
    attempts: int = 3
    transfers: int = 8
    part_mib: int = 8
    url_seconds: int = 3600
    conditional_writes: bool = True

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Read them.

        :raises OptionError: one is unknown or wrong.
        """
        known = cls.__dataclass_fields__
        if unknown := sorted(set(options).difference(known)):
            raise OptionError(f"The storage option 's3.{unknown[0]}' is not known; there are {', '.join(known)}.")
        values: dict[str, Any] = {name: _READERS.get(name, _text)(name, value) for name, value in options.items()}
        read = cls(**values)
        if bool(read.access_key_id) != bool(read.secret_access_key):
            raise OptionError("Of the storage options s3.access_key_id and s3.secret_access_key, one is missing.")
        return read

    @property
    def part_size(self) -> int:
        """Bytes of a part."""
        return self.part_mib * MIB

    def endpoint(self, wanted: str) -> str:
        """The endpoint to use where a workspace names ``wanted``, which may be nothing. A document must not make Scale
        send its requests to any address (decision 0043).

        :raises OptionError: the installation does not allow it.
        """
        if wanted and wanted.rstrip("/") not in {one.rstrip("/") for one in (self.endpoint_url, *self.endpoints)}:
            raise OptionError(
                f"The endpoint_url {wanted} is not allowed by this installation; whoever runs it can add it to "
                "`endpoints` in [storage.s3] of scale.toml (SCALE_STORAGE_S3_ENDPOINTS)."
            )
        return wanted or self.endpoint_url


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise OptionError(f"The storage option s3.{name} must be text.")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    """A list, or text with commas."""
    many = value.split(",") if isinstance(value, str) else value
    if not isinstance(many, list) or not all(isinstance(one, str) for one in many):
        raise OptionError(f"The storage option s3.{name} must be a list of texts.")
    return tuple(one.strip() for one in many if one.strip())


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    low, high = _BOUNDS[name]
    if not low <= number <= high:
        raise OptionError(f"The storage option s3.{name} is {value!r} and must be a number from {low} to {high}.")
    return number


def _whole(name: str, value: Any) -> int:
    return int(_number(name, value))


def _switch(name: str, value: Any) -> bool:
    if value not in SWITCHES:
        raise OptionError(f"The storage option s3.{name} is {value!r} and must be 'on' or 'off'.")
    return SWITCHES[value]


# S3 takes parts from 5 MiB on, and signs addresses for a week at most.
_BOUNDS: Final = {
    "timeout_seconds": (0.1, 3600),
    "attempts": (1, 20),
    "transfers": (1, 64),
    "part_mib": (5, 512),
    "url_seconds": (0, 604800),
}
_READERS: Final = {
    "endpoints": _texts,
    "timeout_seconds": _number,
    "attempts": _whole,
    "transfers": _whole,
    "part_mib": _whole,
    "url_seconds": _whole,
    "conditional_writes": _switch,
}
