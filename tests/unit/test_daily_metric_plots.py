"""Plots: entries of days and choices as series of values; and what a definition of a metric must not be."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_core.interfaces.metric import (
    ChoiceKind,
    Mean,
    Metric,
    MetricAggregate,
    MetricColumn,
    MetricFilter,
    MetricFilterParameter,
    MetricGroup,
)
from scale_core.services.daily_metric_plots import Entry, combine, plot


def column(aggregate: MetricAggregate, name: str = "x") -> MetricColumn:
    return MetricColumn(name, "X", "An x.", "count", "all", aggregate)


def entries(*rows: tuple[int, int, Any]) -> list[Entry]:
    return [Entry(date(2026, 3, day), choice, {} if value is None else {"x": value}) for day, choice, value in rows]


TWO_DAYS = entries((1, 7, 5), (1, 8, 3), (2, 7, 4), (3, 7, None))


@pytest.mark.parametrize(
    ("aggregate", "values"),
    [
        (MetricAggregate.SUM, [8, 4]),
        (MetricAggregate.MIN, [3, 4]),
        (MetricAggregate.MAX, [5, 4]),
    ],
)
def test_choices_of_one_day_are_one_value(aggregate: MetricAggregate, values: list[int]) -> None:
    plotted = plot(column(aggregate), TWO_DAYS, by_choice=False)
    assert [one["value"] for one in plotted["values"]] == values
    assert all("id" not in one for one in plotted["values"])


def test_each_choice_has_values_of_its_own_if_that_is_asked_for() -> None:
    plotted = plot(column(MetricAggregate.SUM), TWO_DAYS, by_choice=True)
    assert plotted["values"] == [
        {"id": 7, "date": "2026-03-01", "value": 5},
        {"id": 8, "date": "2026-03-01", "value": 3},
        {"id": 7, "date": "2026-03-02", "value": 4},
    ]


def test_the_axes_span_what_there_is() -> None:
    plotted = plot(column(MetricAggregate.SUM), TWO_DAYS, by_choice=False)
    axes = (plotted["min_x"], plotted["max_x"], plotted["min_y"], plotted["max_y"])
    assert axes == ("2026-03-01", "2026-03-02", 4, 8)


def test_a_column_without_values_has_no_axes() -> None:
    plotted = plot(column(MetricAggregate.SUM, "y"), TWO_DAYS, by_choice=False)
    assert plotted["values"] == []
    assert {plotted["min_x"], plotted["max_x"], plotted["min_y"], plotted["max_y"]} == {None}


def test_means_weigh_as_much_as_what_they_are_the_mean_of() -> None:
    plotted = plot(column(MetricAggregate.AVG), entries((1, 7, [300.0, 3]), (1, 8, [1.0, 1])), by_choice=False)
    assert [one["value"] for one in plotted["values"]] == [75]  # 301 / 4, where the mean of means is 50


def test_numbers_are_rounded_to_the_nearest() -> None:
    plotted = plot(column(MetricAggregate.SUM), entries((1, 7, 0.5), (2, 7, 1.4), (3, 7, 2.5)), by_choice=False)
    assert [one["value"] for one in plotted["values"]] == [1, 1, 3]


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(1, 100)), min_size=1))
def test_a_mean_lies_between_the_means_of_its_parts(parts: list[tuple[float, int]]) -> None:
    means = [total / number for total, number in parts]
    together = combine(MetricAggregate.AVG, parts)
    assert min(means) * (1 - 1e-9) <= together <= max(means) * (1 + 1e-9)


GOOD = Metric(
    name="good",
    title="Good",
    description="It is good.",
    choice=ChoiceKind.ERROR,
    groups=[MetricGroup("all", "All", "All.")],
    columns=[column(MetricAggregate.SUM), column(MetricAggregate.AVG, "mean")],
    compute=lambda day: {},
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Not / Good"}, "at most 100 lower case letters, digits and hyphens"),
        ({"name": "x" * 101}, "at most 100 lower case letters"),
        (
            {"filters": [MetricFilter(MetricFilterParameter.VERSION)]},
            "no error has a version; filters may be category, name",
        ),
        ({"groups": []}, "column 'x' is in the group 'all', which is not there; there are none"),
        ({"columns": [*GOOD.columns, column(MetricAggregate.MIN)]}, "has two columns named 'x'"),
        ({"groups": [*GOOD.groups, *GOOD.groups]}, "has two groups named 'all'"),
    ],
)
def test_a_definition_that_contradicts_itself_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(GOOD, **change)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"x": 1, "mean": Mean(1, 2)}, None),
        ({"y": 1}, "'y' of 3: there is no such column"),
        ({"mean": 1.5}, "'mean' of 3: an avg column takes a Mean of some, not 1.5"),
        ({"mean": Mean(0, 0)}, "'mean' of 3: an avg column takes a Mean of some, not Mean(total=0, number=0)"),
        ({"x": Mean(1, 1)}, "'x' of 3: it takes a number, not Mean(total=1, number=1)"),
        ({"x": float("nan")}, "'x' of 3: it takes a number, not nan"),
    ],
)
def test_values_have_to_fit_their_columns(values: dict[str, Any], problem: str | None) -> None:
    assert GOOD.problems({3: values}) == ([] if problem is None else [problem])
