"""The clock trigger, its schedules, and the builtin clock processors."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_broker_host.broker import HostBroker
from scale_core.interfaces.clock import ClockProcessor
from scale_core.interfaces.trigger import RuleNeeds, TriggerEvent, TriggerType
from scale_core.testing import ClockProcessorContract, TriggerTypeContract
from scale_core.testing.clock import RecordingClockContext, UnavailableBroker
from scale_trigger_clock.processors import DAILY_METRICS, JOB_LOAD, WORKSPACE_USAGE
from scale_trigger_clock.schedule import ScheduleError, is_due, latest_slot, parse_period
from scale_trigger_clock.trigger import ClockTrigger

HOURLY = {"version": "1.0", "event_type": "MY_METRICS", "schedule": "PT1H0M0S"}


def at(hour: int, minute: int = 0, second: int = 0, *, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


class TestClockTrigger(TriggerTypeContract):
    @pytest.fixture
    def trigger_type(self) -> TriggerType:
        return ClockTrigger()

    @pytest.fixture
    def configuration(self) -> Mapping[str, Any]:
        return HOURLY

    @pytest.fixture
    def matching(self) -> tuple[TriggerEvent, datetime | None]:
        return TriggerEvent("CLOCK", at(12)), at(11, 7)

    @pytest.fixture
    def other(self) -> tuple[TriggerEvent, datetime | None]:
        return TriggerEvent("CLOCK", at(11, 59, 59)), at(11, 7)


class TestWorkspaceUsage(ClockProcessorContract):
    @pytest.fixture
    def processor(self) -> ClockProcessor:
        return WORKSPACE_USAGE


class TestJobLoad(ClockProcessorContract):
    @pytest.fixture
    def processor(self) -> ClockProcessor:
        return JOB_LOAD

    def test_it_records_the_load(self, processor: ClockProcessor, context: RecordingClockContext) -> None:
        processor.run(context)
        assert (context.loads, context.computations) == (1, 0)


class TestDailyMetrics(ClockProcessorContract):
    @pytest.fixture
    def processor(self) -> ClockProcessor:
        return DAILY_METRICS

    def test_it_computes_the_metrics(self, processor: ClockProcessor, context: RecordingClockContext) -> None:
        processor.run(context)
        assert (context.loads, context.computations) == (0, 1)


@pytest.mark.parametrize(
    ("schedule", "period"),
    [
        ("PT1H0M0S", timedelta(hours=1)),
        ("PT1M", timedelta(minutes=1)),
        ("PT60S", timedelta(minutes=1)),
        ("PT90M", timedelta(minutes=90)),
        ("PT1H30M", timedelta(minutes=90)),
        ("PT24H", timedelta(days=1)),
    ],
)
def test_a_period_is_of_hours_minutes_and_seconds(schedule: str, period: timedelta) -> None:
    assert parse_period(schedule) == period


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("P1D", "without days"),
        ("P1DT1H", "without days"),
        ("PT", "PT1H0M0S"),
        ("", "PT1H0M0S"),
        ("1H", "PT1H0M0S"),
        ("PT1.5H", "whole numbers"),
        ("PT-1H", "whole numbers"),
        ("PT1H\n", "PT1H0M0S"),
        ("PT٣H", "PT1H0M0S"),
        ("PT59S", "shorter than a minute"),
        ("PT0H", "shorter than a minute"),
        ("PT25H", "longer than a day"),
    ],
)
def test_another_period_is_told_what_would_be_right(schedule: str, said: str) -> None:
    with pytest.raises(ScheduleError, match=said):
        parse_period(schedule)
    ((pointer, sentence),) = ClockTrigger().problems({**HOURLY, "schedule": schedule})
    assert pointer == "/schedule"
    assert said in sentence


def test_a_run_that_was_late_does_not_move_the_next() -> None:
    # The reference's own example: every hour, the last ran at 11:07, the next is at 12:00.
    assert not is_due(at(11, 59, 59), timedelta(hours=1), at(11, 7))
    assert is_due(at(12), timedelta(hours=1), at(11, 7))


def test_slots_start_again_at_midnight() -> None:
    period = timedelta(hours=7)
    assert latest_slot(at(23, 59), period) == at(21)
    assert latest_slot(at(0, 0, day=24), period) == at(0, day=24)
    assert is_due(at(0, day=24), period, at(21))


def test_the_day_is_that_of_utc() -> None:
    tokyo = datetime(2026, 11, 24, 1, 30, tzinfo=timezone(timedelta(hours=9)))
    assert latest_slot(tokyo, timedelta(hours=24)) == at(0)


def test_after_an_outage_it_catches_up_once() -> None:
    period = timedelta(minutes=1)
    now = at(15, 0, 30)
    assert is_due(now, period, at(9, day=20))
    assert not is_due(now, period, now)
    assert not is_due(at(15, 0, 59), period, now)
    assert is_due(at(15, 1), period, now)


def test_a_new_rule_waits_for_its_first_slot() -> None:
    assert not is_due(at(9, 30), timedelta(hours=1), at(9, 5))
    assert is_due(at(10), timedelta(hours=1), at(9, 5))


def test_a_rule_of_which_nothing_is_known_is_due() -> None:
    assert is_due(at(9, 5), timedelta(hours=1), None)


MOMENTS = st.integers(0, 3_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
PERIODS = st.integers(60, 86_400).map(lambda seconds: timedelta(seconds=seconds))


@given(MOMENTS, PERIODS)
def test_the_latest_slot_is_the_latest(now: datetime, period: timedelta) -> None:
    slot = latest_slot(now, period)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    assert slot <= now
    assert now - slot < period
    assert slot.date() == now.date()
    assert (slot - midnight) % period == timedelta(0)


@given(MOMENTS, PERIODS)
def test_firing_settles_a_rule_until_the_next_slot(now: datetime, period: timedelta) -> None:
    assert not is_due(now, period, now)
    assert latest_slot(now + period, period) > now or latest_slot(now + period, period).date() > now.date()


def test_a_match_is_recorded_under_the_rules_own_type_and_needs_nothing() -> None:
    assert ClockTrigger().recorded_event_type(HOURLY, TriggerEvent("CLOCK", at(12))) == "MY_METRICS"
    assert ClockTrigger().needs(HOURLY) == RuleNeeds()


def test_usage_of_each_workspace_is_recorded_and_of_a_broken_one_not(tmp_path: Path) -> None:
    context = RecordingClockContext({"gone": UnavailableBroker(), "rs": HostBroker(tmp_path)}, at(9))
    WORKSPACE_USAGE.run(context)
    assert list(context.usage) == ["rs"]
    assert context.usage["rs"].total
