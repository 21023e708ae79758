"""What pymesos calls, by one thread, with each event."""

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scale_engine_mesos.framework import Framework

log = logging.getLogger(__name__)

Message = dict[str, Any]


class Events:
    """The methods of ``pymesos.Scheduler``; their names are pymesos'."""

    def __init__(self, framework: "Framework") -> None:
        self._framework = framework

    def registered(self, driver: Any, framework_id: Message, master: Message) -> None:
        """The master has taken us in."""
        self._framework.subscribed(framework_id["value"])

    def reregistered(self, driver: Any, master: Message) -> None:
        """The same, with the id that we had."""
        self._framework.subscribed(driver.framework_id)

    def disconnected(self, driver: Any) -> None:
        """The link is cut."""
        self._framework.disconnected()

    def processHeartBeat(self, driver: Any) -> None:
        """The link holds."""

    def resourceOffers(self, driver: Any, offers: list[Message]) -> None:
        """Offers."""
        self._framework.offered(offers)

    def offerRescinded(self, driver: Any, offer_id: Message) -> None:
        """An offer holds no more."""
        self._framework.cluster.offers.rescind(offer_id["value"])

    def inverseOffers(self, driver: Any, offers: list[Message]) -> None:
        """Agents are to be maintained."""
        self._framework.asked_to_leave(offers)

    def inverseOfferRescinded(self, driver: Any, offer_id: Message) -> None:
        """An agent stays after all."""
        self._framework.asked_to_stay(offer_id["value"])

    def statusUpdate(self, driver: Any, status: Message) -> None:
        """The state of a task."""
        self._framework.updated(status)

    def operationStatusUpdate(self, driver: Any, status: Message) -> None:
        """Of operations that are not used."""

    def frameworkMessage(self, driver: Any, executor_id: Message, agent_id: Message, data: str) -> None:
        """What an execution asks."""
        self._framework.asked(agent_id["value"], executor_id["value"], data)

    def slaveLost(self, driver: Any, agent_id: Message) -> None:
        """The master has lost an agent."""
        self._framework.agent_lost(agent_id["value"])

    def executorLost(self, driver: Any, executor_id: Message, agent_id: Message, status: int) -> None:
        """Scale's executor has ended on an agent; updates tell of its tasks."""
        level = logging.INFO if status == 0 else logging.WARNING  # 0: it had nothing to do
        log.log(level, "Scale's executor on %s has ended with the wait status %d", agent_id["value"], status)
        self._framework.cluster.executors.ended(agent_id["value"], executor_id["value"])
