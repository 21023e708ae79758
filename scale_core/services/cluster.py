"""What there is to place on, as the database tells it: for processes that have no engine."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import table_of
from scale_core.db.models import Job, JobExecution, JobType, Node
from scale_core.db.prepared import Kept
from scale_core.domain.placement import Capacity, NodeFree
from scale_core.domain.resources import custom_of
from scale_core.interfaces.engine import Resources, custom_amounts
from scale_core.services.scheduler_notes import SchedulerNote
from scale_generated.enums import JobExecutionStatus

NOTHING = Resources()

_exe, _job, _type, _node = (table_of(one).c for one in (JobExecution, Job, JobType, Node))

_USED = Kept(
    lambda _dialect: (
        select(
            _exe.node_id,
            _type.is_long_running,
            func.sum(_exe.cpus_scheduled),
            func.sum(_exe.mem_scheduled),
            func.sum(_exe.disk_total_scheduled),
        )
        .join(table_of(JobType), _exe.job_type_id == _type.id)
        .where(_exe.status == JobExecutionStatus.RUNNING, _exe.node_id.is_not(None))
        .group_by(_exe.node_id, _type.is_long_running)
    )
)
_USED_CUSTOM = Kept(
    lambda _dialect: (
        select(_exe.node_id, _type.is_long_running, _job.custom_resources)
        .join(table_of(Job), _exe.job_id == _job.id)
        .join(table_of(JobType), _exe.job_type_id == _type.id)
        .where(_exe.status == JobExecutionStatus.RUNNING, _exe.node_id.is_not(None), _job.custom_resources.is_not(None))
    )
)
_CONNECTED = Kept(
    lambda _dialect: (
        select(
            _node.id,
            _node.slave_id,
            _node.is_paused,
            _node.custom_total,
            _node.cpus_total,
            _node.mem_total,
            _node.disk_total,
        )
        .where(_node.is_connected)
        .order_by(_node.id)
    )
)


def capacity(session: Session, note: SchedulerNote) -> Capacity:
    """What there is to place on now: as the scheduler sees it, but that nothing is handed to nodes ahead."""
    if not note.places:
        return Capacity(None, note.runs_containers, note.slots, note.on_nodes)
    used: dict[int, Resources] = {}
    endless: dict[int, Resources] = {}
    for node_id, is_endless, *amounts in _USED.rows(session):
        used[node_id] = used.get(node_id, NOTHING) + Resources(*amounts)
        if is_endless:
            endless[node_id] = Resources(*amounts)
    for node_id, is_endless, document in _USED_CUSTOM.rows(session):
        custom = Resources(custom=custom_of(document))
        used[node_id] = used.get(node_id, NOTHING) + custom
        if is_endless:
            endless[node_id] = endless.get(node_id, NOTHING) + custom
    nodes = [_node_free(row, note, used, endless) for row in _CONNECTED.rows(session)]
    return Capacity(nodes, note.runs_containers, note.slots, note.on_nodes)


def custom_in_use(session: Session) -> dict[int, Resources]:
    """What the executions that run have of resources other than cpus, memory and disk, by node; nodes on which that is
    none are left out."""
    used: dict[int, Resources] = {}
    for node_id, _is_endless, document in _USED_CUSTOM.rows(session):
        used[node_id] = used.get(node_id, NOTHING) + Resources(custom=custom_of(document))
    return used


def idle(there: Capacity) -> Capacity:
    """The same, with nothing in use."""
    nodes: Iterable[NodeFree] = there.nodes or ()
    emptied = [replace(one, free=one.total, endless=NOTHING) for one in nodes]
    return Capacity(None if there.nodes is None else emptied, there.runs_containers)


def _node_free(
    row: Any, note: SchedulerNote, used: Mapping[int, Resources], endless: Mapping[int, Resources]
) -> NodeFree:
    node_id, agent_id, is_paused, custom, cpus, mem, disk = row
    total = Resources(cpus, mem, disk, custom_amounts(custom or {}))
    return NodeFree(
        node_id=node_id,
        agent_id=agent_id,
        free=total - used.get(node_id, NOTHING) - note.taken.get(agent_id, NOTHING),
        total=total,
        is_paused=is_paused,
        endless=endless.get(node_id, NOTHING),
    )
