"""How old is old enough: from the ages in the document ``retention`` to moments."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from scale_core.domain.times import parse_when
from scale_generated.enums import RetentionKind
from scale_generated.specs.retention import Retention


@dataclass(frozen=True, slots=True)
class Cutoff:
    """What of ``kind`` ended, was unpublished or was made at ``before`` (UTC) or earlier is archived.

    :param before: None: nothing is old enough yet.
    :param waits_for_metrics: that is earlier than the age says, since metrics are to be computed first.
    """

    kind: RetentionKind
    before: datetime | None
    waits_for_metrics: bool = False


def cutoffs(rules: Retention, now: datetime, computed_until: date | None) -> list[Cutoff]:
    """What is to be archived, in this order. The logs of executions go before their records do.

    :param computed_until: the first day (UTC) whose metrics are not computed for good: executions of that day and later
        are kept, for they are what metrics are computed from. None: there is no day whose metrics are.
    """
    ages = {
        RetentionKind.UNPUBLISHED: rules.unpublished_after,
        RetentionKind.PRODUCTS: rules.products_after,
        RetentionKind.SOURCES: rules.sources_after,
    }
    files = [Cutoff(kind, parse_when(age, now)) for kind, age in ages.items() if age is not None]
    logs = None if rules.logs_after is None else Cutoff(RetentionKind.LOGS, parse_when(rules.logs_after, now))
    if rules.executions_after is None:
        return files if logs is None else [logs, *files]
    executions = _executions(parse_when(rules.executions_after, now), computed_until)
    if logs is None or (executions.before is not None and logs.before is not None and executions.before > logs.before):
        logs = replace(executions, kind=RetentionKind.LOGS)
    return [logs, executions, *files]


def _executions(old_enough: datetime, computed_until: date | None) -> Cutoff:
    """What is old enough and has its metrics."""
    computed = None if computed_until is None else datetime.combine(computed_until, time(), UTC)
    if computed is None or computed < old_enough:
        return Cutoff(RetentionKind.EXECUTIONS, computed, waits_for_metrics=True)
    return Cutoff(RetentionKind.EXECUTIONS, old_enough)
