"""What retention would archive, without archiving it."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from scale_core.domain.retention import Cutoff, cutoffs
from scale_core.interfaces.engine import Engine
from scale_core.services.context import Context
from scale_core.services.execution_logs import ExecutionLogs
from scale_core.services.retention_finds import (
    IDS_AT_ONCE,
    Walk,
    computed_until,
    files_of_waiting_recipes,
    walks,
)
from scale_generated import models
from scale_generated._runtime import timestamp
from scale_generated.enums import RetentionKind
from scale_generated.specs.retention import NAME, Retention

MOST_MEASURED: Final = 5000
"""The logs of so many executions are looked at; what further ones take is computed from that."""


class RetentionPreviewService:
    """Counts what retention finds.

    :param engine: who keeps the logs; it need not be started.
    """

    def __init__(self, context: Context, engine: Engine) -> None:
        self._context = context
        self._logs = ExecutionLogs(context, engine)

    def preview(self, body: Mapping[str, Any]) -> models.RetentionPreview:
        """What would be archived now, by kind.

        :param body: a document ``retention``.
        :raises InvalidDocument: it is none.
        """
        rules = Retention.from_document(self._context.specs.check(NAME, body))
        with self._context.database.read() as session:
            reached = cutoffs(rules, self._context.now(), computed_until(self._context, session))
            parts = [self._part(session, cutoff) for cutoff in reached]
        return {"results": parts}

    def _part(self, session: Session, cutoff: Cutoff) -> models.RetentionPart:
        found = list(walks(cutoff, is_preview=True))
        size: int | None
        is_estimate = False
        if cutoff.kind in (RetentionKind.LOGS, RetentionKind.EXECUTIONS):
            number = sum(int(session.scalar(walk.number()) or 0) for walk in found)
            size = None
            if cutoff.kind is RetentionKind.LOGS:
                size, is_estimate = self._log_sizes(session, found[0], number) if found else (0, False)
        else:
            number, size = _files(session, found)
        return {
            "kind": cutoff.kind.value,
            "before": None if cutoff.before is None else timestamp(cutoff.before),
            "waits_for_metrics": cutoff.waits_for_metrics,
            "count": number,
            "bytes": size,
            "is_estimate": is_estimate,
        }

    def _log_sizes(self, session: Session, walk: Walk, number: int) -> tuple[int, bool]:
        """The bytes of all logs, and whether that is computed from those of the oldest."""
        ids = [row.id for row in session.execute(walk.page(None, MOST_MEASURED))]
        size = self._logs.size(ids)
        return (size * number // len(ids), True) if 0 < len(ids) < number else (size, False)


def _files(session: Session, found: list[Walk]) -> tuple[int, int]:
    """How many files there are, and their bytes."""
    needed = sorted(files_of_waiting_recipes(session))
    number = size = 0
    for walk in found:
        counts = [(1, walk.files())]
        counts += [(-1, walk.files(needed[at : at + IDS_AT_ONCE])) for at in range(0, len(needed), IDS_AT_ONCE)]
        for sign, statement in counts:
            counted, bytes_of_them = session.execute(statement).one()
            number, size = number + sign * counted, size + sign * int(bytes_of_them)
    return number, size
