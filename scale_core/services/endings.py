"""What becomes of executions: their ends, and everything that follows.

Everything works in groups, on plain rows: one transaction records all that has ended since. A report told twice,
or for an execution that has ended already, changes nothing.
"""

import logging
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from scale_core.db.troubles import is_passing
from scale_core.services.context import Context
from scale_core.services.ending_group import NODE_LOST, EndingGroup, running_rows
from scale_core.services.ending_logs import tell_ends
from scale_core.services.ingest_ends import tell_errored
from scale_core.services.node_ingests import fail_ingests_of, record_node_ingests
from scale_core.services.recipes import advance_recipes_of
from scale_core.services.telemetry import EndedExecution
from scale_generated.specs.execution_report import ExecutionReport, ReportFailure, ReportSteps

log = logging.getLogger(__name__)


class EndingService:
    """Records how executions ended."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def finish(self, reports: Sequence[ExecutionReport]) -> list[EndedExecution]:
        """Record how executions ended, and everything that follows: products, errors, retries, recipes, triggers.

        :return: those whose end was news.
        :raises SQLAlchemyError: the database is in trouble; nothing is recorded that can be told again.
        """
        if not reports:
            return []
        try:
            return self._finish_group(reports)
        except (SQLAlchemyError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            if is_passing(error):
                raise
            # One report that cannot be recorded must not take the others with it.
            log.exception("Reports could not be recorded as a group; trying one by one")
            return [ended for report in reports for ended in self._finish_alone(report)]

    def lost(self, losses: Sequence[tuple[int, str]]) -> list[EndedExecution]:
        """Record that executions are gone without a report: (execution id, message). It does not cost a try."""
        return self.finish([failure_report(execution_id, NODE_LOST, message) for execution_id, message in losses])

    def _finish_group(self, reports: Sequence[ExecutionReport]) -> list[EndedExecution]:
        by_id = {report.execution_id: report for report in reports}
        with self._context.database.write() as session:
            rows = running_rows(session, by_id)
            ingests = record_node_ingests(session, self._context, [by_id[row.execution_id] for row in rows])
            group = EndingGroup(self._context, session, self._context.now(), ingests.unfinished if ingests else ())
            for row in rows:
                group.record(row, by_id[row.execution_id])
            group.save()
            errored = fail_ingests_of(session, self._context, group.broken_ingests, group.canceled_ingests)
            session.expire_all()
            advance_recipes_of(session, self._context, [one.job_id for one in group.ended])
        if ingests is not None:
            ingests.tell(self._context)
        tell_errored(self._context, errored)
        tell_ends(self._context.telemetry, group.ended)
        return group.ended

    def _finish_alone(self, report: ExecutionReport) -> list[EndedExecution]:
        try:
            return self._finish_group([report])
        except (SQLAlchemyError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            if is_passing(error):
                raise
            log.exception(
                "A report cannot be recorded; the execution fails", extra={"execution_id": report.execution_id}
            )
            message = f"The results could not be recorded: {type(error).__name__}: {error}"
            return self._finish_group([failure_report(report.execution_id, "unknown", message, report.steps)])


def failure_report(execution_id: int, kind: str, message: str, steps: ReportSteps | None = None) -> ExecutionReport:
    """A report of a failure that no runner could report."""
    return ExecutionReport.from_document(
        {
            "execution_id": execution_id,
            "status": "FAILED",
            "steps": steps.to_document() if steps else {},
            "failure": {"kind": kind, "message": message},
        }
    )


def task_report(execution_id: int, failure: ReportFailure | None) -> ExecutionReport:
    """The report of one of Scale's own tasks; ``failure`` None: it completed."""
    return ExecutionReport(
        execution_id=execution_id,
        status="COMPLETED" if failure is None else "FAILED",
        steps=ReportSteps(),
        failure=failure,
    )
