"""Times and time ranges in queries; resources; results."""

import contextlib
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_core.domain.resources import disk_in_mib, disk_out_mib
from scale_core.domain.results import job_results
from scale_core.domain.times import InvalidTime, TimeRange, parse_when, time_range
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.job_results import JobResults

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-01-01T00:00:00Z", datetime(2015, 1, 1, tzinfo=UTC)),
        ("2015-01-01T00:00:00.123Z", datetime(2015, 1, 1, microsecond=123000, tzinfo=UTC)),
        ("2015-01-01T02:00:00+02:00", datetime(2015, 1, 1, tzinfo=UTC)),
        ("PT3H0M0S", NOW - timedelta(hours=3)),
        ("P1DT6H", NOW - timedelta(days=1, hours=6)),
        ("P2W", NOW - timedelta(weeks=2)),
        ("P1M", datetime(2026, 2, 28, 12, tzinfo=UTC)),
        ("P1Y1M", datetime(2025, 2, 28, 12, tzinfo=UTC)),
        ("PT1,5S", NOW - timedelta(seconds=1.5)),
        ("PT0S", NOW),
    ],
)
def test_datetimes_and_durations_are_moments(text: str, expected: datetime) -> None:
    found = parse_when(text, NOW)
    assert found == expected
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2015-01-01T00:00:00", "has no time zone; append Z"),
        ("2015-01-01", "has no time zone"),
        ("2015-01-01T00:00:00 01:00", "%2B"),
        ("yesterday", "such as PT3H0M0S"),
        ("", "such as PT3H0M0S"),
        ("P", "is no ISO-8601 duration"),
        ("PT", "is no ISO-8601 duration"),
        ("-P1D", "duration of the past"),
        ("P1.5Y", "is no ISO-8601 duration"),
        ("P1DT", "is no ISO-8601 duration"),
        ("P9999Y", "outside the years"),
        ("P99999999999D", "outside the years"),
        ("0001-01-01T00:00:00+10:00", "outside the years"),
    ],
)
def test_what_is_no_moment_is_refused_with_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_when(text, NOW)


@given(st.text("PT-+0123456789.,YMWDHSZ:", max_size=24))
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_when(text, NOW).utcoffset() == timedelta(0)


def test_a_range_ends_now_and_begins_where_it_says_or_by_default() -> None:
    assert time_range(None, None, NOW) == TimeRange(None, NOW)
    assert time_range("P1D", None, NOW) == TimeRange(NOW - timedelta(days=1), NOW)
    assert time_range(None, "P1D", NOW, default=timedelta(days=7)) == TimeRange(
        NOW - timedelta(days=8), NOW - timedelta(days=1)
    )


def test_now_may_have_any_zone() -> None:
    assert time_range(None, None, NOW.astimezone(timezone(timedelta(hours=5)))).ended == NOW


@pytest.mark.parametrize(
    ("started", "ended", "parameter", "says"),
    [
        ("PT1H", "PT2H", "started", "lies after ended"),
        ("x", None, "started", "is no time"),
        (None, "x", "ended", "is no time"),
        ("P32D", None, "started", "more than 31 days before"),
    ],
)
def test_a_wrong_range_names_the_parameter(started: str | None, ended: str | None, parameter: str, says: str) -> None:
    with pytest.raises(InvalidTime) as caught:
        time_range(started, ended, NOW, max_days=31)
    assert caught.value.parameter == parameter
    assert says in str(caught.value)


def test_a_range_may_be_as_long_as_allowed() -> None:
    assert time_range("P31D", None, NOW, max_days=31).started == NOW - timedelta(days=31)


def test_disk_space_is_in_whole_mebibytes_of_input_and_a_multiple_for_output() -> None:
    assert disk_in_mib([]) == 0
    assert disk_in_mib([1]) == 1
    assert disk_in_mib([1024 * 1024, 1]) == 2
    assert disk_out_mib(64, 1.5, 2) == 67


INTERFACE = JobInterface.from_document(
    {
        "version": "1.0",
        "command": "run",
        "command_arguments": "",
        "output_data": [{"name": "one", "type": "file"}, {"name": "many", "type": "files"}],
    }
)


def test_results_name_the_files_of_each_output_by_its_type() -> None:
    assert job_results(INTERFACE, {"many": [3], "one": [2]}) == JobResults.from_document(
        {"version": "1.0", "output_data": [{"name": "one", "file_id": 2}, {"name": "many", "file_ids": [3]}]}
    )
    assert len(job_results(INTERFACE, {"many": []}).output_data) == 0


@pytest.mark.parametrize("ids", [{"one": [1, 2]}, {"x": [1]}])
def test_results_that_the_interface_does_not_know_are_refused(ids: dict[str, list[int]]) -> None:
    with pytest.raises(ValueError, match=r"output"):
        job_results(INTERFACE, ids)
