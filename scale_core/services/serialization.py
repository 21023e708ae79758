"""What the generated serializers ask for beside the row: URLs and derived values."""

from dataclasses import dataclass
from datetime import datetime

from scale_core.services.geometries import to_wkt
from scale_generated._runtime import timestamp


@dataclass(frozen=True, slots=True)
class SerializerContext:
    """Implements ``scale_generated.serializers.Context``.

    :param base_url: scheme, host and prefix under which the asking client reaches this API, without a final slash.
    """

    base_url: str

    def file_url(self, file_id: int, file_path: str, workspace_url: str | None, /) -> str:
        """Where a client gets a file: from its workspace where that is on the web, else from this API."""
        if workspace_url:
            return f"{workspace_url.rstrip('/')}/{file_path}"
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

    def wkt(self, wkb: bytes | None, /) -> str | None:
        """A geometry as text."""
        return None if wkb is None else to_wkt(wkb)

    @staticmethod
    def moment(value: datetime | None) -> str | None:
        """A time as the API writes it."""
        return timestamp(value)
