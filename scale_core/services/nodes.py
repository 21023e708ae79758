"""Nodes: what the engine reports, and what operators decide about them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from scale_core.db.models import Node, Scheduler
from scale_core.interfaces import engine
from scale_core.services.context import Context


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
        """Record which nodes the engine has now; writes only what has changed.

        :return: the connected nodes by agent id.
        """
        with self._context.database.read() as session:
            known = {one.slave_id: one for one in session.scalars(select(Node))}
        if _differs(known, connected):
            known = self._write(connected)
        by_agent = {one.agent_id: one.total for one in connected}
        return {
            agent_id: NodeState(known[agent_id].id, agent_id, known[agent_id].is_paused, total)
            for agent_id, total in by_agent.items()
        }

    def _write(self, connected: Sequence[engine.Node]) -> dict[str, Node]:
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
            session.flush()
            return known

    def scheduler_is_paused(self) -> bool:
        """Whether an operator has paused all scheduling."""
        with self._context.database.read() as session:
            return bool(session.scalar(select(Scheduler.is_paused).where(Scheduler.id == 1)))


def _differs(known: dict[str, Node], connected: Sequence[engine.Node]) -> bool:
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
