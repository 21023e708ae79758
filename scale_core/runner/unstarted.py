"""Reports of executions that no runner can report."""

from typing import Literal

import orjson

from scale_generated.specs.execution_report import ExecutionReport, ReportFailure, ReportSteps


def unstarted_report(execution_id: int, status: Literal["FAILED", "CANCELED"], failure: ReportFailure) -> bytes:
    """A report as JSON, of no steps."""
    report = ExecutionReport(execution_id=execution_id, status=status, steps=ReportSteps(), failure=failure)
    return orjson.dumps(report.to_document())


def canceled_report(execution_id: int) -> bytes:
    """The report of an execution that was canceled before it began."""
    failure = ReportFailure(kind="canceled", message="The execution was canceled before it began.")
    return unstarted_report(execution_id, "CANCELED", failure)
