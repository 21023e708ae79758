"""The content of files, through the brokers of their workspaces."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from scale_core.db.models import ScaleFile
from scale_core.interfaces.broker import Broker, ContentChanged, FileMissing, StorageUnavailable
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.exceptions import Archived, Invalid, NotFound


@dataclass(frozen=True, slots=True)
class StoredContent:
    """What is recorded of a file whose content is asked for.

    :param paths: where it is in its workspace: one path, or, while it is moved, the two of which it has one.
    :param size: in bytes.
    :param checksum: as ``sha256:<hex>``; None where it is not known.
    """

    file_id: int
    file_name: str
    media_type: str
    size: int
    checksum: str | None
    paths: Sequence[str]
    workspace_name: str
    configuration: Mapping[str, Any]


class ContentService:
    """Finds files, and opens them. What asks the database and what asks the storage are calls of their own: the latter
    may hang."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def find(self, file_id: int) -> StoredContent:
        """What is recorded of a file.

        :raises NotFound: there is no such file, or it is deleted.
        """
        with self._context.database.read() as session:
            file = session.get(ScaleFile, file_id)
            if file is None:
                raise NotFound("file", file_id)
            if file.is_deleted:
                when = "" if file.deleted is None else f" on {file.deleted:%Y-%m-%d}"
                raise Archived(f"The content of the file {file_id} was deleted{when}.")
            return StoredContent(
                file_id=file_id,
                file_name=file.file_name,
                media_type=file.media_type,
                size=file.file_size,
                checksum=file.checksum,
                paths=[path for path in (file.file_path, file.moving_to) if path is not None],
                workspace_name=file.workspace.name,
                configuration=file.workspace.json_config,
            )

    @contextmanager
    def opened(self, content: StoredContent) -> Iterator[BinaryIO]:
        """The content for this block, as a stream that can seek. Everything of the storage is asked here, in the
        thread of the caller.

        :raises FileMissing: it is not there, though nothing recorded says so.
        :raises ContentChanged: it has another size than it had when it was stored.
        :raises BrokerError: the storage does not give it.
        """
        broker = self._broker(content.configuration)
        with self._open(broker, content) as stream:
            size = stream.seek(0, os.SEEK_END)
            if size != content.size:
                raise ContentChanged(
                    f"The file {content.file_name!r} in the workspace {content.workspace_name!r} is not what was "
                    f"stored there: it has {size} bytes and had {content.size}. Restore it from its source, or ingest "
                    "it again."
                )
            yield stream

    def version(self, content: StoredContent, stream: BinaryIO) -> str | None:
        """Which content the opened stream reads; None: the storage does not tell it.

        :raises BrokerError: the storage does not answer.
        """
        return self._broker(content.configuration).version(stream)

    def _broker(self, configuration: Mapping[str, Any]) -> Broker:
        try:
            return broker_for(self._context, configuration)
        except Invalid as error:  # nothing that is wrong with the request
            raise StorageUnavailable(str(error)) from error

    def _open(self, broker: Broker, content: StoredContent) -> BinaryIO:
        try:
            return _first(broker, content.paths)
        except FileMissing:
            now = self.find(content.file_id)
            if now.paths == content.paths:
                raise
            return _first(broker, now.paths)  # it was moved since it was found


def _first(broker: Broker, paths: Sequence[str]) -> BinaryIO:
    """The file at the first of the paths that has one."""
    *others, last = paths
    for path in others:
        try:
            return broker.open(path)
        except FileMissing:
            continue
    return broker.open(last)
