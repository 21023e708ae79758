"""What a watcher and a recorder tell each other."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from scale_core.domain.file_names import escaped
from scale_core.interfaces.broker import ListedFile
from scale_generated.specs.strike import Strike

LONGEST_NAME: Final = 255
"""Characters of a file's name that are kept; ``transfer_path`` has all of it."""


@dataclass(frozen=True, slots=True)
class WatchOrder:
    """A Strike process as its watcher needs it; ``revision`` changes when it is edited."""

    strike_id: int
    name: str
    configuration: Strike
    revision: datetime


@dataclass(frozen=True, slots=True)
class Transfer:
    """A file that is being copied: its final name, the path it is copied to, the bytes there are."""

    file_name: str
    path: str
    size: int


class Arrival(NamedTuple):
    """A file that is whole.

    :param transfer_path: where it was copied to.
    :param path: where it is now, in the folder for files under way or in the one for deferred files.
    :param ingest_id: the ingest that watched its transfer, where there is one.
    :param origin_id: the workspace that has it, where ``path`` is its path in there.
    """

    file_name: str
    transfer_path: str
    path: str
    size: int
    ingest_id: int | None = None
    origin_id: int | None = None


def file_name(file: ListedFile) -> str:
    """The name of a file of a workspace; empty where the path is that of a folder."""
    return "" if file.path.endswith("/") else PurePosixPath(file.path).name


@dataclass(frozen=True, slots=True)
class KnownTransfer:
    """A transfer under way that is recorded: where it is copied to, and the bytes it was last seen to have."""

    ingest_id: int
    file_name: str
    path: str
    size: int


class Refusal(NamedTuple):
    """A file or folder that cannot be ingested: its path as Python reads it (``surrogateescape``), and why."""

    path: str
    reason: str

    @property
    def file_name(self) -> str:
        """Its name, as it is kept and shown."""
        return escaped(self.path.rstrip("/").rpartition("/")[2])[:LONGEST_NAME]

    @property
    def shown_path(self) -> str:
        """Its path, as it is kept and shown."""
        return escaped(self.path)
