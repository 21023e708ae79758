"""What is known of the cluster: its nodes, what is offered, where Scale's executors run, what is to be maintained."""

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from scale_core.interfaces.engine import Node, Offer, Resources
from scale_engine_mesos.executors import Executors
from scale_engine_mesos.offers import Offers
from scale_engine_mesos.resources import scalars
from scale_engine_mesos.roles import may_use


class Cluster:
    """Nodes and offers. May be used by any thread.

    :param overhead: what the executor takes on a node where it does not run yet.
    :param roles: whom resources are offered as.
    """

    def __init__(self, overhead: Resources, roles: Sequence[str]) -> None:
        self.offers = Offers()
        self.executors = Executors()
        self._overhead, self._roles = overhead, roles
        self._lock = threading.Lock()
        self._nodes: dict[str, Node] = {}
        self._drained: dict[str, str] = {}

    def nodes(self) -> Sequence[Node]:
        """The nodes that the master has."""
        with self._lock:
            return list(self._nodes.values())

    def address(self, agent_id: str) -> str | None:
        """``host:port`` of an agent's API; None: the master has not told of it."""
        with self._lock:
            node = self._nodes.get(agent_id)
            return None if node is None else f"{node.hostname}:{node.port}"

    def set_agents(self, agents: Iterable[dict[str, Any]]) -> bool:
        """Take the answer to ``GET_AGENTS``; whether that changes anything."""
        nodes = {one.agent_id: one for one in (self._node(agent) for agent in agents if agent.get("active", True))}
        with self._lock:
            has_changed = nodes != self._nodes
            self._nodes = nodes
        self.executors.keep(nodes.keys())
        return has_changed

    def are_all_known(self, agent_ids: Iterable[str]) -> bool:
        """Whether none of them is new."""
        with self._lock:
            return set(agent_ids) <= self._nodes.keys()

    def lose_agent(self, agent_id: str) -> None:
        """The master has lost it."""
        with self._lock:
            self._nodes.pop(agent_id, None)
            self._drained.pop(agent_id, None)
        self.executors.forget(agent_id)

    def lose_all(self) -> None:
        """Without a link nothing is known to be there."""
        with self._lock:
            self._nodes.clear()
            self._drained.clear()
        self.offers.clear()

    def drain(self, agent_id: str, inverse_offer_id: str) -> None:
        """It will be taken away: nothing more is to be placed there."""
        with self._lock:
            self._drained[agent_id] = inverse_offer_id

    def fill(self, inverse_offer_id: str) -> None:
        """The agent stays after all."""
        with self._lock:
            self._drained = {agent: offer for agent, offer in self._drained.items() if offer != inverse_offer_id}

    def is_drained(self, agent_id: str) -> bool:
        """Whether it will be taken away."""
        with self._lock:
            return agent_id in self._drained

    def shown(self) -> Sequence[Offer]:
        """What may be used now of each node that is there and stays."""
        held = self.offers.show()
        with self._lock:
            usable = self._nodes.keys() - self._drained.keys()
        return [
            Offer(one.offer_id, agent_id, self._less(agent_id, one.role, one.free))
            for agent_id, one in held.items()
            if agent_id in usable
        ]

    def _less(self, agent_id: str, role: str, free: Resources) -> Resources:
        if not self.executors.is_likely(agent_id, role):
            free = free - self._overhead
        if min(free.cpus, free.mem, free.disk) >= 0.0:
            return free
        return Resources(max(free.cpus, 0.0), max(free.mem, 0.0), max(free.disk, 0.0), free.custom)

    def _node(self, agent: dict[str, Any]) -> Node:
        """What an execution may use of it at the most: all that is one role's but what the executor takes."""
        info = agent["agent_info"]
        entries = agent.get("total_resources") or info.get("resources", ())
        shares = [scalars(one for one in entries if may_use(role, one)) for role in self._roles]
        largest = max(shares, key=lambda share: (share.cpus, share.mem, share.disk))
        return Node(info["id"]["value"], info["hostname"], int(info.get("port", 5051)), largest - self._overhead)
