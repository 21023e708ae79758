"""Scale as a framework of a Mesos cluster: what it does with events, and which calls it makes."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from scale_core.interfaces.engine import (
    EngineEvent,
    EngineListener,
    EngineMemory,
    ExecutionAsked,
    Launch,
    MasterLink,
)
from scale_engine_mesos.acknowledging import Acknowledging
from scale_engine_mesos.calls import Calls
from scale_engine_mesos.cluster import Cluster
from scale_engine_mesos.events import Events
from scale_engine_mesos.launcher import Launcher
from scale_engine_mesos.logs import Logs
from scale_engine_mesos.looks import Looks
from scale_engine_mesos.messages import Executor, execution_id, task_id
from scale_engine_mesos.options import Options
from scale_engine_mesos.tasks import Status, Tasks
from scale_engine_mesos.wire import Said, decode_question, encode_answer, encode_forget

if TYPE_CHECKING:
    from scale_engine_mesos.driver import Driver

log = logging.getLogger(__name__)

FRAMEWORK_ID = "framework-id"
PATIENCE_SECONDS = 30.0
REMOVED = "Mesos has removed the framework, and all that ran of it."


class Framework:
    """Scale in a cluster, from :meth:`start` to :meth:`stop`. May be used by any thread.

    :param now: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        options: Options,
        memory: EngineMemory,
        listener: EngineListener,
        driver_class: "type[Driver]",
        now: Callable[[], float],
        logs: Logs,
    ) -> None:
        self.cluster = Cluster(options.overhead, options.roles)
        self.tasks = Tasks(memory, now, PATIENCE_SECONDS)
        self._memory = memory
        self._listener = listener
        self._logs = logs
        self._now = now
        self._calls = Calls()
        self._driver = driver_class(Events(self), options, memory.get(FRAMEWORK_ID), self._removed, now)
        self._acknowledging = Acknowledging(self._driver.acknowledge)
        self._stopping = threading.Event()
        self._askers: dict[int, tuple[str, str]] = {}
        self._looks = Looks(self._driver, self._calls, self.cluster, self.tasks, listener.offers_changed, now)
        self._launcher = Launcher(
            self._driver, self._calls, self.cluster, self.tasks, Executor(options), self._looks, self._tell
        )

    def start(self) -> None:
        """Look for a master; returns at once."""
        self._calls.start()
        self._acknowledging.start()
        self._driver.start()
        self._looks.start()

    def stop(self, grace_seconds: float) -> None:
        """Cut the link, once all calls are made that were asked for."""
        self._stopping.set()
        self._logs.stop()
        self._calls.stop(grace_seconds)
        self._acknowledging.stop(grace_seconds)
        self._driver.stop()
        self._looks.stop(grace_seconds)

    # What the scheduler asks for.

    def launch(self, launches: Sequence[Launch]) -> None:
        """Launch what there is an offer for; the rest is lost."""
        self._launcher.launch(launches)

    def kill(self, execution_id: int) -> None:
        """Kill a task, if there is one."""
        if self.tasks.kill(execution_id):
            self._kill(execution_id)

    def answer(self, execution_id: int, answer: bytes) -> None:
        """Answer a task that has asked; the message may get lost."""
        asker = self._askers.pop(execution_id, None)
        if asker is not None:
            self._say(*asker, encode_answer(execution_id, answer))

    def reconcile(self, execution_ids: Sequence[int]) -> None:
        """Compare with what should run."""
        for stray in self.tasks.compare(execution_ids):
            log.warning("A task runs that Scale does not know to run: killing it", extra={"execution_id": stray})
        for killed in self.tasks.killed():  # a kill may get lost on its way to an agent
            self._kill(killed)
        self._looks.wake()

    def settle_offers(self, wanted: bool) -> None:
        """Decline what the last look at offers showed and nobody used, and have what it did not show looked at."""
        if self._launcher.settle(wanted):
            self._listener.offers_changed()

    def link(self) -> MasterLink:
        """The link to the master."""
        following = self._driver.following
        host, _, port = (following.asked or "").rpartition(":")
        heard = following.heard
        return MasterLink(
            hostname=host.strip("[]") or None,
            port=int(port) if port else None,
            is_online=following.is_linked,
            heard_seconds_ago=None if heard is None else self._now() - heard,
            offers_held=len(self.cluster.offers),
        )

    def recorded(self, execution_ids: Sequence[int]) -> None:
        """Acknowledge ends."""
        for status in self.tasks.recorded(execution_ids):
            ended = execution_id(status["task_id"]["value"])
            if ended is not None:
                self._logs.when_kept(ended, _bind(self._acknowledging.add, status))

    # What events ask for.

    def subscribed(self, framework_id: str) -> None:
        """The master has us: everything is asked for anew."""
        if self._memory.get(FRAMEWORK_ID) != framework_id:
            self._memory.set(FRAMEWORK_ID, framework_id)
        log.info("Registered with Mesos as framework %s", framework_id)
        self._launcher.subscribed()
        self.tasks.doubt()
        self._calls.send("RECONCILE", lambda: self._driver.reconcile([]))
        for killed in self.tasks.killed():
            self._kill(killed)
        self._looks.look_at_agents()

    def disconnected(self) -> None:
        """The link is cut: there are no offers, and no node can be used."""
        self.cluster.lose_all()
        if not self._stopping.is_set():
            self._listener.offers_changed()

    def offered(self, offers: list[dict[str, Any]]) -> None:
        """Take offers."""
        self.cluster.offers.add(offers)
        if self.cluster.are_all_known(offer["agent_id"]["value"] for offer in offers):
            self._listener.offers_changed()
        else:
            self._looks.look_at_agents()

    def updated(self, status: Status) -> None:
        """Take a status update."""
        outcome = self.tasks.update(status)
        if outcome.said is not None and outcome.said.directory:
            self._note_logs(status, outcome.said)
        if outcome.events:
            self._listener.notify(list(outcome.events))
        if outcome.is_taken:
            self._acknowledging.add(status)
        if outcome.is_unwanted:
            self._calls.send("KILL", lambda: self._driver.killTask(status["task_id"]))
        agent_id = status.get("agent_id", {}).get("value")
        if agent_id and outcome.said is not None and outcome.said.executor:
            self.cluster.executors.told(agent_id, outcome.said.executor)
        elif agent_id and status["state"] == "TASK_ERROR":
            self.cluster.executors.forget(agent_id)

    def asked(self, agent_id: str, executor_id: str, data: str) -> None:
        """Take a question of a task's. What asks does not end by itself: on an agent that is to be maintained it is
        ended, and goes on elsewhere."""
        try:
            number, question = decode_question(data)
        except ValueError as error:
            log.warning("The executor %s on %s: %s", executor_id, agent_id, error)
            return
        if self.cluster.is_drained(agent_id) and self.tasks.kill(number):
            self._kill(number)
        self._askers[number] = (agent_id, executor_id)
        self._tell([ExecutionAsked(number, question)])

    def asked_to_leave(self, inverse_offers: list[dict[str, Any]]) -> None:
        """Agents are to be maintained: nothing more is placed there, and that is agreed to when nothing runs there."""
        running = self.tasks.agents()
        for offer in inverse_offers:
            agent_id = offer.get("agent_id", {}).get("value", "")
            self.cluster.drain(agent_id, offer["id"]["value"])
            answer = self._driver.declineInverseOffer if agent_id in running else self._driver.acceptInverseOffers
            self._calls.send("the answer to an inverse offer", _bind(answer, [offer["id"]]))
        self._listener.offers_changed()

    def asked_to_stay(self, inverse_offer_id: str) -> None:
        """An agent is not to be maintained any more."""
        self.cluster.fill(inverse_offer_id)
        self._listener.offers_changed()

    def agent_lost(self, agent_id: str) -> None:
        """The master has lost an agent; updates tell of its tasks."""
        self.cluster.lose_agent(agent_id)
        self._listener.offers_changed()

    def _removed(self) -> None:
        log.error("%s", REMOVED)
        self._memory.set(FRAMEWORK_ID, None)
        self.cluster.executors.keep(())
        self._tell(self.tasks.lose_all(REMOVED))

    def _note_logs(self, status: Status, said: Said) -> None:
        """Where the logs of an execution are; those of one that has ended are fetched from there."""
        agent_id = status["agent_id"]["value"]
        number = execution_id(status["task_id"]["value"])
        address = self.cluster.address(agent_id)
        if number is None or address is None:
            log.warning("The logs of %s stay on %s, of which no address is known", status["task_id"], agent_id)
        elif said.step:
            self._logs.are_at(number, address, said.directory)
        else:
            kept = _bind(self._forget_logs, agent_id, said.executor, number)
            self._logs.fetch(number, address, said.directory, said.sizes, kept)

    def _forget_logs(self, agent_id: str, executor_id: str, number: int) -> None:
        self._say(agent_id, executor_id, encode_forget([number]))

    def _say(self, agent_id: str, executor_id: str, data: str) -> None:
        executor, agent = {"value": executor_id}, {"value": agent_id}
        self._calls.send("MESSAGE", lambda: self._driver.sendFrameworkMessage(executor, agent, data))

    def _kill(self, execution_id: int) -> None:
        self._calls.send("KILL", lambda: self._driver.killTask({"value": task_id(execution_id)}))

    def _tell(self, events: Sequence[EngineEvent]) -> None:
        if events:
            self._listener.notify(events)


def _bind(function: Callable[..., Any], *given: Any) -> Callable[[], Any]:
    return lambda: function(*given)
