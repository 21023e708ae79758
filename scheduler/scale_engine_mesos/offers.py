"""The offers that are held now, by node and by the role that they are made to."""

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scale_core.interfaces.engine import Resources
from scale_engine_mesos.resources import nearest_first, scalars
from scale_engine_mesos.roles import closeness, role_of


@dataclass(slots=True)
class Held:
    """All that is offered of one node to one role: the offers' ids, and the ``Resource`` messages in them."""

    role: str
    offer_ids: list[str]
    entries: list[dict[str, Any]]

    @property
    def free(self) -> Resources:
        """How much it is."""
        return scalars(self.entries)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a pass of placement may use of a node."""

    role: str
    offer_id: str
    free: Resources


@dataclass(frozen=True, slots=True)
class _Offer:
    agent_id: str
    role: str
    entries: Sequence[dict[str, Any]]
    free: Resources
    reserved_cpus: float


class Offers:
    """Offers from when they come until they are used, given back or rescinded. May be used by any thread.

    A task can use what is offered to one role only, so a node shows what it has for one at a time: what is reserved
    before what others might use, then most before least. What was shown is used or given back before the next is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offers: dict[str, _Offer] = {}
        self._by_agent: dict[str, dict[str, set[str]]] = {}
        self._best_of: dict[str, Shown] = {}
        self._shown_role: dict[str, str] = {}
        self._shown: set[str] = set()
        self._there: set[str] = set()

    def __len__(self) -> int:
        return len(self._offers)

    def add(self, offers: Iterable[dict[str, Any]]) -> None:
        """Take ``Offer`` messages."""
        with self._lock:
            for message in offers:
                offer_id, offer = message["id"]["value"], _read(message)
                self._offers[offer_id] = offer
                self._by_agent.setdefault(offer.agent_id, {}).setdefault(offer.role, set()).add(offer_id)
                self._best_of.pop(offer.agent_id, None)

    def rescind(self, offer_id: str) -> None:
        """Forget an offer that holds no more."""
        with self._lock:
            self._drop(offer_id)

    def clear(self) -> None:
        """Forget all: they end with the link."""
        with self._lock:
            for known in (self._offers, self._by_agent, self._best_of, self._shown_role, self._shown, self._there):
                known.clear()

    def show(self) -> dict[str, Shown]:
        """What may be used of each node now; may be taken back by :meth:`unused`."""
        with self._lock:
            for agent_id in self._by_agent.keys() - self._best_of.keys():
                self._best_of[agent_id] = self._best(self._by_agent[agent_id])
            shown = dict(self._best_of)
            self._shown_role = {agent_id: one.role for agent_id, one in shown.items()}
            self._shown = {one for agent_id, role in self._shown_role.items() for one in self._by_agent[agent_id][role]}
            self._there = set(self._offers)
            return shown

    def use(self, agent_id: str) -> Held | None:
        """Take out what was shown of a node; None: it is gone."""
        with self._lock:
            role = self._shown_role.get(agent_id, "")
            ids = sorted(self._by_agent.get(agent_id, {}).get(role, ()))
            if not ids:
                return None
            entries = [dict(entry) for one in ids for entry in self._offers[one].entries]
            for offer_id in ids:
                self._drop(offer_id)
            return Held(role, ids, nearest_first(entries))

    def unused(self, all_roles: bool) -> Sequence[str]:
        """Take out what was shown and is still there; of ``all_roles``: whatever was there then."""
        with self._lock:
            ids = sorted((self._there if all_roles else self._shown) & self._offers.keys())
            for offer_id in ids:
                self._drop(offer_id)
            return ids

    def has_unseen(self) -> bool:
        """Whether a node has something for another role than the one that was shown."""
        with self._lock:
            return not self._offers.keys().isdisjoint(self._there - self._shown)

    def _best(self, by_role: dict[str, set[str]]) -> Shown:
        if len(by_role) > 1:
            role = max(by_role, key=lambda one: (*self._worth(by_role[one]), one))
        else:
            (role,) = by_role
        return Shown(role, min(by_role[role]), self._free(by_role[role]))

    def _worth(self, ids: Collection[str]) -> tuple[float, float, float]:
        free = self._free(ids)
        return sum(self._offers[one].reserved_cpus for one in ids), free.cpus, free.mem

    def _free(self, ids: Collection[str]) -> Resources:
        return sum((self._offers[one].free for one in ids), Resources())

    def _drop(self, offer_id: str) -> None:
        offer = self._offers.pop(offer_id, None)
        if offer is None:
            return
        self._best_of.pop(offer.agent_id, None)
        by_role = self._by_agent[offer.agent_id]
        by_role[offer.role].discard(offer_id)
        if not by_role[offer.role]:
            del by_role[offer.role]
        if not by_role:
            del self._by_agent[offer.agent_id]


def _read(message: dict[str, Any]) -> _Offer:
    entries = message["resources"]
    reserved = [one for one in entries if closeness(one) > 0]
    reserved_cpus = scalars(reserved).cpus if reserved else 0.0
    return _Offer(message["agent_id"]["value"], role_of(message), entries, scalars(entries), reserved_cpus)
