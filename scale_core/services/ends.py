"""The ends of executions, told to the log and counted, once they are committed."""

import logging
from collections.abc import Sequence
from datetime import datetime

from scale_core.db.models import Job, JobExecution
from scale_core.services.telemetry import NO_CATEGORY, EndedExecution, Telemetry
from scale_generated.enums import JobStatus

log = logging.getLogger(__name__)


def ended_execution(
    execution: JobExecution, job: Job, error_name: str = "", category: str = NO_CATEGORY, *, is_lost: bool = False
) -> EndedExecution:
    """What is told of an execution; ``job`` is its job, with its job type loaded."""
    return EndedExecution(
        execution_id=execution.id,
        job_id=job.id,
        job_type=job.job_type.name,
        status=execution.status,
        error_name=error_name,
        category=category,
        message=execution.message or "",
        is_lost=is_lost,
        job_status=job.status,
        durations=(
            _seconds(execution.pre_started, execution.pre_completed),
            _seconds(execution.job_started, execution.job_completed),
            _seconds(execution.post_started, execution.post_completed),
        ),
    )


def tell_ends(telemetry: Telemetry, ended: Sequence[EndedExecution]) -> None:
    """Count ends, and log each failure: as a warning where nothing more happens until somebody does something."""
    telemetry.executions_ended(ended)
    tells_all = log.isEnabledFor(logging.DEBUG)
    for one in ended:
        if one.error_name:
            _tell_failure(one)
        elif tells_all:
            log.debug("Execution ended: %s", one.status, extra=_about(one))


def _tell_failure(one: EndedExecution) -> None:
    message = one.message or "The logs of the execution may tell more."
    if one.job_status == JobStatus.FAILED:
        log.warning(
            "Job failed (%s): %s Mend the cause, then requeue the job.", one.error_name, message, extra=_about(one)
        )
    else:
        what = "lost" if one.is_lost else "failed"
        log.info(
            "Execution %s (%s): %s The job is %s.", what, one.error_name, message, one.job_status, extra=_about(one)
        )


def _about(one: EndedExecution) -> dict[str, object]:
    about: dict[str, object] = {"job_id": one.job_id, "execution_id": one.execution_id, "job_type": one.job_type}
    return about | {"error": one.error_name} if one.error_name else about


def _seconds(began: datetime | None, ended: datetime | None) -> float | None:
    return None if began is None or ended is None else (ended - began).total_seconds()
