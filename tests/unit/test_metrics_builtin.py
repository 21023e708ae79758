"""The builtin metrics: what they make of what happened on a day."""

from typing import Any

import pytest

from scale_core.interfaces.metric import EndedExecutions, Mean, Metric, Spread
from scale_core.testing import MetricContract
from scale_core.testing.metric import BUSY_DAY, RecordedDay
from scale_generated.enums import JobExecutionStatus
from scale_metrics_builtin.error_types import ERROR_TYPES
from scale_metrics_builtin.ingests import INGESTS
from scale_metrics_builtin.job_types import JOB_TYPES
from scale_metrics_builtin.workspaces import WORKSPACES


class TestJobTypes(MetricContract):
    @pytest.fixture
    def metric(self) -> Metric:
        return JOB_TYPES


class TestErrorTypes(MetricContract):
    @pytest.fixture
    def metric(self) -> Metric:
        return ERROR_TYPES


class TestIngests(MetricContract):
    @pytest.fixture
    def metric(self) -> Metric:
        return INGESTS


class TestWorkspaces(MetricContract):
    @pytest.fixture
    def metric(self) -> Metric:
        return WORKSPACES


def some(values: Any, *names: str) -> tuple[Any, ...]:
    return tuple(values[name] for name in names)


def test_jobs_are_counted_by_status_and_failed_ones_by_category() -> None:
    entries = JOB_TYPES.compute(BUSY_DAY)
    statuses = ("completed_count", "failed_count", "canceled_count", "total_count")
    errors = ("error_system_count", "error_algorithm_count", "error_data_count")
    assert some(entries[1], *statuses, *errors) == (7, 0, 1, 8, 0, 0, 0)
    # One failed without an error: it is a failure of no category.
    assert some(entries[2], *statuses, *errors) == (0, 7, 0, 7, 1, 2, 3)


def test_only_executions_that_completed_have_times() -> None:
    entries = JOB_TYPES.compute(BUSY_DAY)
    assert some(entries[1], "run_time_sum", "run_time_min", "run_time_max", "run_time_avg") == (3, 1, 2, Mean(3, 2))
    assert "run_time_sum" not in entries[2]


def test_a_job_type_that_only_starts_again_and_again_has_counts_of_zero() -> None:
    assert JOB_TYPES.compute(BUSY_DAY)[3]["total_count"] == 0


def test_times_of_one_job_type_are_put_together() -> None:
    times = (Spread(1, 10, 10, 10), Spread(3, 6, 1, 4))
    executions = [
        EndedExecutions(1, JobExecutionStatus.COMPLETED, None, one.number, one, None, None, None, None, None)
        for one in times
    ]
    (values,) = JOB_TYPES.compute(RecordedDay(ended_executions=executions)).values()
    wanted = ("queue_time_sum", "queue_time_min", "queue_time_max", "queue_time_avg")
    assert some(values, *wanted) == (16, 1, 10, Mean(16, 4))


def test_an_error_counts_jobs_and_tries() -> None:
    entries = ERROR_TYPES.compute(BUSY_DAY)
    assert entries == {
        1: {"total_count": 1, "execution_count": 2},
        2: {"total_count": 2, "execution_count": 0},
        3: {"total_count": 3, "execution_count": 0},
    }


def test_ingests_are_counted_by_status_and_measured_where_they_made_a_source_file() -> None:
    entries = INGESTS.compute(BUSY_DAY)
    counts = ("ingested_count", "duplicate_count", "errored_count", "deferred_count", "total_count")
    assert some(entries[1], *counts) == (2, 2, 0, 0, 4)
    assert some(entries[2], *counts) == (0, 0, 1, 1, 2)
    assert some(entries[1], "file_size_sum", "transfer_time_max", "ingest_time_avg") == (3, 2, Mean(3, 2))
    assert "file_size_sum" not in entries[2]


def test_space_that_a_storage_does_not_tell_is_left_out() -> None:
    entries = WORKSPACES.compute(BUSY_DAY)
    assert entries == {
        1: {"used_size": 1 << 40, "total_size": 1 << 42, "source_count": 3, "source_size": 4096},
        2: {"used_size": 5, "product_count": 1, "product_size": 0},
    }
