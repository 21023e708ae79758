"""Linking files into a workspace and looking at what they are; what a process apart needs of it imports little."""

from collections.abc import Sequence
from typing import NamedTuple

from scale_core.domain.media_types import HEAD_SIZE, UNKNOWN, media_type
from scale_core.interfaces.broker import Broker, BrokerError, LinkUnsupported, StoredFile


class Link(NamedTuple):
    """A file that is to get a further name: where it is on this machine, its path in the workspace, its own name."""

    source: str
    path: str
    file_name: str


class Linked(NamedTuple):
    """A file that has its name in the workspace: bytes, ``sha256:<hex>``, media type."""

    size: int
    checksum: str
    media_type: str


class NotLinked(NamedTuple):
    """A file that has none, and whether the storage cannot link at all."""

    reason: str
    is_unsupported: bool


def link(broker: Broker, files: Sequence[Link]) -> list[Linked | NotLinked]:
    """Link files into the workspace of ``broker``; the results in order.

    :raises Exception: whatever a broker that is broken raises.
    """
    results = broker.link_many([(one.source, one.path) for one in files])
    return [_result(broker, one, result) for one, result in zip(files, results, strict=True)]


def _result(broker: Broker, file: Link, result: StoredFile | BrokerError) -> Linked | NotLinked:
    if isinstance(result, BrokerError):
        return NotLinked(str(result), isinstance(result, LinkUnsupported))
    return Linked(result.size, result.checksum, _media_type(broker, file, result))


def _media_type(broker: Broker, file: Link, stored: StoredFile) -> str:
    kind = media_type(file.file_name, stored.head)
    if kind == UNKNOWN and stored.size and not stored.head:
        with broker.open(stored.path) as content:
            kind = media_type(file.file_name, content.read(HEAD_SIZE))
    return kind
