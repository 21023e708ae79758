"""Plots of metrics: from entries to a series of values for a column. Pure."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from scale_core.interfaces.metric import MetricAggregate, MetricColumn
from scale_generated import models


class Entry(NamedTuple):
    """The numbers of a choice on a day, as they are stored: by column a number, or [total, number] of a mean."""

    day: date
    choice_id: int
    values: Mapping[str, Any]


def describe(column: MetricColumn) -> models.MetricColumn:
    """A column as the API shows it."""
    return {
        "name": column.name,
        "title": column.title,
        "description": column.description,
        "units": column.units,
        "group": column.group,
        "aggregate": column.aggregate.value,
    }


def plot(column: MetricColumn, entries: Sequence[Entry], *, by_choice: bool) -> models.MetricPlotData:
    """The values of a column.

    :param entries: by day, the oldest first.
    :param by_choice: a value for each choice and day; otherwise one for each day.
    """
    found: dict[tuple[date, int | None], list[Any]] = {}
    for entry in entries:
        if column.name in entry.values:
            key = (entry.day, entry.choice_id if by_choice else None)
            found.setdefault(key, []).append(entry.values[column.name])
    values = [_value(day, choice, combine(column.aggregate, some)) for (day, choice), some in found.items()]
    numbers = [one["value"] for one in values]
    return {
        "column": describe(column),
        "min_x": values[0]["date"] if values else None,
        "max_x": values[-1]["date"] if values else None,
        "min_y": min(numbers, default=None),
        "max_y": max(numbers, default=None),
        "values": values,
    }


def combine(aggregate: MetricAggregate, values: Sequence[Any]) -> float:
    """The values of several choices on a day as one; means weigh as much as what they are the mean of."""
    if aggregate is MetricAggregate.AVG:
        return float(sum(total for total, _number in values) / sum(number for _total, number in values))
    if aggregate is MetricAggregate.MIN:
        return float(min(values))
    if aggregate is MetricAggregate.MAX:
        return float(max(values))
    return float(sum(values))


def _value(day: date, choice_id: int | None, number: float) -> models.MetricPlotValue:
    value: models.MetricPlotValue = {"date": day.isoformat(), "value": math.floor(number + 0.5)}
    return value if choice_id is None else {"id": choice_id, **value}
