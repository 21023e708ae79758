"""What engines and node agents tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scale_generated.specs.execution_report import ExecutionReport


@dataclass(frozen=True, slots=True)
class ExecutionStarted:
    """The execution is in its step ``step`` (pre, job or post). Told of steps that last: of job when it still runs
    after a moment, of pre and post where there are files to fetch or store, and of pre where there is an image. The
    report has the times of all steps."""

    execution_id: int
    step: str


@dataclass(frozen=True, slots=True)
class ExecutionFinished:
    """The execution ended; its report says how."""

    report: ExecutionReport


@dataclass(frozen=True, slots=True)
class ExecutionLost:
    """The execution is gone without a report: its node or its runner vanished."""

    execution_id: int
    message: str


@dataclass(frozen=True, slots=True)
class ExecutionProgress:
    """So many bytes of the file that the execution takes into a workspace are there; told of large files only."""

    execution_id: int
    done: int


@dataclass(frozen=True, slots=True)
class ExecutionAsked:
    """The execution asks Scale something, which :meth:`Engine.answer` answers. Questions may get lost, or come twice;
    whoever asks does so again."""

    execution_id: int
    question: bytes


EngineEvent = ExecutionStarted | ExecutionProgress | ExecutionAsked | ExecutionFinished | ExecutionLost


class EngineListener(Protocol):
    """Who an engine reports to."""

    def notify(self, events: Sequence[EngineEvent]) -> None:
        """Take what happened, in its order; returns at once. Tell in one call what is known at one time: to wake the
        listener costs more than an event does."""

    def offers_changed(self) -> None:
        """Nodes or free resources have changed; returns at once."""
