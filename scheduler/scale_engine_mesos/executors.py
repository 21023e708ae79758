"""Where Scale's executors run, as far as is known."""

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

Info = dict[str, Any]


@dataclass(slots=True)
class _OnAgent:
    ids: set[str] = field(default_factory=set)
    infos: dict[str, Info] = field(default_factory=dict)
    lacking: set[str] = field(default_factory=set)


class Executors:
    """One for each role of each agent: Mesos takes an executor's tasks from what is allocated to the executor's role.
    May be used by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._agents: dict[str, _OnAgent] = {}

    def launched(self, agent_id: str, role: str, info: Info) -> None:
        """An executor is there for a role: it is given a task."""
        with self._lock:
            there = self._agents.setdefault(agent_id, _OnAgent())
            there.ids.add(info["executor_id"]["value"])
            there.infos[role] = info
            there.lacking.discard(role)

    def told(self, agent_id: str, executor_id: str) -> None:
        """An executor has told something of a task."""
        with self._lock:
            self._agents.setdefault(agent_id, _OnAgent()).ids.add(executor_id)

    def ended(self, agent_id: str, executor_id: str) -> None:
        """An executor is gone."""
        with self._lock:
            there = self._agents.get(agent_id, _OnAgent())
            there.ids.discard(executor_id)
            there.infos = {
                role: info for role, info in there.infos.items() if info["executor_id"]["value"] != executor_id
            }

    def forget(self, agent_id: str) -> None:
        """What runs on an agent is not known any more."""
        with self._lock:
            self._agents.pop(agent_id, None)

    def keep(self, agent_ids: Collection[str]) -> None:
        """There are no other agents."""
        with self._lock:
            self._agents = {agent_id: there for agent_id, there in self._agents.items() if agent_id in agent_ids}

    def info(self, agent_id: str, role: str) -> Info | None:
        """The ``ExecutorInfo`` of the one that runs there for a role; None: none is known."""
        with self._lock:
            there = self._agents.get(agent_id)
            return None if there is None else there.infos.get(role)

    def is_likely(self, agent_id: str, role: str) -> bool:
        """Whether one runs there for a role. After a start of Scale only their ids are known, not their roles: then it
        is taken for granted until :meth:`lacks` says otherwise."""
        with self._lock:
            there = self._agents.get(agent_id)
            return there is not None and (role in there.infos or (bool(there.ids) and role not in there.lacking))

    def lacks(self, agent_id: str, role: str) -> None:
        """None runs there for a role."""
        with self._lock:
            self._agents.setdefault(agent_id, _OnAgent()).lacking.add(role)

    def runs(self, agent_id: str, executor_id: str) -> bool:
        """Whether that one runs there."""
        with self._lock:
            there = self._agents.get(agent_id)
            return there is not None and executor_id in there.ids
