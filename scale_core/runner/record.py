"""What is known of a run so far; at the end it becomes the report."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from scale_core.runner.failures import StepFailed
from scale_core.runner.times import timestamp
from scale_generated.specs.execution_report import (
    ExecutionReport,
    ReportFailure,
    ReportOutput,
    ReportParseResult,
    ReportStep,
    ReportSteps,
    ReportUsage,
)

Step = Literal["pre", "job", "post"]


@dataclass(slots=True)
class RunRecord:
    """Filled while the steps run."""

    execution_id: int
    clock: Callable[[], datetime]
    steps: dict[Step, ReportStep] = field(default_factory=dict)
    command_arguments: str | None = None
    usage: ReportUsage | None = None
    exit_code: int | None = None
    manifest: Mapping[str, Any] | None = None
    outputs: tuple[ReportOutput, ...] = ()
    parse_results: tuple[ReportParseResult, ...] = ()
    failure: ReportFailure | None = None

    @contextmanager
    def step(self, name: Step) -> Iterator[None]:
        """Note when the block begins and ends, and how. A system error in it is a failure of this node."""
        began = timestamp(self.clock())
        self.steps[name] = ReportStep(started=began)
        failed = False
        try:
            yield
        except StepFailed as error:
            failed = True
            self._fail(name, error)
            raise
        except OSError as error:
            failed = True
            broken = StepFailed("engine", f"The step {name!r} failed on this node: {error}.")
            self._fail(name, broken)
            raise broken from error
        finally:
            code = self.exit_code if name == "job" else int(failed)
            self.steps[name] = ReportStep(started=began, ended=timestamp(self.clock()), exit_code=code)

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
        )

    def _fail(self, step: Step, error: StepFailed) -> None:
        self.failure = ReportFailure(
            kind=error.kind, step=step, message=error.message, exit_code=error.exit_code, signal=error.signal
        )
