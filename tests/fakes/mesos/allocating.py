"""How a master offers what is free, role by role."""

from typing import TYPE_CHECKING, Any

from fakes.mesos.agent import FakeAgent
from fakes.mesos.amounts import Amounts, for_role, messages, plus
from fakes.mesos.framework import FrameworkRecord, Message, Offer

if TYPE_CHECKING:
    from fakes.mesos.master import FakeMaster

MIN_CPUS, MIN_MEM = 10, 32_000
"""Less than both is not offered, in thousandths."""


def allocate(master: "FakeMaster") -> None:
    """Offer what is free. All that is reserved for nobody on an agent goes to one role."""
    offered = any(record.offers for record in master.frameworks.values())
    for record in master.frameworks.values():
        if record.stream is None:
            continue
        offers = []
        for agent in master.agents.values():
            free = master.free(agent.agent_id) if offered else free_of(agent)
            for role in record.next_roles():
                offer = _offer(master, record, agent, role, for_role(free, role))
                if offer is not None:
                    free = plus(free, offer.resources, -1)
                    offers.append(message_of(master, record, offer))
        if offers:
            record.stream.send("OFFERS", {"offers": offers})


def free_of(agent: FakeAgent) -> Amounts:
    """What of an agent is not used."""
    free = agent.total
    for used in agent.used.values():
        free = plus(free, used, -1)
    return free


def message_of(master: "FakeMaster", record: FrameworkRecord, offer: Offer) -> Message:
    """The ``Offer``."""
    agent = master.agents[offer.agent_id]
    is_multi, is_refined = record.has("MULTI_ROLE"), record.has("RESERVATION_REFINEMENT")
    role: Any = {"allocation_info": {"role": offer.role}} if is_multi else {}
    ports = {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31000, "end": 31100}]}}
    message: Message = {
        "id": {"value": offer.offer_id},
        "framework_id": {"value": record.framework_id},
        "agent_id": {"value": offer.agent_id},
        "hostname": agent.hostname,
        "url": {
            "scheme": "http",
            "address": {"hostname": agent.hostname, "ip": "127.0.0.1", "port": agent.port},
            "path": "/slave(1)",
        },
        "resources": [
            ports | ({} if is_refined else {"role": "*"}) | role,
            *messages(offer.resources, offer.role, allocated=is_multi, refined=is_refined),
        ],
    }
    return {**message, **role}


def _offer(master: "FakeMaster", record: FrameworkRecord, agent: FakeAgent, role: str, free: Amounts) -> Offer | None:
    free = {key: value for key, value in free.items() if value > 0}
    if _sum(free, "cpus") < MIN_CPUS and _sum(free, "mem") < MIN_MEM:
        return None
    if "gpus" in agent.total and not record.has("GPU_RESOURCES"):
        return None
    if role in record.suppressed or record.refuses(agent.agent_id, role, free):
        return None
    offer = Offer(master.next_offer_id(), agent.agent_id, free, role)
    record.offers[offer.offer_id] = offer
    return offer


def _sum(given: Amounts, name: str) -> int:
    return sum(value for key, value in given.items() if key.partition("@")[0] == name)
