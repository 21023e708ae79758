"""Jobs and executions by job type (reference: Metrics Services, ``job-types``)."""

from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from scale_core.interfaces.metric import (
    ChoiceKind,
    EndedExecutions,
    EndedJobs,
    Entries,
    Mean,
    Metric,
    MetricDay,
    MetricFilter,
    MetricFilterParameter,
    MetricGroup,
)
from scale_generated.enums import ErrorCategory, JobExecutionStatus, JobStatus
from scale_metrics_builtin.columns import OVERVIEW, count, spread_columns, spread_values

STATUSES: Final = {
    JobStatus.COMPLETED: ("completed_count", "Completed Count", "Number of successfully completed jobs."),
    JobStatus.FAILED: ("failed_count", "Failed Count", "Number of jobs that failed for good."),
    JobStatus.CANCELED: ("canceled_count", "Canceled Count", "Number of canceled jobs."),
}
CATEGORIES: Final = {
    category: (f"error_{category.lower()}_count", f"{category.capitalize()} Error Count")
    for category in (ErrorCategory.SYSTEM, ErrorCategory.DATA, ErrorCategory.ALGORITHM)
}
TIMES: Final = (
    ("queue", "Queue Time", "time spent waiting in the queue.", "When jobs were in the queue."),
    ("pre", "Pre-task Time", "time spent preparing the job task.", "When the inputs were fetched."),
    ("job", "Job Task Time", "time spent running the job task.", "When the algorithm ran."),
    ("post", "Post-task Time", "time spent finalizing the job task.", "When the outputs were stored."),
    ("run", "Run Time", "time spent running the pre, job, and post tasks.", "From the start of a job to its end."),
    (
        "stage",
        "Stage Time",
        "overhead time spent managing tasks.",
        "The part of the run time that is none of the tasks.",
    ),
)


def compute(day: MetricDay) -> Entries:
    """Jobs that ended on the day by status and category of the error; times of the executions that completed."""
    jobs: defaultdict[int, list[EndedJobs]] = defaultdict(list)
    for one in day.jobs():
        jobs[one.job_type_id].append(one)
    completed: defaultdict[int, list[EndedExecutions]] = defaultdict(list)
    for execution in day.executions():
        if execution.status == JobExecutionStatus.COMPLETED:
            completed[execution.job_type_id].append(execution)
    return {one: {**_counts(jobs[one]), **_times(completed[one])} for one in sorted({*jobs, *completed})}


def _counts(jobs: Sequence[EndedJobs]) -> dict[str, int]:
    counts = {
        name: sum(one.number for one in jobs if one.status == status)
        for status, (name, _title, _text) in STATUSES.items()
    }
    failed = [one for one in jobs if one.status == JobStatus.FAILED]
    errors = {
        name: sum(one.number for one in failed if one.error_category == category)
        for category, (name, _title) in CATEGORIES.items()
    }
    return {**counts, "total_count": sum(counts.values()), **errors}


def _times(executions: Sequence[EndedExecutions]) -> dict[str, float | Mean]:
    values: dict[str, float | Mean] = {}
    for name, *_texts in TIMES:
        values |= spread_values(f"{name}_time", map(attrgetter(name), executions))
    return values


JOB_TYPES: Final = Metric(
    name="job-types",
    title="Job Types",
    description="Metrics for jobs and executions grouped by job type.",
    choice=ChoiceKind.JOB_TYPE,
    filters=(MetricFilter(MetricFilterParameter.NAME), MetricFilter(MetricFilterParameter.VERSION)),
    groups=(
        MetricGroup(OVERVIEW, "Overview", "Overall counts based on job status."),
        MetricGroup("errors", "Errors", "Counts of failed jobs based on the category of the error."),
        *(MetricGroup(f"{name}_time", title, when) for name, title, _text, when in TIMES),
    ),
    columns=(
        *(count(*texts) for texts in STATUSES.values()),
        count("total_count", "Total Count", "Number of completed, failed and canceled jobs."),
        *(
            count(name, title, f"Number of failed jobs due to an error of the category {category}.", "errors")
            for category, (name, title) in CATEGORIES.items()
        ),
        *(
            column
            for name, title, text, _when in TIMES
            for column in spread_columns(f"{name}_time", title, text, "seconds")
        ),
    ),
    compute=compute,
)
