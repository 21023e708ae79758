"""Columns that the metrics have in common: counts, and the sum, minimum, maximum and average of what was measured."""

from collections.abc import Iterable

from scale_core.interfaces.metric import Mean, MetricAggregate, MetricColumn, Spread

OVERVIEW = "overview"
KINDS = (
    (MetricAggregate.SUM, "Total"),
    (MetricAggregate.MIN, "Minimum"),
    (MetricAggregate.MAX, "Maximum"),
    (MetricAggregate.AVG, "Average"),
)


def count(name: str, title: str, description: str, group: str = OVERVIEW) -> MetricColumn:
    """A column that counts things."""
    return MetricColumn(name, title, description, "count", group, MetricAggregate.SUM)


def spread_columns(group: str, title: str, description: str, units: str) -> list[MetricColumn]:
    """The four columns ``<group>_sum``, ``_min``, ``_max`` and ``_avg`` of a group.

    :param description: what is measured, to follow "Total", "Minimum", "Maximum" and "Average".
    """
    return [
        MetricColumn(f"{group}_{kind}", f"{title} ({kind.capitalize()})", f"{word} {description}", units, group, kind)
        for kind, word in KINDS
    ]


def spread_values(group: str, spreads: Iterable[Spread | None]) -> dict[str, float | Mean]:
    """The values of those four columns; none where nothing was measured."""
    known = [one for one in spreads if one is not None]
    if not known:
        return {}
    total = sum(one.total for one in known)
    return {
        f"{group}_sum": total,
        f"{group}_min": min(one.least for one in known),
        f"{group}_max": max(one.greatest for one in known),
        f"{group}_avg": Mean(total, sum(one.number for one in known)),
    }
