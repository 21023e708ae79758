"""Times in queries (endpoints: ISO-8601 datetimes with a time zone, or durations counted back from now)."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_RIGHT: Final = "write an ISO-8601 datetime with a zone, such as 2015-01-01T00:00:00Z, or a duration, such as PT3H0M0S"

# Years and months are calendar months and must be whole; the other parts may have a fraction.
_DURATION: Final = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,9})Y)?(?:(?P<months>\d{1,9})M)?"
    r"(?:(?P<weeks>\d{1,12}(?:[.,]\d{1,9})?)W)?(?:(?P<days>\d{1,12}(?:[.,]\d{1,9})?)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,12}(?:[.,]\d{1,9})?)H)?(?:(?P<minutes>\d{1,12}(?:[.,]\d{1,9})?)M)?"
    r"(?:(?P<seconds>\d{1,12}(?:[.,]\d{1,9})?)S)?)?",
    re.ASCII,
)


class InvalidTime(ValueError):
    """A query's time or time range is wrong.

    :ivar parameter: name of the query parameter.
    """

    def __init__(self, parameter: str, detail: str) -> None:
        self.parameter = parameter
        self.detail = detail
        super().__init__(f"{parameter}: {detail}")


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From ``started`` (None: from the beginning) to ``ended``, both UTC."""

    started: datetime | None
    ended: datetime


@dataclass(frozen=True, slots=True)
class OpenRange:
    """From ``started`` (None: from the beginning) to ``ended`` (None: without an end), both UTC; not None both."""

    started: datetime | None
    ended: datetime | None


def parse_when(text: str, now: datetime) -> datetime:
    """The moment (UTC) that a datetime names, or that lies a duration before ``now``.

    :raises ValueError: it is neither, has no time zone, or lies outside the calendar.
    """
    try:
        moment = _before(text, now) if text.lstrip("+-").startswith("P") else _datetime(text)
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999; {_RIGHT}") from error


def time_range(
    started: str | None,
    ended: str | None,
    now: datetime,
    *,
    max_days: int | None = None,
    default: timedelta | None = None,
) -> TimeRange:
    """The range that the parameters ``started`` and ``ended`` select.

    :param now: the end of the range where ``ended`` is not given; with a time zone.
    :param max_days: the longest range that is allowed.
    :param default: how far before its end the range begins where ``started`` is not given; None: at the beginning.
    :raises InvalidTime: a parameter is wrong, ``started`` lies after ``ended``, or the range is too long.
    """
    end = now.astimezone(UTC) if ended is None else _parameter("ended", ended, now)
    start = _start(started, end, now, default)
    if start is None:
        return TimeRange(None, end)
    if start > end:
        raise InvalidTime("started", f"{start.isoformat()} lies after ended, {end.isoformat()}; exchange them")
    if max_days is not None and end - start > timedelta(days=max_days):
        detail = f"{start.isoformat()} lies more than {max_days} days before {end.isoformat()}; ask for less at once"
        raise InvalidTime("started", detail)
    return TimeRange(start, end)


def data_range(data_started: str | None, data_ended: str | None, now: datetime) -> OpenRange | None:
    """The range that the parameters ``data_started`` and ``data_ended`` select; None: neither is given.

    :raises InvalidTime: a parameter is wrong, or ``data_started`` lies after ``data_ended``.
    """
    if data_started is None and data_ended is None:
        return None
    start = None if data_started is None else _parameter("data_started", data_started, now)
    end = None if data_ended is None else _parameter("data_ended", data_ended, now)
    if start is not None and end is not None and start > end:
        detail = f"{start.isoformat()} lies after data_ended, {end.isoformat()}; exchange them"
        raise InvalidTime("data_started", detail)
    return OpenRange(start, end)


def _start(started: str | None, end: datetime, now: datetime, default: timedelta | None) -> datetime | None:
    if started is not None:
        return _parameter("started", started, now)
    return None if default is None else end - default


def _parameter(name: str, text: str, now: datetime) -> datetime:
    try:
        return parse_when(text, now)
    except ValueError as error:
        raise InvalidTime(name, str(error)) from error


def _datetime(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time; {_RIGHT} (the + of an offset is %2B in a URL)") from error
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; append Z for UTC, or an offset such as +01:00")
    return moment


def _before(text: str, now: datetime) -> datetime:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no ISO-8601 duration of the past; {_RIGHT}")
    parts = {name: value.replace(",", ".") for name, value in match.groupdict("0").items()}
    months = 12 * int(parts.pop("years")) + int(parts.pop("months"))
    return _months_before(now, months) - timedelta(**{name: float(value) for name, value in parts.items()})


def _months_before(moment: datetime, months: int) -> datetime:
    """The same day of an earlier month, or its last day where it is shorter."""
    year, month = divmod(12 * moment.year + moment.month - 1 - months, 12)
    if year < 1:
        raise OverflowError("before the year 1")
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
