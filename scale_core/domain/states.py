"""The one place that says which status may follow which: jobs, executions and ingests.

Events go in, the new status comes out. A status that is not in a table cannot be reached, an event that a state does
not list cannot happen there. Each state says what it means and why it is not its neighbour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from scale_generated.enums import IngestStatus, JobExecutionStatus, JobStatus

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class JobEvent(StrEnum):
    """What can happen to a job."""

    BLOCK = "block"
    UNBLOCK = "unblock"
    QUEUE = "queue"
    START = "start"
    COMPLETE = "complete"
    FAIL = "fail"
    RETRY = "retry"
    CANCEL = "cancel"
    REQUEUE = "requeue"
    """Back on the queue, on somebody's request; for a job that has been on it before."""
    RESTORE = "restore"
    """Wanted again, on somebody's request; for a job that has never been queued. BLOCK follows where it applies."""


class ExecutionEvent(StrEnum):
    """What can happen to a job execution."""

    START = "start"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"


class IngestEvent(StrEnum):
    """What can happen to an ingest."""

    ARRIVE = "arrive"
    """The transfer ended: the file carries its final name."""
    START = "start"
    COMPLETE = "complete"
    DEFER = "defer"
    """No rule matches."""
    RELEASE = "release"
    """A rule that matches was added."""
    DUPLICATE = "duplicate"
    """The same file is a source file already."""
    FAIL = "fail"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class State(Generic[S, E]):
    """What a status means, and which status each event leads to from it."""

    meaning: str
    exits: Mapping[E, S]


@dataclass(frozen=True, slots=True)
class Lifecycle(Generic[S, E]):
    """The whole table of one kind of thing; ``kind`` is its name in messages."""

    kind: str
    states: Mapping[S, State[S, E]]


class IllegalTransition(ValueError):
    """An event came to a thing whose status does not allow it.

    :ivar kind: what sort of thing (``job``, ``job execution``, ``ingest``).
    :ivar current: the status it has.
    :ivar event: the event that came.
    :ivar allowed: the events that its status allows, sorted.
    :ivar history: what happened to the thing before, as the caller tells it; may be empty.
    """

    def __init__(self, kind: str, current: str, event: str, allowed: tuple[str, ...], history: str = "") -> None:
        self.kind, self.current, self.event = str(kind), str(current), str(event)
        self.allowed, self.history = allowed, history
        right = f"it allows {', '.join(allowed)}" if allowed else "it is final"
        past = f" History: {history}" if history else ""
        super().__init__(f"cannot {self.event} a {self.kind} that is {self.current}: {right}.{past}")


def next_status(lifecycle: Lifecycle[S, E], current: S, event: E, *, history: str = "") -> S:
    """The status after ``event``.

    :param history: what happened to the thing so far, for the message.
    :raises IllegalTransition: the current status does not allow the event.
    """
    exits = lifecycle.states[current].exits
    if event not in exits:
        raise IllegalTransition(lifecycle.kind, current, event, tuple(sorted(map(str, exits))), history)
    return exits[event]


def is_allowed(lifecycle: Lifecycle[S, E], current: S, event: E) -> bool:
    """Whether the current status allows ``event``."""
    return event in lifecycle.states[current].exits


def sources_of(lifecycle: Lifecycle[S, E], event: E) -> frozenset[S]:
    """The statuses that allow ``event``: what a conditional update selects by."""
    return frozenset(status for status, state in lifecycle.states.items() if event in state.exits)


def is_final(lifecycle: Lifecycle[S, E], status: S) -> bool:
    """Whether nothing can happen any more."""
    return not lifecycle.states[status].exits


JOB: Final[Lifecycle[JobStatus, JobEvent]] = Lifecycle(
    "job",
    MappingProxyType(
        {
            JobStatus.PENDING: State(
                "Waits for the jobs it depends on, all of which may still complete. Not BLOCKED: nothing stands in its "
                "way but time. Not QUEUED: its inputs do not exist yet. It fails here when its inputs, now known, are "
                "refused.",
                {
                    JobEvent.QUEUE: JobStatus.QUEUED,
                    JobEvent.BLOCK: JobStatus.BLOCKED,
                    JobEvent.FAIL: JobStatus.FAILED,
                    JobEvent.CANCEL: JobStatus.CANCELED,
                },
            ),
            JobStatus.BLOCKED: State(
                "A job that it depends on, directly or not, failed or was canceled. Not PENDING: somebody must act "
                "before it can run. Not CANCELED: it is still wanted.",
                {
                    JobEvent.UNBLOCK: JobStatus.PENDING,
                    JobEvent.QUEUE: JobStatus.QUEUED,
                    JobEvent.CANCEL: JobStatus.CANCELED,
                },
            ),
            JobStatus.QUEUED: State(
                "All it needs exists and it waits for a place. Not PENDING: it waits for resources, not for other "
                "jobs. Not RUNNING: no node has it. It fails here when it cannot be launched at all.",
                {
                    JobEvent.START: JobStatus.RUNNING,
                    JobEvent.FAIL: JobStatus.FAILED,
                    JobEvent.CANCEL: JobStatus.CANCELED,
                },
            ),
            JobStatus.RUNNING: State(
                "An execution of it is on a node. Not QUEUED: it holds resources. A failure leads back to QUEUED while "
                "tries are left, else to FAILED.",
                {
                    JobEvent.COMPLETE: JobStatus.COMPLETED,
                    JobEvent.FAIL: JobStatus.FAILED,
                    JobEvent.RETRY: JobStatus.QUEUED,
                    JobEvent.CANCEL: JobStatus.CANCELED,
                },
            ),
            JobStatus.COMPLETED: State(
                "An execution succeeded and its results are kept. Final: to run it again, make a new job.", {}
            ),
            JobStatus.FAILED: State(
                "No try is left; the error says why. Not CANCELED: nobody decided it. It may be canceled, so that no "
                "requeue of failed jobs brings it back.",
                {
                    JobEvent.REQUEUE: JobStatus.QUEUED,
                    JobEvent.RESTORE: JobStatus.PENDING,
                    JobEvent.CANCEL: JobStatus.CANCELED,
                },
            ),
            JobStatus.CANCELED: State(
                "Somebody decided that it shall not run. Not FAILED: nothing went wrong. It can be wanted again.",
                {JobEvent.REQUEUE: JobStatus.QUEUED, JobEvent.RESTORE: JobStatus.PENDING},
            ),
        }
    ),
)

EXECUTION: Final[Lifecycle[JobExecutionStatus, ExecutionEvent]] = Lifecycle(
    "job execution",
    MappingProxyType(
        {
            JobExecutionStatus.QUEUED: State(
                "One try of a job, waiting for a place. Not RUNNING: no node has been told of it.",
                {
                    ExecutionEvent.START: JobExecutionStatus.RUNNING,
                    ExecutionEvent.FAIL: JobExecutionStatus.FAILED,
                    ExecutionEvent.CANCEL: JobExecutionStatus.CANCELED,
                },
            ),
            JobExecutionStatus.RUNNING: State(
                "Placed on a node, in one of its three steps. Never QUEUED again: the next try is another execution.",
                {
                    ExecutionEvent.COMPLETE: JobExecutionStatus.COMPLETED,
                    ExecutionEvent.FAIL: JobExecutionStatus.FAILED,
                    ExecutionEvent.CANCEL: JobExecutionStatus.CANCELED,
                },
            ),
            JobExecutionStatus.COMPLETED: State("All three steps succeeded. Final.", {}),
            JobExecutionStatus.FAILED: State(
                "A step failed, or the node was lost. Final; whether the job goes on is the job's matter.", {}
            ),
            JobExecutionStatus.CANCELED: State(
                "Ended on request, whatever it had done. Not FAILED: it says nothing about the algorithm. Final.", {}
            ),
        }
    ),
)

INGEST: Final[Lifecycle[IngestStatus, IngestEvent]] = Lifecycle(
    "ingest",
    MappingProxyType(
        {
            IngestStatus.TRANSFERRING: State(
                "The file carries the transfer suffix and grows. Not TRANSFERRED: its content is not complete.",
                {IngestEvent.ARRIVE: IngestStatus.TRANSFERRED, IngestEvent.FAIL: IngestStatus.ERRORED},
            ),
            IngestStatus.TRANSFERRED: State(
                "The file is whole and waits for its ingest job. Not INGESTING: nothing has touched it.",
                {
                    IngestEvent.START: IngestStatus.INGESTING,
                    IngestEvent.DEFER: IngestStatus.DEFERRED,
                    IngestEvent.DUPLICATE: IngestStatus.DUPLICATE,
                    IngestEvent.FAIL: IngestStatus.ERRORED,
                },
            ),
            IngestStatus.DEFERRED: State(
                "No rule matches the name; the file stays where it is. Not ERRORED: a new rule is all it needs.",
                {IngestEvent.RELEASE: IngestStatus.TRANSFERRED},
            ),
            IngestStatus.INGESTING: State(
                "The ingest job moves the file into the workspace. It may start anew after a crash.",
                {
                    IngestEvent.START: IngestStatus.INGESTING,
                    IngestEvent.COMPLETE: IngestStatus.INGESTED,
                    IngestEvent.DUPLICATE: IngestStatus.DUPLICATE,
                    IngestEvent.FAIL: IngestStatus.ERRORED,
                },
            ),
            IngestStatus.INGESTED: State("The file is a source file. Final.", {}),
            IngestStatus.ERRORED: State(
                "The transfer or the ingest failed. Not DEFERRED: a rule did match, or the file vanished.",
                {IngestEvent.RETRY: IngestStatus.TRANSFERRED},
            ),
            IngestStatus.DUPLICATE: State(
                "The same file was ingested before; this copy was not. Not INGESTED: it made no source file. Final.", {}
            ),
        }
    ),
)
