"""Metrics as clients see them (reference: Metrics Services)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.listing import Order, Row, Shape
from scale_core.db.models import Error, JobType, MetricEntry, Scan, Strike, Workspace
from scale_core.domain.times import TimeRange, time_range
from scale_core.interfaces.metric import ChoiceKind, Metric, MetricColumn, MetricFilterParameter
from scale_core.services.context import Context
from scale_core.services.daily_metric_plots import Entry, describe, plot
from scale_core.services.exceptions import NotFound, invalid
from scale_core.services.listing import ListPage
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.queries import ListMetricPlotDataQuery, ListMetricsQuery

PLOT_SPAN: Final = timedelta(days=90)
"""What a plot shows where its start is not said."""

Serialize = Callable[[Row, SerializerContext], Mapping[str, Any]]

CHOICES: Final[Mapping[ChoiceKind, tuple[Shape, Serialize]]] = {
    ChoiceKind.JOB_TYPE: (Shape(JobType, serializers.JOB_TYPE_REFERENCE_COLUMNS), serializers.job_type_reference),
    ChoiceKind.ERROR: (Shape(Error, serializers.ERROR_COLUMNS), serializers.error),
    ChoiceKind.STRIKE: (Shape(Strike, serializers.STRIKE_COLUMNS), serializers.strike),
    ChoiceKind.SCAN: (Shape(Scan, serializers.SCAN_COLUMNS), serializers.scan),
    ChoiceKind.WORKSPACE: (Shape(Workspace, serializers.WORKSPACE_COLUMNS), serializers.workspace),
}


class MetricService:
    """Lists, details and plots of metrics."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, query: ListMetricsQuery) -> ListPage[models.Metric]:
        """One page of metrics, by name."""
        metrics = [*self._context.registry.metrics.values()]
        return ListPage(len(metrics), [_described(one) for one in _page(metrics, query.page, query.page_size)])

    def get(self, name: str, urls: SerializerContext) -> models.MetricDetails:
        """A metric with what it has numbers of.

        :raises NotFound: there is no such metric.
        """
        metric = self._require(name)
        with self._context.database.read() as session:
            choices = _choices(session, metric.choice, urls)
        return {**_described(metric), "choices": [dict(one) for one in choices]}

    def plot(
        self, name: str, query: ListMetricPlotDataQuery, urls: SerializerContext
    ) -> ListPage[models.MetricPlotData]:
        """One page of the columns that were asked for, with their values. Costs what there is in the time range.

        :raises NotFound: there is no such metric.
        :raises Invalid: the metric has no such column, group, choice or filter.
        :raises InvalidTime: ``started`` or ``ended`` is no time, or they are exchanged.
        """
        metric = self._require(name)
        columns = _columns(metric, query.column, query.group)
        span = time_range(query.started, query.ended, self._context.now(), default=PLOT_SPAN)
        filters = _filters(metric, query)
        with self._context.database.read() as session:
            ids = None
            if filters or query.choice_id:
                ids = _chosen(_choices(session, metric.choice, urls), filters, query.choice_id)
            entries = _entries(session, metric.name, span, ids)
        by_choice = len(set(query.choice_id)) > 1
        shown = _page(columns, query.page, query.page_size)
        return ListPage(len(columns), [plot(column, entries, by_choice=by_choice) for column in shown])

    def _require(self, name: str) -> Metric:
        metric = self._context.registry.metrics.get(name)
        if metric is None:
            raise NotFound("metric", name)
        return metric


def _described(metric: Metric) -> models.Metric:
    return {
        "name": metric.name,
        "title": metric.title,
        "description": metric.description,
        "filters": [{"param": one.param.value, "type": one.type.value} for one in metric.filters],
        "groups": [{"name": one.name, "title": one.title, "description": one.description} for one in metric.groups],
        "columns": [describe(one) for one in metric.columns],
    }


def _choices(session: Session, kind: ChoiceKind, urls: SerializerContext) -> list[Mapping[str, Any]]:
    shape, serialize = CHOICES[kind]
    return [serialize(row, urls) for row in shape.rows(session, order=[Order("id")])]


def _columns(metric: Metric, names: Sequence[str], groups: Sequence[str]) -> Sequence[MetricColumn]:
    """The columns with these names, and those of these groups; all, if there are no names."""
    _require_known("column", names, [one.name for one in metric.columns])
    _require_known("group", groups, [one.name for one in metric.groups])
    if not names and not groups:
        return metric.columns
    return [one for one in metric.columns if one.name in names or one.group in groups]


def _filters(metric: Metric, query: ListMetricPlotDataQuery) -> dict[str, Sequence[str]]:
    """The values that were asked for, by name of the choices' field."""
    there = [one.param for one in metric.filters]
    given = {one.value: getattr(query, one) for one in MetricFilterParameter if getattr(query, one)}
    for param in given:
        if param not in there:
            known = ", ".join(there) or "none"
            raise invalid(param, f"The metric {metric.name} has no such filter; there are: {known}.")
    return given


def _chosen(
    choices: Sequence[Mapping[str, Any]], filters: Mapping[str, Sequence[str]], ids: Sequence[int]
) -> list[int]:
    """The ids of the choices that all filters let through, of those that were asked for."""
    _require_known("choice_id", ids, [one["id"] for one in choices])
    return [
        one["id"]
        for one in choices
        if (not ids or one["id"] in ids) and all(one[field] in values for field, values in filters.items())
    ]


def _require_known(parameter: str, asked: Iterable[object], known: Sequence[object]) -> None:
    for one in asked:
        if one not in known:
            there = ", ".join(map(str, known)) or "none"
            raise invalid(parameter, f"The metric has no {one!r}; there are: {there}.")


def _entries(session: Session, name: str, span: TimeRange, ids: Sequence[int] | None) -> list[Entry]:
    statement = (
        select(MetricEntry.day, MetricEntry.choice_id, MetricEntry.values)
        .where(MetricEntry.metric == name, MetricEntry.day <= span.ended.date())
        .order_by(MetricEntry.day, MetricEntry.choice_id)
    )
    if span.started is not None:
        statement = statement.where(MetricEntry.day >= span.started.date())
    if ids is not None:
        statement = statement.where(MetricEntry.choice_id.in_(ids))
    return [Entry(*row) for row in session.execute(statement)]


def _page(rows: Sequence[Any], number: int, size: int) -> Sequence[Any]:
    return rows[(number - 1) * size : number * size]
