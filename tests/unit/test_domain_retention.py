"""From ages to moments."""

from datetime import UTC, date, datetime

import pytest

from scale_core.domain.retention import Cutoff, cutoffs
from scale_core.specs import SpecLibrary
from scale_generated.enums import RetentionKind
from scale_generated.specs.retention import Retention

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
DONE = date(2026, 3, 31)


def of(rules: Retention, computed_until: date = DONE) -> dict[str, datetime]:
    return {one.kind: one.before for one in cutoffs(rules, NOW, computed_until)}


def test_nothing_is_old_where_no_age_is_given() -> None:
    assert of(Retention()) == {}


@pytest.mark.parametrize(
    ("age", "before"),
    [
        ("P1D", datetime(2026, 3, 30, 12, 0, tzinfo=UTC)),
        ("P2W", datetime(2026, 3, 17, 12, 0, tzinfo=UTC)),
        ("P1M", datetime(2026, 2, 28, 12, 0, tzinfo=UTC)),
        ("P1Y", datetime(2025, 3, 31, 12, 0, tzinfo=UTC)),
    ],
)
def test_ages_are_counted_back_from_now(age: str, before: datetime) -> None:
    assert of(Retention(sources_after=age)) == {"SOURCES": before}


def test_the_longest_age_that_a_document_may_have_lies_within_the_calendar() -> None:
    longest = {"sources_after": "P999Y999M9999W99999D"}
    assert SpecLibrary.packaged().problems("retention", longest) == []
    assert SpecLibrary.packaged().problems("retention", {"sources_after": "P1000Y"}) != []
    assert of(Retention.from_document(longest))["SOURCES"].year > 1


def test_the_logs_of_executions_that_are_archived_go_before_them() -> None:
    year, month = datetime(2025, 3, 31, 12, 0, tzinfo=UTC), datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
    assert list(of(Retention(executions_after="P1Y")).items()) == [("LOGS", year), ("EXECUTIONS", year)]
    assert of(Retention(executions_after="P1Y", logs_after="P1M")) == {"LOGS": month, "EXECUTIONS": year}
    assert of(Retention(executions_after="P1M", logs_after="P1Y")) == {"LOGS": month, "EXECUTIONS": month}


def test_executions_stay_until_the_metrics_of_their_day_are_final() -> None:
    behind = date(2026, 3, 2)
    assert of(Retention(executions_after="P1D"), behind)["EXECUTIONS"] == datetime(2026, 3, 2, tzinfo=UTC)
    assert cutoffs(Retention(logs_after="P1D"), NOW, behind) == [
        Cutoff(RetentionKind.LOGS, datetime(2026, 3, 30, 12, 0, tzinfo=UTC))
    ]
    assert of(Retention(executions_after="P1D"), date.min)["EXECUTIONS"] == datetime.min.replace(tzinfo=UTC)
