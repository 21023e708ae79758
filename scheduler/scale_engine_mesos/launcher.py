"""Accepting offers with launches, and declining them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from scale_core.interfaces.engine import EngineEvent, ExecutionLost, Launch, Resources
from scale_engine_mesos.calls import Calls
from scale_engine_mesos.cluster import Cluster
from scale_engine_mesos.fitting import fit
from scale_engine_mesos.looks import Looks
from scale_engine_mesos.messages import Executor, task_info
from scale_engine_mesos.offers import Held
from scale_engine_mesos.resources import take
from scale_engine_mesos.tasks import Tasks

if TYPE_CHECKING:
    from scale_engine_mesos.driver import Driver

NO_OFFER = "The offer of its node was gone before it could be launched."
NOT_SENT = "There was no link to the Mesos master when it was to be launched."

SHORT_REFUSAL = 2.0
"""Seconds for which offers are refused while something waits that does not fit."""

LONG_REFUSAL = 3600.0
"""Seconds for which offers are refused while nothing waits; ended when something does."""


class Launcher:
    """Used by the scheduler's thread.

    :param looks: is told to look at tasks of which it is not known whether they were launched.
    :param tell: takes what has become of executions.
    """

    def __init__(
        self,
        driver: "Driver",
        calls: Calls,
        cluster: Cluster,
        tasks: Tasks,
        executor: Executor,
        looks: Looks,
        tell: Callable[[Sequence[EngineEvent]], None],
    ) -> None:
        self._driver, self._calls, self._cluster, self._tasks = driver, calls, cluster, tasks
        self._executor, self._looks, self._tell = executor, looks, tell
        self._is_idle = False

    def launch(self, launches: Sequence[Launch]) -> None:
        """Launch what there is an offer for; the rest is lost."""
        by_agent: dict[str, list[Launch]] = {}
        for launch in launches:
            if not self._tasks.knows(launch.plan.execution_id):
                by_agent.setdefault(launch.agent_id, []).append(launch)
        for agent_id, group in by_agent.items():
            self._launch_on(agent_id, group)

    def settle(self, wanted: bool) -> bool:
        """Decline what the last look at offers showed and nobody used.

        :param wanted: whether something waits.
        :return: whether there are offers that were not shown then, for another role.
        """
        unused = self._cluster.offers.unused(all_roles=not wanted)
        if unused:
            self._decline(unused, SHORT_REFUSAL if wanted else LONG_REFUSAL)
        if wanted and self._is_idle:
            self._calls.send("REVIVE", self._driver.reviveOffers)
        self._is_idle = not wanted and (self._is_idle or bool(unused))
        return self._cluster.offers.has_unseen()

    def subscribed(self) -> None:
        """With a new subscription nothing is refused."""
        self._is_idle = False

    def _launch_on(self, agent_id: str, launches: Sequence[Launch]) -> None:
        held = self._cluster.offers.use(agent_id)
        if held is None:
            self._lose(launches)
            return
        executor, overhead = self._executor_for(agent_id, held)
        fitting, lost = fit(held.free - overhead, launches)
        self._lose(lost)
        if not fitting:
            self._decline(held.offer_ids, 0.0)
            return
        take(held.entries, overhead)
        self._cluster.executors.launched(agent_id, held.role, executor)
        self._accept(agent_id, held, fitting, executor)

    def _executor_for(self, agent_id: str, held: Held) -> tuple[dict[str, Any], Resources]:
        """The executor that gets the tasks, and what it takes where it does not run yet."""
        executors = self._cluster.executors
        known = executors.info(agent_id, held.role)
        if known is not None:
            return known, Resources()
        info = self._executor.info(self._driver.framework_id, held.role, held.entries)
        if executors.runs(agent_id, info["executor_id"]["value"]):
            return info, Resources()
        executors.lacks(agent_id, held.role)
        return info, self._executor.overhead

    def _accept(self, agent_id: str, held: Held, launches: Sequence[Launch], executor: dict[str, Any]) -> None:
        ids = [launch.plan.execution_id for launch in launches]
        self._tasks.launch(ids, agent_id)

        def failed(may_have_arrived: bool) -> None:
            if may_have_arrived:
                self._tasks.doubt()
                self._looks.wake()
            else:
                self._tell(self._tasks.lose(ids, NOT_SENT))

        def accept() -> None:  # made by the thread that sends it: a pass places faster than messages are written
            infos = [task_info(launch.plan, agent_id, held.entries, executor) for launch in launches]
            offers = [{"value": one} for one in held.offer_ids]
            self._driver.launchTasks(offers, infos, {"refuse_seconds": 0.0})

        self._calls.send("ACCEPT", accept, failed)

    def _decline(self, offer_ids: Sequence[str], seconds: float) -> None:
        offers = [{"value": one} for one in offer_ids]
        self._calls.send("DECLINE", lambda: self._driver.declineOffer(offers, {"refuse_seconds": seconds}))

    def _lose(self, launches: Sequence[Launch]) -> None:
        self._tell([ExecutionLost(one.plan.execution_id, NO_OFFER) for one in launches])
