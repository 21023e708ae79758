"""Metrics, day by day. What Prometheus scrapes is in :mod:`scale_core.api.operational`."""

from typing import cast

from scale_core.api.request import paged, urls
from scale_core.services.daily_metric_reads import MetricService
from scale_generated import models, queries


class Metrics:
    """Operations on metrics."""

    def __init__(self, metrics: MetricService) -> None:
        self._metrics = metrics

    def list_metrics(self, query: queries.ListMetricsQuery) -> models.MetricPage:
        """GET /metrics/."""
        return cast("models.MetricPage", paged(query, self._metrics.list(query)))

    def get_metric(self, metric_name: str) -> models.MetricDetails:
        """GET /metrics/{name}/."""
        return self._metrics.get(metric_name, urls())

    def list_metric_plot_data(
        self, metric_name: str, query: queries.ListMetricPlotDataQuery
    ) -> models.MetricPlotDataPage:
        """GET /metrics/{name}/plot-data/."""
        return cast("models.MetricPlotDataPage", paged(query, self._metrics.plot(metric_name, query, urls())))
