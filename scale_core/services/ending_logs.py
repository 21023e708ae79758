"""The ends of executions, told to the log and counted, once they are committed."""

import logging
from collections.abc import Mapping, Sequence

from scale_core.services.telemetry import EndedExecution, Telemetry
from scale_generated.enums import JobExecutionStatus, JobStatus

log = logging.getLogger(__name__)


def tell_ends(telemetry: Telemetry, ended: Sequence[EndedExecution]) -> None:
    """Count ends, and log each failure: as a warning where nothing more happens until somebody does something."""
    telemetry.executions_ended(ended)
    tells_all = log.isEnabledFor(logging.DEBUG)
    for one in ended:
        if one.error_name:
            _tell_failure(one)
        elif tells_all:
            log.debug("Execution ended: %s", one.status, extra=_about(one))


def tell_completed(telemetry: Telemetry, job_type: str, executions: Mapping[int, int]) -> None:
    """Count executions of a job type that are complete and had no steps: ids of their jobs by their own."""
    telemetry.executions_completed(len(executions))
    for execution_id, job_id in executions.items() if log.isEnabledFor(logging.DEBUG) else ():
        about = {"job_id": job_id, "execution_id": execution_id, "job_type": job_type}
        log.debug("Execution ended: %s", JobExecutionStatus.COMPLETED, extra=about)


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
