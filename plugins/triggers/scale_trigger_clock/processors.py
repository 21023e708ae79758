"""Clock processors that every installation has."""

import logging
from typing import Final

from scale_core.interfaces.broker import BrokerError
from scale_core.interfaces.clock import ClockContext, ClockProcessor

log = logging.getLogger(__name__)


def record_workspace_usage(context: ClockContext) -> None:
    """Record the used and total space of each active workspace. One that cannot be reached, or hangs, is left as it
    was."""
    for name in context.workspaces():
        try:
            usage = context.ask(name, lambda broker: broker.usage())
        except BrokerError as error:
            log.warning("The space of the workspace %r is not known: %s", name, error)
            continue
        context.record_usage(name, usage)


def record_job_load(context: ClockContext) -> None:
    """Record how many jobs wait and run."""
    context.record_job_load()


def compute_metrics(context: ClockContext) -> None:
    """Compute the metrics of today, and of days that were missed."""
    context.compute_metrics()


def archive_what_is_finished(context: ClockContext) -> None:
    """Archive executions, logs and files that are older than the rule says; without parameters, nothing."""
    context.archive(context.parameters)


WORKSPACE_USAGE: Final = ClockProcessor(
    name="workspace-usage",
    title="Record the space of the workspaces",
    run=record_workspace_usage,
    event_type="WORKSPACE_USAGE",
    schedule="PT15M",
)

JOB_LOAD: Final = ClockProcessor(
    name="job-load",
    title="Record how many jobs wait and run",
    run=record_job_load,
    event_type="JOB_LOAD",
    schedule="PT1M",
    keeps_events=False,
)

DAILY_METRICS: Final = ClockProcessor(
    name="daily-metrics",
    title="Compute the metrics of the day",
    run=compute_metrics,
    event_type="DAILY_METRICS",
    schedule="PT15M",
)

RETENTION: Final = ClockProcessor(
    name="retention",
    title="Archive what is finished",
    run=archive_what_is_finished,
    event_type="RETENTION",
    schedule="PT24H",
    parameters_spec="retention",
    is_active=False,
)
