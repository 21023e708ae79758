"""What is told to plugins after a commit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobStatusChanged:
    """A job went from one status to another (a new job: from None)."""

    job_id: int
    job_type_name: str
    old: str | None
    new: str


@dataclass(frozen=True, slots=True)
class FileIngested:
    """A file became a source file."""

    file_id: int
    file_name: str
    workspace_name: str
    path: str
    media_type: str
    data_types: frozenset[str]


@dataclass(frozen=True, slots=True)
class ProductPublished:
    """A job's output became a product."""

    file_id: int
    file_name: str
    workspace_name: str
    path: str
    media_type: str
    job_id: int
