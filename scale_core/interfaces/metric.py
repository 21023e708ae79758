"""Metrics: numbers of each day, by job type, error, Strike process or workspace (reference: Metrics Services)."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol

from scale_generated.enums import (
    ErrorCategory,
    IngestStatus,
    JobExecutionStatus,
    JobStatus,
    MetricAggregate,
    MetricFilterParameter,
    MetricFilterType,
)

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

_NAME: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


class ChoiceKind(StrEnum):
    """What a metric has numbers of."""

    JOB_TYPE = "job type"
    ERROR = "error"
    STRIKE = "strike"
    WORKSPACE = "workspace"


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
class Spread:
    """``number`` values, such as seconds or bytes: their sum, the least and the greatest."""

    number: int
    total: float
    least: float
    greatest: float


@dataclass(frozen=True, slots=True)
class EndedJobs:
    """How many jobs of a type ended in a status; ``error_id`` and ``error_category`` are those of FAILED ones."""

    job_type_id: int
    status: JobStatus
    error_id: int | None
    error_category: ErrorCategory | None
    number: int


@dataclass(frozen=True, slots=True)
class EndedExecutions:
    """How many executions of a job type ended in a status, and how many seconds they took.

    :param queue: from queued to started; of those that started, as all others.
    :param pre: fetching the inputs, of those that did.
    :param job: the command itself.
    :param post: storing the outputs.
    :param run: from started to ended.
    :param stage: the part of ``run`` that is none of the three steps.
    """

    job_type_id: int
    status: JobExecutionStatus
    error_id: int | None
    number: int
    queue: Spread | None
    pre: Spread | None
    job: Spread | None
    post: Spread | None
    run: Spread | None
    stage: Spread | None


@dataclass(frozen=True, slots=True)
class EndedIngests:
    """How many ingests of a Strike process ended in a status; ``size`` in bytes, ``transfer`` and ``ingest`` in
    seconds, of those of which they are known."""

    strike_id: int
    status: IngestStatus
    number: int
    size: Spread | None
    transfer: Spread | None
    ingest: Spread | None


@dataclass(frozen=True, slots=True)
class NewFiles:
    """How many files, of how many bytes, came into a workspace; ``file_type`` is SOURCE or PRODUCT."""

    workspace_id: int
    file_type: str
    number: int
    size: int


@dataclass(frozen=True, slots=True)
class StorageUse:
    """The space of a workspace in bytes, as it was last seen on the day; None: its storage does not tell."""

    workspace_id: int
    used: int | None
    total: int | None


class MetricDay(Protocol):
    """What happened on a day. Each is asked for with one statement, whoever asks first, and costs what the day did."""

    @property
    def day(self) -> date:
        """Which day (UTC)."""

    @property
    def started(self) -> datetime:
        """When it began."""

    @property
    def ended(self) -> datetime:
        """When it was over: the first moment of the next one."""

    def jobs(self) -> Sequence[EndedJobs]:
        """The jobs that ended on it, by job type, status and error."""

    def executions(self) -> Sequence[EndedExecutions]:
        """The executions that ended on it, by job type, status and error: one for each time that a job was tried."""

    def ingests(self) -> Sequence[EndedIngests]:
        """The ingests that ended on it, by Strike process and status."""

    def new_files(self) -> Sequence[NewFiles]:
        """The files that came on it, by workspace and type."""

    def storage(self) -> Sequence[StorageUse]:
        """The space of each workspace; none that was not looked at on it."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A kind of daily numbers.

    ``compute`` is called for a day once it is over, for today again and again, and once more for what is found to be
    missing. Its result replaces what was there for that day. An exception is logged, and the day is tried again.

    :param name: lower case letters, digits and hyphens; a part of URLs.
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
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name of a metric: lower case letters, digits and hyphens only.")
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
