"""What a Strike process and the database tell each other."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from scale_generated.specs.strike import Strike


@dataclass(frozen=True, slots=True)
class WatchOrder:
    """A Strike process as its watcher needs it; ``revision`` changes when it is edited."""

    strike_id: int
    name: str
    configuration: Strike
    revision: datetime


@dataclass(frozen=True, slots=True)
class Transfer:
    """A file that is being copied: its final name, the path it will have, the bytes there are."""

    file_name: str
    path: str
    size: int


class Arrival(NamedTuple):
    """A file that is whole.

    :param transfer_path: where it was copied to.
    :param path: where it is now, in the folder for files under way or in the one for deferred files.
    :param ingest_id: the ingest that watched its transfer, where there is one.
    """

    file_name: str
    transfer_path: str
    path: str
    size: int
    ingest_id: int | None = None


@dataclass(frozen=True, slots=True)
class KnownTransfer:
    """A transfer under way that is recorded, with the bytes it was last seen to have."""

    ingest_id: int
    size: int
