"""How old is old enough: from the ages in the document ``retention`` to moments."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from scale_core.domain.times import parse_when
from scale_generated.enums import RetentionKind
from scale_generated.specs.retention import Retention


@dataclass(frozen=True, slots=True)
class Cutoff:
    """What of ``kind`` ended, was unpublished or was made at ``before`` (UTC) or earlier is archived."""

    kind: RetentionKind
    before: datetime


def cutoffs(rules: Retention, now: datetime, computed_until: date) -> list[Cutoff]:
    """What is to be archived, in this order. The logs of executions go before their records do.

    :param computed_until: the first day (UTC) whose metrics are not computed for good: executions of that day and later
        are kept, for they are what metrics are computed from.
    """
    executions = _before(rules.executions_after, now)
    if executions is not None:
        executions = min(executions, datetime.combine(computed_until, time(), UTC))
    logs = max((one for one in (_before(rules.logs_after, now), executions) if one is not None), default=None)
    found = {
        RetentionKind.LOGS: logs,
        RetentionKind.EXECUTIONS: executions,
        RetentionKind.UNPUBLISHED: _before(rules.unpublished_after, now),
        RetentionKind.PRODUCTS: _before(rules.products_after, now),
        RetentionKind.SOURCES: _before(rules.sources_after, now),
    }
    return [Cutoff(kind, before) for kind, before in found.items() if before is not None]


def _before(age: str | None, now: datetime) -> datetime | None:
    return None if age is None else parse_when(age, now)
