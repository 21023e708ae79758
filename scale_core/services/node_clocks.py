"""The clock on a node: which execution it is (decision 0060)."""

from sqlalchemy import select

from scale_core import __version__
from scale_core.db.models import Job, JobExecution, JobType
from scale_core.services.context import Context
from scale_core.services.node_strikes import NOT_RUNNING, OTHER_RELEASE
from scale_core.services.system_types import CLOCK_JOB
from scale_core.watching.messages import Question
from scale_generated.enums import JobExecutionStatus, JobStatus


class NodeClockService:
    """What the database says of it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def keeper(self) -> int | None:
        """The id of the execution that keeps the time on a node; None: none does."""
        with self._context.database.read() as session:
            execution_id: int | None = session.scalar(
                select(JobExecution.id)
                .join(Job, JobExecution.job_id == Job.id)
                .join(JobType, Job.job_type_id == JobType.id)
                .where(
                    JobType.name == CLOCK_JOB,
                    JobType.is_system,
                    Job.status == JobStatus.RUNNING,
                    JobExecution.status == JobExecutionStatus.RUNNING,
                    JobExecution.node_id.is_not(None),
                )
                .limit(1)
            )
            return execution_id

    def why_over(self, execution_id: int, question: Question) -> str | None:
        """Why an execution that asks is to end; None: it is the one that keeps the time."""
        if self.keeper() != execution_id:
            return NOT_RUNNING
        return None if question.release == __version__ else OTHER_RELEASE
