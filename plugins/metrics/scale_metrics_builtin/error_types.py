"""Failures by error (decision 0019)."""

from collections import Counter
from typing import Final

from scale_core.interfaces.metric import (
    ChoiceKind,
    Entries,
    Metric,
    MetricDay,
    MetricFilter,
    MetricFilterParameter,
    MetricGroup,
)
from scale_generated.enums import JobExecutionStatus, JobStatus
from scale_metrics_builtin.columns import OVERVIEW, count


def compute(day: MetricDay) -> Entries:
    """Jobs that failed for good with each error, and tries that failed with it, whatever became of their jobs."""
    jobs: Counter[int] = Counter()
    for one in day.jobs():
        if one.status == JobStatus.FAILED and one.error_id is not None:
            jobs[one.error_id] += one.number
    tries: Counter[int] = Counter()
    for execution in day.executions():
        if execution.status == JobExecutionStatus.FAILED and execution.error_id is not None:
            tries[execution.error_id] += execution.number
    return {one: {"total_count": jobs[one], "execution_count": tries[one]} for one in sorted({*jobs, *tries})}


ERROR_TYPES: Final = Metric(
    name="error-types",
    title="Error Types",
    description="Metrics for failed jobs and executions grouped by error.",
    choice=ChoiceKind.ERROR,
    filters=(MetricFilter(MetricFilterParameter.NAME), MetricFilter(MetricFilterParameter.CATEGORY)),
    groups=(MetricGroup(OVERVIEW, "Overview", "Overall counts based on the error."),),
    columns=(
        count("total_count", "Total Count", "Number of jobs that failed for good with the error."),
        count("execution_count", "Execution Count", "Number of tries to run a job that failed with the error."),
    ),
    compute=compute,
)
