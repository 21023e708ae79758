"""Nodes and the scheduler as operators see and steer them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scale_core import __version__
from scale_core.db.conditions import Condition, also, equal, one_of
from scale_core.db.listing import Order, Shape
from scale_core.db.models import Error, JobExecution, Node, Scheduler
from scale_core.domain.times import time_range
from scale_core.interfaces.engine import Resources, custom_amounts
from scale_core.services.cluster import NOTHING, custom_in_use
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound
from scale_core.services.heartbeat import is_alive
from scale_core.services.jobs import wake_queue
from scale_core.services.listing import Listing, ListPage
from scale_core.services.scheduler_notes import SchedulerNote
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated._runtime import timestamp
from scale_generated.enums import JobExecutionStatus
from scale_generated.queries import ListNodesQuery, ListNodeStatusQuery

NODES: Listing[models.Node] = Listing(Shape(Node, serializers.NODE_COLUMNS), serializers.node, serializers.NODE_ORDER)
ONLINE: Listing[tuple[models.Node, bool]] = Listing(
    Shape(Node, (*serializers.NODE_COLUMNS, "is_connected")),
    lambda row, urls: (serializers.node(row, urls), row[-1]),
    serializers.NODE_ORDER,
)
"""Each node, and whether it is connected."""

DETAILS = Shape(Node, serializers.NODE_DETAILS_COLUMNS)
QUEUE = Shape(JobExecution, ())
RUNNING = Shape(JobExecution, serializers.RUNNING_JOB_EXECUTION_COLUMNS)

STATUS_SPAN = timedelta(hours=3)


class NodeAdmin:
    """Lists, details and pause of nodes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, query: ListNodesQuery, urls: SerializerContext) -> ListPage[models.Node]:
        """One page of nodes."""

        where: list[Condition] = []
        if not query.include_inactive:
            where.append(equal("is_active", True))

        with self._context.database.read() as session:
            return NODES.page(session, query, where, urls, self._context.now())

    def get(self, node_id: int, urls: SerializerContext) -> models.NodeDetails:
        """A node with its resources and running executions.

        :raises NotFound: there is no such node.
        """
        with self._context.database.read() as session:
            row = DETAILS.row(session, node_id)
            node = session.get(Node, node_id)
            if row is None or node is None:
                raise NotFound("node", node_id)
            running = _running(session, [node_id], urls).get(node_id, [])
            custom = custom_in_use(session).get(node_id, NOTHING)
        return serializers.node_details(
            row,
            urls,
            resources=_usage([node], running, custom),
            disconnected=node.is_active and not node.is_connected,
            job_exes_running=running,
        )

    def edit(self, node_id: int, changes: Mapping[str, Any], urls: SerializerContext) -> models.NodeDetails:
        """Change hostname, port, pause and its reason; a node that is not paused has no reason.

        :raises NotFound: there is no such node.
        """
        with self._context.database.write() as session:
            node = session.get(Node, node_id)
            if node is None:
                raise NotFound("node", node_id)
            for field, value in changes.items():
                setattr(node, field, value)
            if not node.is_paused:
                node.pause_reason, node.is_paused_errors = None, False
            node.last_modified = self._context.now()
            wake_queue(session, self._context)
        return self.get(node_id, urls)

    def replace(self, node_id: int, body: models.NodeReplacement, urls: SerializerContext) -> models.NodeDetails:
        """Set all fields that an operator may set; those that are left out get their defaults.

        :raises NotFound: there is no such node.
        """
        return self.edit(node_id, {"pause_reason": None, **body}, urls)

    def status(self, query: ListNodeStatusQuery, urls: SerializerContext) -> ListPage[models.NodeStatus]:
        """Active nodes with counts of their executions in the time range, and what runs on them."""
        span = time_range(query.started, query.ended, self._context.now(), default=STATUS_SPAN)
        with self._context.database.read() as session:
            page = ONLINE.page(session, _WithoutTimes(query), [equal("is_active", True)], urls, self._context.now())
            ids = [node["id"] for node, _is_online in page.results]
            counts = _counts(session, ids, span.started, span.ended)
            running = _running(session, ids, urls)
        results: list[models.NodeStatus] = [
            {
                "node": node,
                "is_online": is_online,
                "job_exe_counts": counts.get(node["id"], []),
                "job_exes_running": running.get(node["id"], []),
            }
            for node, is_online in page.results
        ]
        return ListPage(page.count, results)


class SchedulerAdmin:
    """The scheduler's pause, and the state of the whole system."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def get(self) -> models.Scheduler:
        """Whether the scheduler is paused."""
        with self._context.database.read() as session:
            return {"is_paused": _scheduler(session).is_paused}

    def edit(self, body: models.SchedulerEdit) -> models.Scheduler:
        """Pause or resume all scheduling; nodes keep their own pauses."""
        with self._context.database.write() as session:
            scheduler = _scheduler(session)
            scheduler.is_paused = body["is_paused"]
            session.add(scheduler)
            wake_queue(session, self._context)
        return self.get()

    def status(self, urls: SerializerContext) -> models.SystemStatus:
        """Master, scheduler, queue and resources of the cluster."""
        with self._context.database.read() as session:
            scheduler = _scheduler(session)
            nodes = session.scalars(select(Node).where(Node.is_active, Node.is_connected)).all()
            running = _running(session, [node.id for node in nodes], urls)
            custom = sum(custom_in_use(session).values(), NOTHING)
            depth = QUEUE.count(session, [equal("status", JobExecutionStatus.QUEUED)])
        alive = is_alive(scheduler.heartbeat, self._context.now())
        return {
            "master": _master(scheduler, alive=alive),
            "scheduler": {
                "hostname": scheduler.hostname or "",
                "is_online": alive,
                "is_paused": scheduler.is_paused,
            },
            "queue_depth": depth,
            "resources": _usage(nodes, [one for many in running.values() for one in many], custom) if nodes else None,
        }

    def version(self) -> models.Version:
        """The version of the running software."""
        return {"version": __version__}


def _master(scheduler: Scheduler, *, alive: bool) -> models.MasterStatus:
    """The cluster's master, as the scheduler knows it; where there is none, the scheduler's own machine."""
    note = SchedulerNote.from_document(scheduler.note).master if scheduler.note else None
    if note is None:
        return {
            "hostname": scheduler.hostname or "",
            "port": 0,
            "is_online": alive,
            "last_heard": None,
            "offers_held": 0,
        }
    return {
        "hostname": note.hostname,
        "port": note.port,
        "is_online": alive and note.is_online,
        "last_heard": timestamp(note.last_heard),
        "offers_held": note.offers_held if alive else 0,
    }


def _scheduler(session: Session) -> Scheduler:
    """The one row, or a new one where no scheduler has ever run."""
    return session.get(Scheduler, 1) or Scheduler(id=1, is_paused=False)


class _WithoutTimes:
    """A status query as a list query: its time range selects executions, not nodes."""

    started = ended = None
    order: tuple[str, ...] = ()

    def __init__(self, query: ListNodeStatusQuery) -> None:
        self.page, self.page_size = query.page, query.page_size


def _running(
    session: Session, node_ids: Sequence[int], urls: SerializerContext
) -> dict[int, list[models.RunningJobExecution]]:
    rows = RUNNING.rows(
        session,
        [equal("status", JobExecutionStatus.RUNNING), also(one_of("node.id", node_ids))],
        [Order("id")],
    )
    found: dict[int, list[models.RunningJobExecution]] = {}
    for row in rows:
        execution = serializers.running_job_execution(row, urls)
        if (node := execution["node"]) is not None:
            found.setdefault(node["id"], []).append(execution)
    return found


def _usage(
    nodes: Sequence[Node], running: Sequence[models.RunningJobExecution], custom: Resources
) -> models.ResourceUsage:
    """Of nodes and what runs on them; ``custom``: what that has of other resources."""
    totals = (Resources(custom=custom_amounts(node.custom_total or {})) for node in nodes)
    scheduled: models.Resources = {
        "cpus": sum(one["cpus_scheduled"] for one in running),
        "mem": sum(one["mem_scheduled"] for one in running),
        "disk": sum(one["disk_total_scheduled"] for one in running),
        "custom": dict(custom.custom),
    }
    return {
        "total": {
            "cpus": sum(node.cpus_total for node in nodes),
            "mem": sum(node.mem_total for node in nodes),
            "disk": sum(node.disk_total for node in nodes),
            "custom": dict(sum(totals, NOTHING).custom),
        },
        "scheduled": scheduled,
        # The reference: real-time usage is not available and will be all zero.
        "used": {"cpus": 0.0, "mem": 0.0, "disk": 0.0, "custom": {}},
    }


def _counts(
    session: Session, node_ids: Sequence[int], started: datetime | None, ended: datetime
) -> dict[int, list[models.JobExecutionStatusCount]]:
    statement = (
        select(
            JobExecution.node_id,
            JobExecution.status,
            Error.category,
            func.count().label("number"),
            func.max(JobExecution.last_modified).label("most_recent"),
        )
        .outerjoin(Error, JobExecution.error_id == Error.id)
        .where(JobExecution.node_id.in_(node_ids), JobExecution.last_modified <= ended)
        .group_by(JobExecution.node_id, JobExecution.status, Error.category)
        .order_by(JobExecution.node_id, JobExecution.status, Error.category)
    )
    if started is not None:
        statement = statement.where(JobExecution.last_modified >= started)
    found: dict[int, list[models.JobExecutionStatusCount]] = {}
    for row in session.execute(statement):
        found.setdefault(row.node_id, []).append(
            {
                "status": row.status,
                "count": row.number,
                "most_recent": SerializerContext.moment(row.most_recent),
                "category": row.category,
            }
        )
    return found
