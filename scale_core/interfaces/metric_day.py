"""What happened on a day, for metrics; import it from :mod:`scale_core.interfaces.metric`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from scale_generated.enums import ErrorCategory, IngestStatus, JobExecutionStatus, JobStatus


@dataclass(frozen=True, slots=True)
class Spread:
    """``number`` values, such as seconds or bytes: their sum, the least and the greatest."""

    number: int
    total: float
    least: float
    greatest: float


@dataclass(frozen=True, slots=True)
class EndedJobs:
    """How many jobs of a type ended in a status; ``error_id`` and ``error_category`` are those of FAILED ones."""

    job_type_id: int
    status: JobStatus
    error_id: int | None
    error_category: ErrorCategory | None
    number: int


@dataclass(frozen=True, slots=True)
class EndedExecutions:
    """How many executions of a job type ended in a status, and how many seconds they took.

    :param queue: from queued to started; of those that started, as all others.
    :param pre: fetching the inputs, of those that did.
    :param job: the command itself.
    :param post: storing the outputs.
    :param run: from started to ended.
    :param stage: the part of ``run`` that is none of the three steps.
    """

    job_type_id: int
    status: JobExecutionStatus
    error_id: int | None
    number: int
    queue: Spread | None
    pre: Spread | None
    job: Spread | None
    post: Spread | None
    run: Spread | None
    stage: Spread | None


@dataclass(frozen=True, slots=True)
class EndedIngests:
    """How many ingests of a Strike process or a Scan, whose id is ``seer_id``, ended in a status; ``size`` in bytes,
    ``transfer`` and ``ingest`` in seconds, of those of which they are known."""

    seer_id: int
    status: IngestStatus
    number: int
    size: Spread | None
    transfer: Spread | None
    ingest: Spread | None


@dataclass(frozen=True, slots=True)
class NewFiles:
    """How many files, of how many bytes, came into a workspace; ``file_type`` is SOURCE or PRODUCT."""

    workspace_id: int
    file_type: str
    number: int
    size: int


@dataclass(frozen=True, slots=True)
class StorageUse:
    """The space of a workspace in bytes, as it was last seen on the day; None: its storage does not tell."""

    workspace_id: int
    used: int | None
    total: int | None


class MetricDay(Protocol):
    """What happened on a day. Each is asked for with one statement, whoever asks first, and costs what the day did."""

    @property
    def day(self) -> date:
        """Which day (UTC)."""

    @property
    def started(self) -> datetime:
        """When it began."""

    @property
    def ended(self) -> datetime:
        """When it was over: the first moment of the next one."""

    def jobs(self) -> Sequence[EndedJobs]:
        """The jobs that ended on it, by job type, status and error."""

    def executions(self) -> Sequence[EndedExecutions]:
        """The executions that ended on it, by job type, status and error: one for each time that a job was tried."""

    def ingests(self) -> Sequence[EndedIngests]:
        """The ingests that ended on it, by Strike process and status."""

    def scan_ingests(self) -> Sequence[EndedIngests]:
        """The ingests that ended on it, by Scan and status."""

    def new_files(self) -> Sequence[NewFiles]:
        """The files that came on it, by workspace and type."""

    def storage(self) -> Sequence[StorageUse]:
        """The space of each workspace; none that was not looked at on it."""
