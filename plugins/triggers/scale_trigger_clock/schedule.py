"""Schedules: periods that are counted from the start of each UTC day (reference: Clock Triggers)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=1)
_PERIOD: Final = re.compile(r"PT(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?", re.ASCII)


class ScheduleError(ValueError):
    """A schedule cannot be followed; the message says what would be right."""


def parse_period(schedule: str) -> timedelta:
    """The period that an ISO-8601 text such as ``PT1H0M0S`` names.

    :raises ScheduleError: it is no period of hours, minutes and seconds, or not within a minute and a day.
    """
    match = _PERIOD.fullmatch(schedule)
    if match is None:
        raise ScheduleError(
            f"{schedule!r} is no ISO-8601 period of hours, minutes and seconds in whole numbers, without days, "
            "such as PT1H0M0S."
        )
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    period = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if period < SHORTEST:
        raise ScheduleError(f"{schedule!r} is shorter than a minute; the shortest period is PT1M.")
    if period > LONGEST:
        raise ScheduleError(
            f"{schedule!r} is longer than a day, but periods start again at midnight; the longest is PT24H."
        )
    return period


def latest_slot(now: datetime, period: timedelta) -> datetime:
    """The last moment not after ``now`` at which a rule of ``period`` fires: 0:00 UTC, or a multiple of it later."""
    now = now.astimezone(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (now - midnight) // period * period


def is_due(now: datetime, period: timedelta, last_fired: datetime | None) -> bool:
    """Whether a slot lies after ``last_fired`` and not after ``now``; several that were missed are one.

    A rule that never fired counts from its creation: its caller gives that moment. With None it is due at once.
    """
    return last_fired is None or last_fired < latest_slot(now, period)
