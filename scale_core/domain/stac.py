"""What STAC 1.1 and STAC API 1.0 say that is no matter of a database: ids, times, checksums."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from scale_core.domain.times import OpenRange

MAX_ID: Final = 2**63 - 1

_MOMENT: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt](?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?(?P<zone>[Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)
"""As RFC 3339 has it: what ISO 8601 allows beside that is not understood by every client."""

_RIGHT: Final = (
    "write a time with a zone, such as 2015-01-01T00:00:00Z, or two with a / between, either of which may be .. for no "
    "bound"
)
_SHA256: Final = "sha256:"
_SHA256_MULTIHASH: Final = "1220"
"""The code of the function and the number of bytes."""


class CollectionKind(StrEnum):
    """What a collection has in common, as its id begins."""

    STRIKE = "strike"
    SCAN = "scan"
    JOB_TYPE = "job-type"


OWNER_COLUMNS: Final[Mapping[CollectionKind, str]] = {
    CollectionKind.STRIKE: "strike_id",
    CollectionKind.SCAN: "scan_id",
    CollectionKind.JOB_TYPE: "job_type_id",
}
"""What a file is said to come from."""


@dataclass(frozen=True, slots=True, order=True)
class CollectionKey:
    """Which collection: all source files of a Strike process or of a Scan, or all products of a job type."""

    kind: CollectionKind
    owner_id: int

    def __str__(self) -> str:
        return f"{self.kind}-{self.owner_id}"


def read_collection_id(text: str) -> CollectionKey | None:
    """The collection with this id; None: there can be none."""
    kind, _, number = text.rpartition("-")
    owner_id = read_id(number)
    if owner_id is None or kind not in set(CollectionKind):
        return None
    return CollectionKey(CollectionKind(kind), owner_id)


def read_id(text: str) -> int | None:
    """The number that the id of an item is, and that of a collection ends with; None: it is none as we write it."""
    if not (text.isascii() and text.isdigit()) or text.startswith("0") or len(text) > len(str(MAX_ID)):
        return None
    number = int(text)
    return number if number <= MAX_ID else None


def read_interval(text: str) -> OpenRange:
    """The span of time, or the moment, that ``datetime`` of a search says (STAC API, Query Parameters and Fields).

    :raises ValueError: it is neither; the message says why and what would be right.
    """
    first, slash, last = text.partition("/")
    if not slash:
        moment = _moment(first)
        return OpenRange(moment, moment)
    started, ended = (None if one in ("", "..") else _moment(one) for one in (first, last))
    if started is None and ended is None:
        raise ValueError(f"{text!r} has no bound; {_RIGHT}, or leave it out for any time")
    if started is not None and ended is not None and started > ended:
        raise ValueError(f"{first} lies after {last}; exchange them")
    return OpenRange(started, ended)


def moment_text(moment: datetime) -> str:
    """A moment (UTC) as exactly as it is kept, so that what is shown is found again."""
    return (
        moment.astimezone(UTC).isoformat(timespec="microseconds" if moment.microsecond % 1000 else "milliseconds")[:-6]
        + "Z"
    )


def multihash(checksum: str | None) -> str | None:
    """A checksum as the File Info extension wants it.

    :param checksum: ``sha256:`` and hexadecimal digits; None, or of another function: None.
    """
    if checksum is None or not checksum.startswith(_SHA256):
        return None
    return _SHA256_MULTIHASH + checksum.removeprefix(_SHA256)


def _moment(text: str) -> datetime:
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time as RFC 3339 has it; {_RIGHT} (the + of an offset is %2B in a URL)")
    # Databases keep microseconds.
    fraction = (match["fraction"] or "")[:6].ljust(6, "0")
    try:
        return datetime.fromisoformat(f"{match['date']}T{match['time']}.{fraction}{match['zone'].upper()}").astimezone(
            UTC
        )
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is on no calendar ({error}); {_RIGHT}") from error
