"""Storage by workspace (decision 0019)."""

from collections import defaultdict
from typing import Final

from scale_core.interfaces.metric import (
    ChoiceKind,
    Entries,
    Metric,
    MetricAggregate,
    MetricColumn,
    MetricDay,
    MetricFilter,
    MetricFilterParameter,
    MetricGroup,
)
from scale_metrics_builtin.columns import count

SPACE, FILES, FILE_SIZE = "space", "files", "file_size"


def compute(day: MetricDay) -> Entries:
    """The space of each workspace as it was last seen on the day, and the files that came."""
    entries: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for use in day.storage():
        sizes = {"used_size": use.used, "total_size": use.total}
        entries[use.workspace_id] |= {name: size for name, size in sizes.items() if size is not None}
    for one in day.new_files():
        kind = one.file_type.lower()
        entries[one.workspace_id] |= {f"{kind}_count": one.number, f"{kind}_size": one.size}
    return {workspace_id: values for workspace_id, values in sorted(entries.items()) if values}


def _size(name: str, title: str, description: str, group: str) -> MetricColumn:
    return MetricColumn(name, title, description, "bytes", group, MetricAggregate.SUM)


WORKSPACES: Final = Metric(
    name="workspaces",
    title="Workspaces",
    description="Metrics for storage grouped by workspace.",
    choice=ChoiceKind.WORKSPACE,
    filters=(MetricFilter(MetricFilterParameter.NAME),),
    groups=(
        MetricGroup(SPACE, "Space", "How full the storage is."),
        MetricGroup(FILES, "Files", "Counts of the files that came."),
        MetricGroup(FILE_SIZE, "File Size", "Sizes of the files that came."),
    ),
    columns=(
        _size("used_size", "Used Space", "Space that was used when it was last seen on the day.", SPACE),
        _size("total_size", "Total Space", "Space that there was, used and free.", SPACE),
        count("source_count", "Source Count", "Number of source files that came.", FILES),
        count("product_count", "Product Count", "Number of products that came.", FILES),
        _size("source_size", "Source Size", "Size of the source files that came.", FILE_SIZE),
        _size("product_size", "Product Size", "Size of the products that came.", FILE_SIZE),
    ),
    compute=compute,
)
