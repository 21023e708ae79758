"""From ages to moments."""

from datetime import UTC, date, datetime

import pytest

from scale_core.domain.retention import Cutoff, cutoffs
from scale_core.specs import SpecLibrary
from scale_generated.enums import RetentionKind
from scale_generated.specs.retention import Retention

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
DONE = date(2026, 3, 31)


def of(rules: Retention, computed_until: date | None = DONE) -> dict[str, datetime | None]:
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
    (cutoff,) = cutoffs(Retention.from_document(longest), NOW, DONE)
    assert cutoff.before is not None
    assert cutoff.before.year > 1


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


def test_it_is_said_where_executions_wait_for_metrics() -> None:
    behind = datetime(2026, 3, 2, tzinfo=UTC)
    assert cutoffs(Retention(executions_after="P1D"), NOW, behind.date()) == [
        Cutoff(RetentionKind.LOGS, behind, waits_for_metrics=True),
        Cutoff(RetentionKind.EXECUTIONS, behind, waits_for_metrics=True),
    ]
    old_enough = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
    assert cutoffs(Retention(executions_after="P1M"), NOW, behind.date()) == [
        Cutoff(RetentionKind.LOGS, old_enough),
        Cutoff(RetentionKind.EXECUTIONS, old_enough),
    ]


def test_where_no_day_has_its_metrics_executions_are_kept_and_logs_go_at_their_age() -> None:
    assert of(Retention(executions_after="P1D"), None) == {"LOGS": None, "EXECUTIONS": None}
    both = Retention(executions_after="P1D", logs_after="P1D", sources_after="P1D")
    day = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)
    assert of(both, None) == {"LOGS": day, "EXECUTIONS": None, "SOURCES": day}
