"""Nodes: what the engine reports, and what operators decide about them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import table_of
from scale_core.db.models import Node
from scale_core.db.prepared import Kept
from scale_core.interfaces import engine
from scale_core.services.context import Context

log = logging.getLogger(__name__)

_node = table_of(Node).c


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
        self._seen: _Seen | None = None

    def sync(self, connected: Sequence[engine.Node]) -> dict[str, NodeState]:
        """Record which nodes the engine has now; writes only what has changed. A node that has been absent for longer
        than the setting ``node_absent_seconds`` is archived: it is no part of the cluster until it comes back.

        :return: the connected nodes by agent id.
        """
        given_up = self._context.now() - timedelta(seconds=self._context.settings.node_absent_seconds)
        with self._context.database.read() as session:
            marks = _marks(session)
            if self._seen is not None and self._seen.holds(connected, marks, given_up):
                return self._seen.states
            known = _known(session)
            if _differs(known, connected) or any(_is_given_up(one, given_up) for one in known.values()):
                session.rollback()
                self._write(connected, given_up)
                known, marks = _known(session), _marks(session)
        states = {
            one.agent_id: NodeState(known[one.agent_id].id, one.agent_id, known[one.agent_id].is_paused, one.total)
            for one in connected
        }
        self._seen = _Seen(list(connected), marks, states)
        return states

    def pause_for_errors(self, agent_id: str, reason: str) -> None:
        """Pause a node on which too much fails, unless it is paused already; an operator resumes it.

        :param agent_id: the engine's name of the node.
        :param reason: for people.
        """
        with self._context.database.write() as session:
            node = session.scalars(select(Node).where(Node.slave_id == agent_id, ~Node.is_paused)).one_or_none()
            if node is None:
                return
            node.is_paused, node.is_paused_errors, node.pause_reason = True, True, reason
            node.last_modified = self._context.now()
            log.warning("The node %s is paused. %s", node.hostname, reason, extra={"node_id": node.id})

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
                node.custom_total = dict(one.total.custom) or None
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
    custom_total: dict[str, float] | None


_KNOWN = Kept(lambda _dialect: select(*(_node[name] for name in _KnownNode._fields)))


class _Mark(NamedTuple):
    """What somebody else than :class:`NodeService` may change of a node, or time."""

    id: int
    is_paused: bool
    is_connected: bool
    last_modified: datetime


class _Marks(NamedTuple):
    """What tells whether the nodes are as they were: how many there are, and connected, and those that are marked."""

    number: int
    connected: int
    marked: list[_Mark]


_COUNTED: Sequence[Any] = (func.count(), func.count(case((_node.is_connected & _node.is_active, 1))))
_COUNTS = Kept(lambda _dialect: select(*_COUNTED))
_MARKED = Kept(
    lambda _dialect: (
        select(_node.id, _node.is_paused, _node.is_connected, _node.last_modified)
        .where(_node.is_active, _node.is_paused | ~_node.is_connected)
        .order_by(_node.id)
    )
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found out last. Most passes find nothing else, and need not read a thousand nodes to see it."""

    connected: list[engine.Node]
    marks: _Marks
    states: dict[str, NodeState]

    def holds(self, connected: Sequence[engine.Node], marks: _Marks, given_up: datetime) -> bool:
        """Whether it is so still."""
        is_same = marks == self.marks and list(connected) == self.connected
        return is_same and not any(not one.is_connected and one.last_modified <= given_up for one in marks.marked)


def _marks(session: Session) -> _Marks:
    ((number, connected),) = _COUNTS.rows(session)
    return _Marks(number, connected, [_Mark(*row) for row in _MARKED.rows(session)])


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
        if (node.custom_total or {}) != dict(one.total.custom):
            return True
        if abs(node.disk_total - one.total.disk) > node.disk_total / 100:
            return True
    return False
