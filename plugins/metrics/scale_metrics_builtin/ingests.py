"""Ingests by Strike process, and by Scan (decision 0019)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final

from scale_core.interfaces.metric import (
    ChoiceKind,
    EndedIngests,
    Entries,
    Mean,
    Metric,
    MetricDay,
    MetricFilter,
    MetricFilterParameter,
    MetricGroup,
)
from scale_generated.enums import IngestStatus
from scale_metrics_builtin.columns import OVERVIEW, count, spread_columns, spread_values

STATUSES: Final = {
    IngestStatus.INGESTED: ("ingested_count", "Ingested Count", "Number of files that became source files."),
    IngestStatus.DEFERRED: ("deferred_count", "Deferred Count", "Number of files that no rule of the Strike takes."),
    IngestStatus.ERRORED: ("errored_count", "Errored Count", "Number of files that could not be ingested."),
    IngestStatus.DUPLICATE: ("duplicate_count", "Duplicate Count", "Number of files that were there already."),
}
MEASURED: Final = (
    ("size", "file_size", "File Size", "size of ingested files.", "bytes", "How large ingested files are."),
    (
        "transfer",
        "transfer_time",
        "Transfer Time",
        "time in which ingested files arrived.",
        "seconds",
        "When files arrived in the watched directory.",
    ),
    (
        "ingest",
        "ingest_time",
        "Ingest Time",
        "time spent ingesting files.",
        "seconds",
        "When files were taken into a workspace.",
    ),
)


def compute(day: MetricDay) -> Entries:
    """Ingests of Strike processes that ended on the day by status; sizes and times of those that made a source file."""
    return _by_seer(day.ingests())


def compute_of_scans(day: MetricDay) -> Entries:
    """The same, of Scans."""
    return _by_seer(day.scan_ingests())


def _by_seer(ingests: Iterable[EndedIngests]) -> Entries:
    ended: defaultdict[int, list[EndedIngests]] = defaultdict(list)
    for one in ingests:
        if one.status in STATUSES:
            ended[one.seer_id].append(one)
    return {seer_id: _values(some) for seer_id, some in sorted(ended.items())}


def _values(ended: Sequence[EndedIngests]) -> dict[str, float | Mean]:
    values: dict[str, float | Mean] = {
        name: sum(one.number for one in ended if one.status == status)
        for status, (name, _title, _text) in STATUSES.items()
    }
    values["total_count"] = sum(one.number for one in ended)
    ingested = [one for one in ended if one.status == IngestStatus.INGESTED]
    for name, group, *_texts in MEASURED:
        values |= spread_values(group, map(attrgetter(name), ingested))
    return values


INGESTS: Final = Metric(
    name="ingests",
    title="Ingests",
    description="Metrics for ingests grouped by Strike process.",
    choice=ChoiceKind.STRIKE,
    filters=(MetricFilter(MetricFilterParameter.NAME),),
    groups=(
        MetricGroup(OVERVIEW, "Overview", "Overall counts based on ingest status."),
        *(MetricGroup(group, title, when) for _name, group, title, _text, _units, when in MEASURED),
    ),
    columns=(
        *(count(*texts) for texts in STATUSES.values()),
        count("total_count", "Total Count", "Number of ingested, deferred, errored and duplicate files."),
        *(
            column
            for _name, group, title, text, units, _when in MEASURED
            for column in spread_columns(group, title, text, units)
        ),
    ),
    compute=compute,
)

SCANS: Final = replace(
    INGESTS,
    name="scans",
    title="Scans",
    description="Metrics for ingests grouped by Scan.",
    choice=ChoiceKind.SCAN,
    compute=compute_of_scans,
)
