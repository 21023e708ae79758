"""What is to be done with a file that is ingested, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace, as far as moving files needs to know it."""

    name: str
    configuration: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IngestOrder:
    """A file to take into a workspace.

    :param source: where it is now, on this machine or in the workspace ``origin``.
    :param path: its place in the workspace.
    :param size: bytes it had when it arrived.
    :param keeps_source: it stays where it is, as what a Scan finds does; otherwise it is moved.
    :param origin: the workspace that has it now; None: it is on this machine.
    :param may_be_known: the workspace has a source file of that name and size; see whether the content is the same.
    """

    ingest_id: int
    file_name: str
    source: str
    path: str
    size: int
    workspace: Place
    may_be_known: bool = False
    keeps_source: bool = False
    origin: Place | None = None

    @property
    def is_in_place(self) -> bool:
        """Whether it lies where it is to be."""
        return self.origin == self.workspace and self.source == self.path

    @property
    def own_path(self) -> str:
        """A place that no other ingest can have, for when something that Scale does not know is at ``path``."""
        return own_path(self.path, self.ingest_id)


@dataclass(frozen=True, slots=True)
class Removal:
    """A DUPLICATE: what is to be removed before it is recorded as one.

    :param source: the file on this machine; None: it is to stay.
    :param path: where a copy of it may be in the workspace; no source file is there.
    """

    ingest_id: int
    source: str | None
    path: str
    workspace: Place


class StoredSource(NamedTuple):
    """A file that is in its workspace now: ``path`` there, bytes, ``sha256:<hex>``, media type.

    :param is_needed: it becomes a source file though there is one with its content: that one's file is lost.
    """

    ingest_id: int
    path: str
    size: int
    checksum: str
    media_type: str
    is_needed: bool = False


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A source file, and its path in the workspace."""

    file_id: int
    path: str


def own_path(path: str, ingest_id: int) -> str:
    """The place of an ingest's own, beside ``path``."""
    whole = PurePosixPath(path)
    folder = f"ingest-{ingest_id}"
    return path if whole.parent.name == folder else str(whole.parent / folder / whole.name)
