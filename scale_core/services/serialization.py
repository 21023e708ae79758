"""What the generated serializers ask for beside the row: URLs and derived values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from scale_core.interfaces.broker import url_below
from scale_core.services.geometries import to_wkt
from scale_generated._runtime import timestamp
from scale_generated.enums import IngestStatus


class StorageAddresses(Protocol):
    """Asks storages for addresses of files."""

    def url(self, configuration: Mapping[str, Any], path: str) -> str | None:
        """That of a file in the workspace of that configuration; None: it has none."""


@dataclass(frozen=True, slots=True)
class SerializerContext:
    """Implements ``scale_generated.serializers.Context``.

    :param base_url: scheme, host and prefix under which the asking client reaches this API, without a final slash.
    :param storage: gives the addresses that storages give their files; None: nobody does.
    """

    base_url: str
    storage: StorageAddresses | None = None

    def file_url(
        self, file_id: int, file_path: str, workspace_url: str | None, configuration: Mapping[str, Any], /
    ) -> str:
        """Where a client gets a file: from its workspace where that is on the web, from its storage where that signs
        addresses, else from this API."""
        if workspace_url:
            return url_below(workspace_url, file_path)
        if self.storage is not None and (url := self.storage.url(configuration, file_path)):
            return url
        return self.content_url(file_id)

    def content_url(self, file_id: int) -> str:
        """Where this API serves a file."""
        return f"{self.base_url}/files/{file_id}/content/"

    def stdout_url(self, execution_id: int, /) -> str:
        """The standard output of an execution."""
        return f"{self.base_url}/job-executions/{execution_id}/logs/stdout/"

    def stderr_url(self, execution_id: int, /) -> str:
        """The standard error of an execution."""
        return f"{self.base_url}/job-executions/{execution_id}/logs/stderr/"

    def uses_docker(self, docker_image: str | None, /) -> bool:
        """Whether a job type runs in a container."""
        return docker_image is not None

    def is_set(self, value: object, /) -> bool:
        """Whether there is something that is not shown."""
        return value is not None

    def bytes_stored(self, status: str, bytes_stored: int | None, file_size: int | None, /) -> int:
        """Bytes of an ingest's file that are in the workspace: all of a source file, else what was last told."""
        return (file_size if status == IngestStatus.INGESTED else bytes_stored) or 0

    def wkt(self, wkb: bytes | None, /) -> str | None:
        """A geometry as text."""
        return None if wkb is None else to_wkt(wkb)

    @staticmethod
    def moment(value: datetime | None) -> str | None:
        """A time as the API writes it."""
        return timestamp(value)
