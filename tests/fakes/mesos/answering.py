"""What a master does with calls of a framework that is subscribed."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fakes.mesos.framework import FrameworkRecord, Message
from fakes.mesos.launching import accept
from fakes.mesos.reconciling import reconcile, tell_unknown

if TYPE_CHECKING:
    from fakes.mesos.master import FakeMaster

REFUSE_SECONDS = 5.0
"""How long what is declined without a filter is not offered."""


def _accept(master: "FakeMaster", record: FrameworkRecord, call: Message) -> None:
    accept(master, record, call["accept"])


def _decline(master: "FakeMaster", record: FrameworkRecord, call: Message) -> None:
    seconds = call["decline"].get("filters", {}).get("refuse_seconds", REFUSE_SECONDS)
    for one in call["decline"].get("offer_ids", []):
        offer = record.offers.pop(one["value"], None)
        if offer is not None:
            record.refuse(offer, offer.resources, seconds)


def _accept_inverse_offers(master: "FakeMaster", record: FrameworkRecord, call: Message) -> None:
    """Nothing follows but what operators see."""


def _revive(master: "FakeMaster", record: FrameworkRecord, call: Message) -> None:
    roles = set(record.named_roles(call))
    record.filters = {key: one for key, one in record.filters.items() if key[1] not in roles}
    record.suppressed -= roles
    master.allocate()


def _suppress(master: "FakeMaster", record: FrameworkRecord, call: Message) -> None:
    record.suppressed.update(record.named_roles(call))


def _kill(master: "FakeMaster", record: FrameworkRecord, call: Message) -> None:
    task_id = call["kill"]["task_id"]["value"]
    task = record.tasks.get(task_id)
    if task is None or task.agent_id not in master.agents:
        tell_unknown(record, task_id, "TASK_UNKNOWN")
        return
    master.agents[task.agent_id].kill(record.framework_id, task_id)


def _acknowledge(master: "FakeMaster", record: FrameworkRecord, call: Message) -> None:
    about = call["acknowledge"]
    agent = master.agents.get(about["agent_id"]["value"])
    task = record.tasks.get(about["task_id"]["value"])
    if agent is None:
        return
    agent.acknowledge(record.framework_id, about["task_id"]["value"], about["uuid"])
    if task is not None and (record.framework_id, task.task_id) not in agent.tasks:
        del record.tasks[task.task_id]


def _message(master: "FakeMaster", record: FrameworkRecord, call: Message) -> None:
    """Passed on if it can be; nobody is told if not."""
    about = call["message"]
    agent = master.agents.get(about["agent_id"]["value"])
    if agent is not None:
        agent.message(record.framework_id, about["executor_id"]["value"], about["data"])


def _teardown(master: "FakeMaster", record: FrameworkRecord, call: Message) -> None:
    master.remove(record)


ANSWERS: Mapping[str, Callable[["FakeMaster", FrameworkRecord, Message], None]] = {
    "ACCEPT": _accept,
    "DECLINE": _decline,
    "ACCEPT_INVERSE_OFFERS": _accept_inverse_offers,
    "DECLINE_INVERSE_OFFERS": _accept_inverse_offers,
    "REVIVE": _revive,
    "SUPPRESS": _suppress,
    "KILL": _kill,
    "ACKNOWLEDGE": _acknowledge,
    "RECONCILE": reconcile,
    "MESSAGE": _message,
    "TEARDOWN": _teardown,
}
