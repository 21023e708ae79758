"""Metrics: numbers of each day, by job type, error, Strike process, Scan or workspace (reference: Metrics Services)."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from scale_core.interfaces.metric_day import (
    EndedExecutions,
    EndedIngests,
    EndedJobs,
    MetricDay,
    NewFiles,
    Spread,
    StorageUse,
)
from scale_generated.enums import MetricAggregate, MetricFilterParameter, MetricFilterType

__all__ = [
    "ChoiceKind",
    "EndedExecutions",
    "EndedIngests",
    "EndedJobs",
    "Entries",
    "Mean",
    "Metric",
    "MetricAggregate",
    "MetricColumn",
    "MetricDay",
    "MetricFilter",
    "MetricFilterParameter",
    "MetricFilterType",
    "MetricGroup",
    "NewFiles",
    "Spread",
    "StorageUse",
]

MAX_NAME: Final = 100
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class ChoiceKind(StrEnum):
    """What a metric has numbers of."""

    JOB_TYPE = "job type"
    ERROR = "error"
    STRIKE = "strike"
    SCAN = "scan"
    WORKSPACE = "workspace"


FILTERS: Final[Mapping[ChoiceKind, frozenset[MetricFilterParameter]]] = {
    ChoiceKind.JOB_TYPE: frozenset(MetricFilterParameter),
    ChoiceKind.ERROR: frozenset({MetricFilterParameter.NAME, MetricFilterParameter.CATEGORY}),
    ChoiceKind.STRIKE: frozenset({MetricFilterParameter.NAME}),
    ChoiceKind.SCAN: frozenset({MetricFilterParameter.NAME}),
    ChoiceKind.WORKSPACE: frozenset({MetricFilterParameter.NAME}),
}
"""The filters that each kind of choice has a field for."""


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """A parameter of plot data that chooses among the choices: those whose field of that name has a value asked for."""

    param: MetricFilterParameter
    type: MetricFilterType = MetricFilterType.STRING


@dataclass(frozen=True, slots=True)
class MetricGroup:
    """Columns that belong together; title and description are for people."""

    name: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class MetricColumn:
    """A number that is known of each choice and day.

    :param units: ``count``, ``seconds``, ``bytes`` …
    :param group: name of the group that it belongs to.
    :param aggregate: how the values of several choices become one.
    """

    name: str
    title: str
    description: str
    units: str
    group: str
    aggregate: MetricAggregate


@dataclass(frozen=True, slots=True)
class Mean:
    """The value of an ``avg`` column: ``total`` of ``number`` things. Means of several choices are added up as such, so
    that one of many things weighs more than one of few."""

    total: float
    number: int


Entries = Mapping[int, Mapping[str, float | Mean]]
"""By id of a choice: values by name of a column. What is left out is not known, and not plotted."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A kind of daily numbers.

    ``compute`` is called for a day once it is over, for today again and again, and once more for what is found to be
    missing. Its result replaces what was there for that day. An exception is logged, and the day is tried again.

    :param name: at most 100 lower case letters, digits and hyphens; a part of URLs.
    :param choice: what it has numbers of; ids in the entries are theirs.
    :param compute: the numbers of a day.
    :raises ValueError: the definition contradicts itself; the message says where.
    """

    name: str
    title: str
    description: str
    choice: ChoiceKind
    groups: Sequence[MetricGroup]
    columns: Sequence[MetricColumn]
    compute: Callable[[MetricDay], Entries]
    filters: Sequence[MetricFilter] = ()

    def __post_init__(self) -> None:
        """Check what no schema does."""
        if not _NAME.fullmatch(self.name) or len(self.name) > MAX_NAME:
            right = f"at most {MAX_NAME} lower case letters, digits and hyphens"
            raise ValueError(f"{self.name!r} is no name of a metric: {right}.")
        for one in self.filters:
            if one.param not in FILTERS[self.choice]:
                there = ", ".join(sorted(FILTERS[self.choice]))
                raise ValueError(f"Metric {self.name!r}: no {self.choice} has a {one.param}; filters may be {there}.")
        self._require_distinct("columns", (one.name for one in self.columns))
        self._require_distinct("groups", (one.name for one in self.groups))
        groups = {one.name for one in self.groups}
        for column in self.columns:
            if column.group not in groups:
                where = f"Metric {self.name!r}: column {column.name!r} is in the group {column.group!r}"
                raise ValueError(f"{where}, which is not there; there are {', '.join(sorted(groups)) or 'none'}.")

    def _require_distinct(self, what: str, names: Iterable[str]) -> None:
        seen: set[str] = set()
        for name in names:
            if name in seen:
                raise ValueError(f"Metric {self.name!r} has two {what} named {name!r}; rename one.")
            seen.add(name)

    def problems(self, entries: Entries) -> list[str]:
        """What is wrong with entries that ``compute`` gave: unknown columns, and values that do not fit theirs."""
        columns = {one.name: one for one in self.columns}
        return [
            f"{name!r} of {choice_id}: {problem}"
            for choice_id, values in entries.items()
            for name, value in values.items()
            if (problem := _value_problem(columns.get(name), value))
        ]


def _value_problem(column: MetricColumn | None, value: float | Mean) -> str:
    if column is None:
        return "there is no such column"
    if column.aggregate is MetricAggregate.AVG:
        is_mean = isinstance(value, Mean) and value.number > 0 and math.isfinite(value.total)
        return "" if is_mean else f"an avg column takes a Mean of some, not {value!r}"
    return "" if isinstance(value, int | float) and math.isfinite(value) else f"it takes a number, not {value!r}"
