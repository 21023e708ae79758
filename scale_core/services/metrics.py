"""What Prometheus is told: what this process has counted, and what the database says at the moment. (Numbers of days,
below ``/metrics/``, are in :mod:`scale_core.services.daily_metrics`.)

The queries read the index of active executions and tables of a few rows, so that a scrape costs the same however much
has been done.
"""

import logging
import math
import platform
from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Executable, case, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from scale_core import __version__
from scale_core.db.base import Base
from scale_core.db.models import JobExecution, JobType, Node, Scheduler
from scale_core.services.context import Context
from scale_generated.enums import IngestStatus, JobExecutionStatus

log = logging.getLogger(__name__)

DATABASE_UP: Final = "scale_database_up"
OPEN: Final = (IngestStatus.TRANSFERRING, IngestStatus.TRANSFERRED, IngestStatus.INGESTING)


def active_executions() -> Executable:
    """Executions in the queue and running, by job type name: how many."""
    tally = Base.metadata.tables["job_exe_tally"]
    return (
        select(JobType.name, tally.c.status, func.sum(tally.c.number).label("number"))
        .join(JobType, tally.c.job_type_id == JobType.id)
        .where(tally.c.status.in_((JobExecutionStatus.QUEUED, JobExecutionStatus.RUNNING)))
        .group_by(JobType.name, tally.c.status)
        .having(func.sum(tally.c.number) > 0)
    )


def oldest_executions() -> Executable:
    """When the oldest execution in the queue was queued, by job type name."""
    return (
        select(JobType.name, func.min(JobExecution.queued).label("oldest"))
        .join(JobType, JobExecution.job_type_id == JobType.id)
        .where(JobExecution.status == JobExecutionStatus.QUEUED)
        .group_by(JobType.name)
    )


def open_ingests() -> Executable:
    """Ingests that have not ended, by status: how many."""
    tally = Base.metadata.tables["ingest_tally"]
    return (
        select(tally.c.status, func.sum(tally.c.number).label("number"))
        .where(tally.c.status.in_(OPEN))
        .group_by(tally.c.status)
        .having(func.sum(tally.c.number) > 0)
    )


class DatabaseMetrics:
    """What the database says at the moment."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self) -> Sequence[Metric]:
        """All families; where the database cannot be read, only that it is not up. May take as long as the database
        does."""
        try:
            with self._context.database.read() as session:
                return [database_up(True), *self._families(session)]
        except SQLAlchemyError as error:
            log.warning("The metrics that are in the database cannot be read: %s", error)
            return [database_up(False)]

    def _families(self, session: Session) -> Iterable[Metric]:
        yield from self._executions(session)
        ingests = _gauge("scale_ingests_open", "Ingests that have not ended, by status.", "status")
        for row in session.execute(open_ingests()):
            ingests.add_metric([row.status], row.number)
        yield ingests
        yield from _nodes(session)
        yield from self._scheduler(session)

    def _executions(self, session: Session) -> Iterable[Metric]:
        depth = _gauge("scale_queue_executions", "Executions that wait in the queue, by job type.", "job_type")
        age = _gauge(
            "scale_queue_oldest_age_seconds", "How long the oldest of those has waited, by job type.", "job_type"
        )
        running = _gauge("scale_executions_running", "Executions that run, by job type.", "job_type")
        now = self._context.now()
        for row in session.execute(active_executions()):
            (depth if row.status == JobExecutionStatus.QUEUED else running).add_metric([row.name], row.number)
        for row in session.execute(oldest_executions()):
            age.add_metric([row.name], max(0.0, (now - row.oldest).total_seconds()))
        return depth, age, running

    def _scheduler(self, session: Session) -> Iterable[Metric]:
        row = session.execute(select(Scheduler.heartbeat, Scheduler.is_paused).where(Scheduler.id == 1)).one_or_none()
        age = math.inf
        if row is not None and row.heartbeat is not None:
            age = max(0.0, (self._context.now() - row.heartbeat).total_seconds())
        yield GaugeMetricFamily(
            "scale_scheduler_heartbeat_age_seconds",
            "Since when nothing was heard of a scheduler; +Inf: none runs.",
            age,
        )
        paused = row is not None and row.is_paused
        yield GaugeMetricFamily("scale_scheduler_paused", "1: an operator has paused the scheduler.", float(paused))


def metrics_registry(context: Context) -> CollectorRegistry:
    """What this process has counted, what it is, and what it uses."""
    registry = CollectorRegistry()
    for instrument in (*context.telemetry.instruments, context.database.transactions, BuildInfo()):
        registry.register(instrument)
    ProcessCollector(registry=registry)
    return registry


def database_up(is_up: bool) -> Metric:
    """Whether the database answered the questions of this scrape, in time."""
    return GaugeMetricFamily(DATABASE_UP, "1: the database answered this scrape in time.", float(is_up))


class BuildInfo(Collector):
    """What runs."""

    def collect(self) -> Iterable[Metric]:
        """One sample, 1."""
        family = GaugeMetricFamily("scale_build_info", "1; what runs.", labels=["version", "python"])
        family.add_metric([__version__, platform.python_version()], 1)
        yield family


def _gauge(name: str, documentation: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, labels=[label])


def _nodes(session: Session) -> Iterable[Metric]:
    row = session.execute(
        select(func.count().label("connected"), func.count(case((Node.is_paused, 1))).label("paused")).where(
            Node.is_active, Node.is_connected
        )
    ).one()
    yield GaugeMetricFamily("scale_nodes_connected", "Nodes that the engine has.", row.connected)
    yield GaugeMetricFamily("scale_nodes_paused", "Those of them that are paused.", row.paused)
