"""What every metric keeps to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import pytest

from scale_core.interfaces.metric import (
    EndedExecutions,
    EndedIngests,
    EndedJobs,
    Metric,
    MetricColumn,
    MetricGroup,
    NewFiles,
    Spread,
    StorageUse,
)
from scale_generated.enums import ErrorCategory, IngestStatus, JobExecutionStatus, JobStatus

SOME: Final = Spread(number=2, total=3.0, least=1.0, greatest=2.0)
NO_TIMES: Final = (None, None, None, None, None, None)
DAY: Final = date(2026, 11, 23)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDay:
    """A ``MetricDay`` on which happened what it is given; nothing by default."""

    day: date = DAY
    ended_jobs: Sequence[EndedJobs] = ()
    ended_executions: Sequence[EndedExecutions] = ()
    ended_ingests: Sequence[EndedIngests] = ()
    files: Sequence[NewFiles] = ()
    uses: Sequence[StorageUse] = ()

    @property
    def started(self) -> datetime:
        """Midnight, UTC."""
        return datetime.combine(self.day, time(), UTC)

    @property
    def ended(self) -> datetime:
        """The next midnight."""
        return self.started + timedelta(days=1)

    def jobs(self) -> Sequence[EndedJobs]:
        """As given."""
        return self.ended_jobs

    def executions(self) -> Sequence[EndedExecutions]:
        """As given."""
        return self.ended_executions

    def scan_ingests(self) -> Sequence[EndedIngests]:
        """As given for the ingests: whose they are makes no difference."""
        return self.ended_ingests

    def ingests(self) -> Sequence[EndedIngests]:
        """As given."""
        return self.ended_ingests

    def new_files(self) -> Sequence[NewFiles]:
        """As given."""
        return self.files

    def storage(self) -> Sequence[StorageUse]:
        """As given."""
        return self.uses


BUSY_DAY: Final = RecordedDay(
    ended_jobs=(
        EndedJobs(1, JobStatus.COMPLETED, None, None, 7),
        EndedJobs(1, JobStatus.CANCELED, None, None, 1),
        EndedJobs(2, JobStatus.FAILED, None, None, 1),
        *(EndedJobs(2, JobStatus.FAILED, number, category, number) for number, category in enumerate(ErrorCategory, 1)),
    ),
    ended_executions=(
        EndedExecutions(1, JobExecutionStatus.COMPLETED, None, 2, SOME, SOME, SOME, SOME, SOME, SOME),
        EndedExecutions(2, JobExecutionStatus.FAILED, 1, 2, SOME, SOME, SOME, None, SOME, SOME),
        EndedExecutions(2, JobExecutionStatus.CANCELED, None, 3, *NO_TIMES),
        EndedExecutions(3, JobExecutionStatus.COMPLETED, None, 3, *NO_TIMES),
    ),
    ended_ingests=(
        *(EndedIngests(1, status, 2, SOME, SOME, SOME) for status in (IngestStatus.INGESTED, IngestStatus.DUPLICATE)),
        *(EndedIngests(2, status, 1, None, None, None) for status in (IngestStatus.ERRORED, IngestStatus.DEFERRED)),
    ),
    files=(NewFiles(1, "SOURCE", 3, 4096), NewFiles(2, "PRODUCT", 1, 0)),
    uses=(StorageUse(1, 1 << 40, 1 << 42), StorageUse(2, 5, None), StorageUse(3, None, None)),
)
"""A day on which there was something of everything, some of it not known."""


class MetricContract:
    """Subclass it and give ``metric``."""

    @pytest.fixture
    def metric(self) -> Metric:
        """The metric."""
        pytest.fail("The subclass must give the fixture `metric`")

    def test_people_can_read_what_it_is(self, metric: Metric) -> None:
        described: list[Metric | MetricGroup | MetricColumn] = [metric, *metric.groups, *metric.columns]
        for one in described:
            assert one.title
            assert one.description.endswith(".")
        assert all(column.units for column in metric.columns)

    def test_every_group_has_columns(self, metric: Metric) -> None:
        assert {one.group for one in metric.columns} == {one.name for one in metric.groups}

    def test_a_day_on_which_nothing_happened_can_be_computed(self, metric: Metric) -> None:
        assert metric.problems(metric.compute(RecordedDay())) == []

    def test_its_numbers_fit_its_columns(self, metric: Metric) -> None:
        assert metric.problems(metric.compute(BUSY_DAY)) == []

    def test_a_day_that_is_computed_twice_has_the_same_numbers(self, metric: Metric) -> None:
        assert metric.compute(BUSY_DAY) == metric.compute(BUSY_DAY)
