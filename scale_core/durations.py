"""Durations counted into buckets, for whoever watches Scale."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

SHORT: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds in seconds, for what should take milliseconds."""

LONG: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
"""Upper bounds in seconds, for what takes between an instant and a day."""


@dataclass(slots=True)
class _Series:
    counts: list[int]
    total: float = 0.0


class Durations(Collector):
    """A Prometheus histogram of seconds with at most one label. Thread-safe.

    The library's own takes two locks for each observation; this one takes one for a whole group.

    :param bounds: upper bounds of the buckets in seconds, ascending; the last bucket has none.
    :param label: name of the label; empty: there is none.
    :param values: values of the label that are shown from the beginning; others come with their first observation.
    """

    def __init__(
        self, name: str, documentation: str, bounds: Sequence[float], label: str = "", values: Sequence[str] = ()
    ) -> None:
        self._name, self._documentation, self._label = name, documentation, label
        self._bounds = tuple(bounds)
        self._lock = Lock()
        self._series = {value: self._new() for value in (values if label else ("",))}

    def observe(self, seconds: float, value: str = "") -> None:
        """Count one duration, for a value of the label."""
        place = bisect_left(self._bounds, seconds)
        with self._lock:
            series = self._of(value)
            series.counts[place] += 1
            series.total += seconds

    def observe_all(self, seconds: Iterable[float], value: str = "") -> None:
        """Count a group of durations, for a value of the label."""
        with self._lock:
            series = self._of(value)
            for one in seconds:
                series.counts[bisect_left(self._bounds, one)] += 1
                series.total += one

    def describe(self) -> Iterator[HistogramMetricFamily]:
        """The family without its samples."""
        yield self._family()

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The family with all that was observed so far."""
        with self._lock:
            found = [(value, list(one.counts), one.total) for value, one in self._series.items()]
        names = [*map(str, self._bounds), "+Inf"]
        family = self._family()
        for value, counts, total in found:
            sums = [sum(counts[: place + 1]) for place in range(len(counts))]
            family.add_metric([value] if self._label else [], list(zip(names, sums, strict=True)), total)
        yield family

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(self._name, self._documentation, labels=[self._label] if self._label else [])

    def _of(self, value: str) -> _Series:
        series = self._series.get(value)
        if series is None:
            series = self._series[value] = self._new()
        return series

    def _new(self) -> _Series:
        return _Series([0] * (len(self._bounds) + 1))
