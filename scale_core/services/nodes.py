"""Nodes: what the engine reports, and what operators decide about them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.bulk import table_of
from scale_core.db.models import Node
from scale_core.db.prepared import Kept
from scale_core.interfaces import engine
from scale_core.services.context import Context

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NodeState:
    """A connected node as placement sees it."""

    id: int
    agent_id: str
    is_paused: bool
    total: engine.Resources


class NodeService:
    """Keeps the table of nodes in step with the engine."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def sync(self, connected: Sequence[engine.Node]) -> dict[str, NodeState]:
        """Record which nodes the engine has now; writes only what has changed. A node that has been absent for longer
        than the setting ``node_absent_seconds`` is archived: it is no part of the cluster until it comes back.

        :return: the connected nodes by agent id.
        """
        given_up = self._context.now() - timedelta(seconds=self._context.settings.node_absent_seconds)
        with self._context.database.read() as session:
            known = _known(session)
            if _differs(known, connected) or any(_is_given_up(one, given_up) for one in known.values()):
                session.rollback()
                self._write(connected, given_up)
                known = _known(session)
        return {
            one.agent_id: NodeState(known[one.agent_id].id, one.agent_id, known[one.agent_id].is_paused, one.total)
            for one in connected
        }

    def _write(self, connected: Sequence[engine.Node], given_up: datetime) -> None:
        now = self._context.now()
        with self._context.database.write() as session:
            known = {one.slave_id: one for one in session.scalars(select(Node))}
            for one in connected:
                node = known.get(one.agent_id)
                if node is None:
                    node = known[one.agent_id] = Node(slave_id=one.agent_id, created=now)
                    session.add(node)
                node.hostname, node.port = one.hostname, one.port
                node.cpus_total, node.mem_total, node.disk_total = one.total.cpus, one.total.mem, one.total.disk
                node.is_active, node.is_connected, node.archived = True, True, None
                node.last_modified = node.last_offer = now
            agents = {one.agent_id for one in connected}
            for agent_id, node in known.items():
                if agent_id not in agents and node.is_connected:
                    node.is_connected, node.last_modified = False, now
                elif _is_given_up(node, given_up):
                    node.is_active, node.archived, node.last_modified = False, now, now
                    log.info("The node %s is absent and counts as removed", node.hostname, extra={"node_id": node.id})


class _KnownNode(NamedTuple):
    """What is looked at of a node in each pass: columns of its row."""

    id: int
    slave_id: str
    is_paused: bool
    is_active: bool
    is_connected: bool
    last_modified: datetime
    cpus_total: float
    mem_total: float
    disk_total: float


_KNOWN = Kept(lambda _dialect: select(*(table_of(Node).c[name] for name in _KnownNode._fields)))


def _known(session: Session) -> dict[str, _KnownNode]:
    """All nodes, by the name that the engine has for them."""
    return {one.slave_id: one for one in map(_KnownNode._make, _KNOWN.rows(session))}


def _is_given_up(node: Node | _KnownNode, since: datetime) -> bool:
    """Whether a node has been absent since then; ``last_modified`` says when it was missed, or edited after that."""
    return node.is_active and not node.is_connected and node.last_modified <= since


def _differs(known: Mapping[str, _KnownNode], connected: Sequence[engine.Node]) -> bool:
    agents = {one.agent_id for one in connected}
    if any(node.is_connected and agent_id not in agents for agent_id, node in known.items()):
        return True
    for one in connected:
        node = known.get(one.agent_id)
        if node is None or not node.is_connected or not node.is_active:
            return True
        if (node.cpus_total, node.mem_total) != (one.total.cpus, one.total.mem):
            return True
        if abs(node.disk_total - one.total.disk) > node.disk_total / 100:
            return True
    return False
