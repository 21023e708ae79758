"""Arithmetic on moments, which each database has in its own way."""

from typing import Any

from sqlalchemy import ColumnElement, Float, case, cast, extract, func

SECONDS_OF_DAY = 86400.0


def seconds_between(started: Any, ended: Any, *, is_sqlite: bool) -> ColumnElement[float]:
    """Seconds from one moment to another, to the millisecond; 0 where they are the wrong way round (a clock was set
    back), NULL where one is not known."""
    if is_sqlite:
        days = func.julianday(ended) - func.julianday(started)
        return not_below_zero(func.round(days * SECONDS_OF_DAY, 3))
    return not_below_zero(cast(extract("epoch", ended - started), Float))


def not_below_zero(number: ColumnElement[float]) -> ColumnElement[float]:
    """The number, or 0 where it is less; NULL stays NULL."""
    return case((number < 0, 0.0), else_=number)
