"""Executions as clients see them: lists, details, logs."""

from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.conditions import Condition, equal, one_of
from scale_core.db.listing import Row, Shape
from scale_core.db.models import Archive, ArchivedExecution, JobExecution
from scale_core.interfaces.engine import Engine, LogChunk
from scale_core.services.context import Context
from scale_core.services.exceptions import Archived, NotFound
from scale_core.services.execution_logs import ExecutionLogs
from scale_core.services.job_reads import job_type_conditions
from scale_core.services.listing import Listing, ListPage
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.enums import JobExecutionStatus
from scale_generated.queries import GetJobExecutionLogQuery, GetJobExecutionLogsQuery, ListJobExecutionsQuery

KNOWN_AS = {
    # Executions know the type of their job themselves, and are tallied by it.
    path: path.removeprefix("job.")
    for path in serializers.JOB_EXECUTION_ORDER.values()
    if path.startswith("job.job_type.")
}

EXECUTIONS: Listing[models.JobExecution] = Listing(
    Shape(JobExecution, serializers.JOB_EXECUTION_COLUMNS),
    serializers.job_execution,
    serializers.JOB_EXECUTION_ORDER,
    KNOWN_AS,
)
DETAILS = Shape(JobExecution, serializers.JOB_EXECUTION_DETAILS_COLUMNS)
LOGS = Shape(JobExecution, serializers.JOB_EXECUTION_LOGS_COLUMNS)

LOG_LIMIT_BYTES = 1024 * 1024
FINISHED = frozenset({JobExecutionStatus.COMPLETED, JobExecutionStatus.FAILED, JobExecutionStatus.CANCELED})

Stream = Literal["stdout", "stderr"]


class JobExecutionService:
    """Lists, details and logs of executions.

    :param engine: who keeps the logs; it need not be started.
    """

    def __init__(self, context: Context, engine: Engine) -> None:
        self._context = context
        self._logs = ExecutionLogs(context, engine)

    def list(self, query: ListJobExecutionsQuery, urls: SerializerContext) -> ListPage[models.JobExecution]:
        """One page of executions."""

        where: list[Condition] = []
        if query.status is not None:
            where.append(equal("status", query.status))
        if query.node_id:
            where.append(one_of("node.id", query.node_id))
        where += job_type_conditions(query)

        with self._context.database.read() as session:
            return EXECUTIONS.page(session, query, where, urls, self._context.now())

    def get(self, execution_id: int, urls: SerializerContext) -> models.JobExecutionDetails:
        """An execution with its resources, environment and results.

        :raises NotFound: there is no such execution, or it is archived.
        """
        with self._context.database.read() as session:
            return serializers.job_execution_details(_row(session, DETAILS, execution_id), urls)

    def logs(
        self, execution_id: int, query: GetJobExecutionLogsQuery, urls: SerializerContext
    ) -> models.JobExecutionLogs:
        """An execution with up to a MiB of each of its logs, from the offsets on.

        :raises NotFound: there is no such execution, or it or its logs are archived.
        """
        with self._context.database.read() as session:
            row = _row(session, LOGS, execution_id)
            _require_logs(session, execution_id)
        status = row[serializers.JOB_EXECUTION_LOGS_COLUMNS.index("status")]
        stdout = self._logs.read(execution_id, "stdout", query.stdout_offset, LOG_LIMIT_BYTES)
        stderr = self._logs.read(execution_id, "stderr", query.stderr_offset, LOG_LIMIT_BYTES)
        return serializers.job_execution_logs(
            row,
            urls,
            is_finished=status in FINISHED,
            stdout=stdout.data.decode(errors="replace"),
            stderr=stderr.data.decode(errors="replace"),
            stdout_next_offset=stdout.offset + len(stdout.data),
            stderr_next_offset=stderr.offset + len(stderr.data),
        )

    def log(self, execution_id: int, stream: str, query: GetJobExecutionLogQuery) -> LogChunk:
        """A piece of one log as it was written.

        :raises NotFound: there is no such execution, or it or its logs are archived.
        """
        with self._context.database.read() as session:
            _row(session, LOGS, execution_id)
            _require_logs(session, execution_id)
        limit = min(query.limit or LOG_LIMIT_BYTES, LOG_LIMIT_BYTES)
        return self._logs.read(execution_id, stream, query.offset, limit)


def _row(session: Session, shape: Shape, execution_id: int) -> Row:
    row = shape.row(session, execution_id)
    if row is not None:
        return row
    archived = session.get(ArchivedExecution, execution_id)
    if archived is None:
        raise NotFound("job execution", execution_id)
    raise _gone(f"The job execution {execution_id} was archived", archived.archive)


def _require_logs(session: Session, execution_id: int) -> None:
    """Raise Archived if the logs of an execution are."""
    archive = session.scalar(
        select(Archive)
        .join(JobExecution, JobExecution.logs_archive_id == Archive.id)
        .where(JobExecution.id == execution_id)
    )
    if archive is not None and archive.file_name is not None:
        raise _gone(f"The logs of the job execution {execution_id} were archived", archive)


def _gone(what: str, archive: Archive) -> Archived:
    return Archived(f"{what} on {archive.created:%Y-%m-%d}, in the file {archive.file_name} of the folder of archives.")
