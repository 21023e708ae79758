"""What happens in this process, counted. One object in the context holds all of it; nothing is kept in modules.

Everything is counted after its commit and in groups: what was taken back never happened, and a group of a hundred
executions costs a few microseconds.
"""

from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from prometheus_client import Counter, Gauge
from prometheus_client.registry import Collector

from scale_core.db.database import WriteSession
from scale_core.durations import LONG, SHORT, Durations
from scale_generated.enums import ErrorCategory, IngestStatus, JobExecutionStatus, JobStatus, RetentionKind

STEPS: Final = ("pre", "job", "post")
NO_CATEGORY: Final = ""

ENDED: Final = (
    (JobStatus.COMPLETED, NO_CATEGORY),
    (JobStatus.CANCELED, NO_CATEGORY),
    *((JobStatus.FAILED, category) for category in ErrorCategory),
)
"""Status and error category of what has ended."""


class EndedExecution(NamedTuple):
    """An execution whose end is committed. There are thousands a second: a tuple is made in a third of the time that
    a frozen dataclass takes.

    :param status: of the execution.
    :param error_name: what its failure is called; empty if it did not fail.
    :param category: category of that error; empty if it did not fail.
    :param message: why it failed, for people.
    :param is_lost: whether it is gone without a report.
    :param job_status: of its job, now: a job that has tries left is QUEUED again.
    :param durations: seconds of each of :data:`STEPS`; None: it did not run to its end.
    :param lasted: seconds since it was started.
    :param restarts: whether its job, of a long-running type, is on the queue again.
    :param failure_kind: as the report has it; empty if it did not fail.
    """

    execution_id: int
    job_id: int
    job_type_id: int
    job_type: str
    status: str
    error_name: str
    category: str
    message: str
    is_lost: bool
    job_status: str
    durations: tuple[float | None, float | None, float | None]
    lasted: float
    restarts: bool
    failure_kind: str = ""


class Telemetry:
    """The instruments of one process. All methods may be called from any thread, cost microseconds and never fail."""

    def __init__(self) -> None:
        self._jobs = _counter(
            "scale_jobs_ended_total", "Jobs that ended, by status and category of their error.", "status", "category"
        )
        self._executions = _counter(
            "scale_executions_ended_total",
            "Executions that ran and ended, by status and category of their error; those before a retry too.",
            "status",
            "category",
        )
        for counter in (self._jobs, self._executions):
            for labels in ENDED:
                counter.labels(*labels)
        self._lost = _counter("scale_executions_lost_total", "Executions that were gone without a report.")
        self._steps = Durations(
            "scale_execution_step_duration_seconds",
            "How long the steps of executions took: fetching inputs (pre), the command (job), storing outputs (post).",
            LONG,
            "step",
            STEPS,
        )
        self._placements = _counter(
            "scale_placements_total", "Executions that were taken off the queue and given a place to run."
        )
        self._passes = Durations(
            "scale_scheduler_pass_duration_seconds",
            "How long passes of the scheduler took: recording what ended, placing and starting what waits.",
            SHORT,
        )
        self._failures = _counter("scale_scheduler_failures_total", "Passes of the scheduler that broke off.")
        self._hanging = Gauge(
            "scale_folders_hanging",
            "Watched directories and workspaces' folders that do not answer, though the scheduler has work there.",
            registry=None,
        )
        self._ingests = _counter("scale_ingests_total", "Ingests that came into a status.", "status")
        for status in IngestStatus:
            self._ingests.labels(status)
        self._ingested = _counter("scale_ingested_bytes_total", "Bytes of the files that were ingested.")
        self._archived = _counter(
            "scale_archived_total",
            "Executions that were archived, and files whose content was deleted, by kind.",
            "kind",
        )
        for kind in RetentionKind:
            self._archived.labels(kind)
        self._requests = _counter(
            "scale_http_requests_total",
            "Answered HTTP requests, by operation of the HTTP contract (`other`: none), method and status.",
            "operation",
            "method",
            "status",
        )
        self._request_durations = Durations(
            "scale_http_request_duration_seconds",
            "How long HTTP requests took, to the last byte of the answer.",
            SHORT,
            "operation",
        )

    @property
    def instruments(self) -> Sequence[Collector]:
        """All of them, for a registry."""
        return (
            self._jobs,
            self._executions,
            self._lost,
            self._steps,
            self._placements,
            self._passes,
            self._failures,
            self._hanging,
            self._ingests,
            self._ingested,
            self._archived,
            self._requests,
            self._request_durations,
        )

    def job_ended(self, session: WriteSession, status: str, category: str = NO_CATEGORY, number: int = 1) -> None:
        """Count a job that ends in a transaction, or a number of them, once that is committed."""
        tally: Tally[tuple[str, str]] | None = session.info.get("ended_jobs")
        if tally is None:
            tally = session.info["ended_jobs"] = Tally()
            session.after_commit.append(lambda: _add(self._jobs, tally))
        tally[status, category] += number

    def executions_ended(self, ended: Sequence[EndedExecution]) -> None:
        """Count executions whose end is committed, and how long their steps took."""
        if not ended:
            return
        _add(self._executions, Tally((one.status, one.category) for one in ended))
        if lost := sum(one.is_lost for one in ended):
            self._lost.inc(lost)
        for step, durations in zip(STEPS, zip(*(one.durations for one in ended), strict=True), strict=True):
            # A clock that was set back must not make a duration negative.
            self._steps.observe_all([max(0.0, one) for one in durations if one is not None], step)

    def executions_completed(self, number: int) -> None:
        """Count executions whose completion is committed, and which had no steps of their own."""
        self._executions.labels(JobExecutionStatus.COMPLETED, NO_CATEGORY).inc(number)

    def archived(self, kind: RetentionKind, number: int) -> None:
        """Count what retention has taken away, in a transaction that is committed."""
        self._archived.labels(kind).inc(number)

    def placed(self, number: int) -> None:
        """Count executions that were taken off the queue."""
        self._placements.inc(number)

    def pass_done(self, seconds: float) -> None:
        """Count a pass of the scheduler."""
        self._passes.observe(seconds)

    def scheduler_failed(self) -> None:
        """Count a pass of the scheduler that broke off."""
        self._failures.inc()

    def folders_hang(self, number: Callable[[], int]) -> None:
        """Have ``number`` say, at each scrape, how many folders do not answer now."""
        self._hanging.set_function(number)

    def ingests_changed(self, statuses: Mapping[str, int], ingested_bytes: int = 0) -> None:
        """Count ingests by the status that they have come into, and the bytes of those that are ingested."""
        for status, number in statuses.items():
            self._ingests.labels(status).inc(number)
        self._ingested.inc(ingested_bytes)

    def request_done(self, operation: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(operation, method, status).inc()
        self._request_durations.observe(seconds, operation)


def _counter(name: str, documentation: str, *labels: str) -> Counter:
    # Without a registry: the library's default one is state of a module.
    return Counter(name, documentation, labels, registry=None)


def _add(counter: Counter, tally: Mapping[tuple[str, str], int]) -> None:
    for labels, number in tally.items():
        counter.labels(*labels).inc(number)
