"""What is known of a run so far; at the end it becomes the report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from scale_core.runner.failures import StepFailed
from scale_core.runner.times import now
from scale_core.runner.usage import DiskUse
from scale_generated.specs.execution_report import (
    ExecutionReport,
    ReportEnvironment,
    ReportFailure,
    ReportIngest,
    ReportOutput,
    ReportParseResult,
    ReportStep,
    ReportSteps,
    ReportUsage,
)

if TYPE_CHECKING:
    from scale_core.runner.containers.images import Image

Step = Literal["pre", "job", "post"]


@dataclass(slots=True)
class RunRecord:
    """Filled while the steps run."""

    execution_id: int
    steps: dict[Step, ReportStep] = field(default_factory=dict)
    command_arguments: str | None = None
    usage: ReportUsage | None = None
    environment: ReportEnvironment | None = None
    image: "Image | None" = None
    """What the command runs in; None: an ordinary process."""

    exit_code: int | None = None
    manifest: Mapping[str, Any] | None = None
    outputs: tuple[ReportOutput, ...] = ()
    parse_results: tuple[ReportParseResult, ...] = ()
    ingest: ReportIngest | None = None
    failure: ReportFailure | None = None
    disk: DiskUse = field(default_factory=DiskUse)
    """What lay in the folder when the command had ended."""

    _ended: str | None = None
    """When the last step ended and the next one begins."""

    def step(self, name: Step) -> "_RecordedStep":
        """A context that notes when the step begins and ends, and how. A system error in it is a failure of this
        node."""
        return _RecordedStep(self, name, self._ended or now())

    def end(self, name: Step, began: str, error: StepFailed | None) -> None:
        """Note that a step ended, and how."""
        if error is not None:
            self.failure = ReportFailure(
                kind=error.kind, step=name, message=error.message, exit_code=error.exit_code, signal=error.signal
            )
        self._ended = now()
        code = self.exit_code if name == "job" else int(error is not None)
        self.steps[name] = ReportStep(started=began, ended=self._ended, exit_code=code)

    def report(self) -> ExecutionReport:
        """The report of the run as it stands."""
        if self.failure is None:
            status: Literal["COMPLETED", "FAILED", "CANCELED"] = "COMPLETED"
        else:
            status = "CANCELED" if self.failure.kind == "canceled" else "FAILED"
        return ExecutionReport(
            execution_id=self.execution_id,
            status=status,
            command_arguments=self.command_arguments,
            steps=ReportSteps(**self.steps),
            failure=self.failure,
            outputs=self.outputs,
            parse_results=self.parse_results,
            results_manifest=self.manifest,
            usage=self.usage,
            environment=self.environment,
            ingest=self.ingest,
        )


class _RecordedStep:
    """A step from its beginning to its end."""

    def __init__(self, record: RunRecord, name: Step, began: str) -> None:
        self._record = record
        self._name: Step = name
        self._began = began

    def __enter__(self) -> None:
        """It has begun."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, StepFailed):
            self._record.end(self._name, self._began, error)
        elif isinstance(error, OSError):
            broken = StepFailed("engine", f"The step {self._name!r} failed on this node: {error}.")
            self._record.end(self._name, self._began, broken)
            raise broken from error
